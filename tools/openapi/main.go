// Command openapi merges the OpenAPI documents that protoc-gen-openapiv3 writes,
// one a proto file, into the one document the daemon serves.
//
//	go run ./tools/openapi PARTS OUT
//
// PARTS is searched for *.openapi.json; OUT is replaced. Two parts may name the
// same path, schema or tag only if they say the same about it: a difference ends
// the command with status 1 and leaves OUT as it was. The output is
// deterministic: keys in byte order, tags by name, two spaces, a final newline.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
)

const description = "The doors of a Fairlot installation that the public and members may use: " +
	"read a campaign and its notice, answer, enter, check a receipt, read results. " +
	"Staff use gRPC. Errors are google.rpc.Status in JSON; clients act on the reason of its ErrorInfo."

// errNoParts is returned when the folder holds no document: a contract without
// any REST path is a mistake, not an empty site.
var errNoParts = errors.New("no *.openapi.json found")

// conflictError says that two parts disagree about one element.
type conflictError struct {
	where string // where in the document, such as "components.schemas"
	key   string // the key both define
	file  string // the part that came second
}

func (e *conflictError) Error() string {
	return fmt.Sprintf("%s: %s %q differs from an earlier part", e.file, e.where, e.key)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: openapi PARTS OUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(parts, out string) error {
	doc, err := merge(os.DirFS(parts))
	if err != nil {
		return fmt.Errorf("merge %s: %w", parts, err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(out, doc, 0o644)
}

// merge reads every part below fsys in path order and returns the document.
func merge(fsys fs.FS) ([]byte, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".openapi.json") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errNoParts
	}
	paths := map[string]any{}
	schemas := map[string]any{}
	tags := map[string]any{}
	for _, name := range names {
		if err := addPart(fsys, name, paths, schemas, tags); err != nil {
			return nil, err
		}
	}
	var tagNames []string
	for name := range tags {
		tagNames = append(tagNames, name)
	}
	sort.Strings(tagNames)
	tagList := make([]any, 0, len(tagNames))
	for _, name := range tagNames {
		tagList = append(tagList, tags[name])
	}
	doc := map[string]any{
		"openapi":    "3.1.0",
		"info":       map[string]any{"title": "Fairlot", "version": "v1", "description": description},
		"paths":      paths,
		"components": map[string]any{"schemas": schemas},
		"tags":       tagList,
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func addPart(fsys fs.FS, name string, paths, schemas, tags map[string]any) error {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	var part struct {
		OpenAPI    string                    `json:"openapi"`
		Info       map[string]any            `json:"info"`
		Paths      map[string]map[string]any `json:"paths"`
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
		Tags []map[string]any `json:"tags"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	// A member this program does not know would be lost in silence.
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(&part); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if part.OpenAPI != "3.1.0" {
		return fmt.Errorf("%s: openapi version %q, want 3.1.0", name, part.OpenAPI)
	}
	for path, methods := range part.Paths {
		item, _ := paths[path].(map[string]any)
		if item == nil {
			item = map[string]any{}
			paths[path] = item
		}
		for method, op := range methods {
			if err := add(item, method, op, "paths."+path, name); err != nil {
				return err
			}
		}
	}
	for key, schema := range part.Components.Schemas {
		if err := add(schemas, key, schema, "components.schemas", name); err != nil {
			return err
		}
	}
	for _, tag := range part.Tags {
		key, _ := tag["name"].(string)
		if err := add(tags, key, any(tag), "tags", name); err != nil {
			return err
		}
	}
	return nil
}

func add(into map[string]any, key string, value any, where, file string) error {
	if old, ok := into[key]; ok && !reflect.DeepEqual(old, value) {
		return &conflictError{where: where, key: key, file: file}
	}
	into[key] = value
	return nil
}
