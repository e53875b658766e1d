package release

import (
	"encoding/json"
	"testing"
)

// TestObject: what two readers could read otherwise is refused.
func TestObject(t *testing.T) {
	t.Parallel()
	type part struct {
		Slug string `json:"slug"`
	}
	type object struct {
		Format string `json:"format"`
		part
		Response json.RawMessage `json:"response"`
	}
	var got object
	if err := Object([]byte(` {"slug": "a", "format": "x", "response": {"b": 1}} `), &got); err != nil || got.Slug != "a" || string(got.Response) != `{"b": 1}` {
		t.Errorf("%+v, %v", got, err)
	}
	if err := Object([]byte(`{"format": "x"}`), &object{}); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"a key twice": `{"format": "x", "response": 1, "response": 2}`, "in another case": `{"format": "x", "Response": 2}`, "twice, in two cases": `{"format": "x", "FORMAT": "y"}`,
		"an unknown key": `{"format": "x", "more": 1}`, "something behind it": `{"format": "x"} {}`, "no object": `[]`, "nothing": ``, "null": `null`, "cut short": `{"format": "x"`, "escaped twice": `{"format": "x", "form\u0061t": "y"}`,
	} {
		if err := Object([]byte(text), &object{}); err == nil {
			t.Errorf("%s is read: %s", name, text)
		}
	}
}
