package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"testing/fstest"
)

func part(paths, schemas string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(`{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":` + paths +
		`,"components":{"schemas":` + schemas + `},"tags":[{"name":"T"}]}`)}
}

func TestMergeJoinsPartsInOneStableDocument(t *testing.T) {
	fsys := fstest.MapFS{
		"v1/b.openapi.json": part(`{"/v1/x":{"post":{"operationId":"B"}}}`, `{"S":{"type":"string"},"B":{"maximum":18446744073709551615}}`),
		"v1/a.openapi.json": part(`{"/v1/x":{"get":{"operationId":"A"}}}`, `{"S":{"type":"string"}}`),
		"v1/readme.txt":     {Data: []byte("not a part")},
	}
	one, err := merge(fsys)
	if err != nil {
		t.Fatal(err)
	}
	two, err := merge(fsys)
	if err != nil || !bytes.Equal(one, two) {
		t.Fatalf("second merge differs (err %v)", err)
	}
	if !bytes.Contains(one, []byte("18446744073709551615")) {
		t.Error("a 64-bit number lost digits")
	}
	var doc struct {
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]any }
		Tags       []any
	}
	if err := json.Unmarshal(one, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Paths["/v1/x"]) != 2 || len(doc.Components.Schemas) != 2 || len(doc.Tags) != 1 {
		t.Errorf("got %d methods, %d schemas, %d tags; want 2, 2, 1",
			len(doc.Paths["/v1/x"]), len(doc.Components.Schemas), len(doc.Tags))
	}
}

func TestMergeRefusesWhatItWouldLose(t *testing.T) {
	var conflict *conflictError
	_, err := merge(fstest.MapFS{
		"a.openapi.json": part(`{}`, `{"S":{"type":"string"}}`),
		"b.openapi.json": part(`{}`, `{"S":{"type":"integer"}}`),
	})
	if !errors.As(err, &conflict) || conflict.key != "S" || conflict.file != "b.openapi.json" {
		t.Errorf("two meanings of one schema: got %v", err)
	}
	if _, err := merge(fstest.MapFS{"x.txt": {}}); !errors.Is(err, errNoParts) {
		t.Errorf("no parts: got %v", err)
	}
	unknown := &fstest.MapFile{Data: []byte(`{"openapi":"3.1.0","info":{},"paths":{},"webhooks":{}}`)}
	if _, err := merge(fstest.MapFS{"a.openapi.json": unknown}); err == nil {
		t.Error("an unknown member was dropped without a word")
	}
	old := &fstest.MapFile{Data: []byte(`{"openapi":"3.0.0","info":{},"paths":{}}`)}
	if _, err := merge(fstest.MapFS{"a.openapi.json": old}); err == nil {
		t.Error("another OpenAPI version was taken")
	}
}
