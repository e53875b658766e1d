package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Object reads one JSON object into a struct, and nothing that another reader could read otherwise: no key that the struct does not have letter by letter, none twice
// (encoding/json takes the last, and any case), nothing behind it. What is inside of its values is theirs to judge.
func Object(b []byte, into any) error {
	strict := json.NewDecoder(bytes.NewReader(b))
	strict.DisallowUnknownFields()
	if err := strict.Decode(into); err != nil {
		return err
	}
	if _, err := strict.Token(); err != io.EOF {
		return errors.New("something stands behind the object")
	}
	written, err := json.Marshal(reflect.New(reflect.TypeOf(into).Elem()).Interface())
	if err != nil {
		return err
	}
	var known map[string]json.RawMessage
	if err := json.Unmarshal(written, &known); err != nil {
		return err
	}
	keys := json.NewDecoder(bytes.NewReader(b))
	if first, err := keys.Token(); err != nil || first != json.Delim('{') {
		return errors.New("it is no object")
	}
	for keys.More() {
		key, err := keys.Token()
		if err != nil {
			return err
		}
		name := key.(string) // of an object that decoded
		if _, there := known[name]; !there {
			return fmt.Errorf("the key %q is unknown, or stands there twice", name)
		}
		delete(known, name)
		var value json.RawMessage
		if err := keys.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}
