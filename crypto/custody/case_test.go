package custody

import (
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
)

// TestCaseVectors compares with what spec/cases.py says, and alters every line.
func TestCaseVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for part := range strings.SplitSeq(strings.TrimSpace(string(file)), "\n\n") {
		v := map[string]string{}
		for line := range strings.Lines(part) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			v[key] = value
		}
		text, err := hex.DecodeString(v["text"])
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseCase(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		n++
		mark := c.Mark()
		if hex.EncodeToString(mark[:]) != v["mark"] || string(c.Purpose()) != v["purpose"] {
			t.Errorf("mark %x of purpose %s, want %s of %s", mark, c.Purpose(), v["mark"], v["purpose"])
		}
		var salt [16]byte
		hex.Decode(salt[:], []byte(v["salt"]))
		var ids [][16]byte
		for x := range strings.SplitSeq(strings.Trim(v["ids"], "-"), ",") {
			var id [16]byte
			if k, err := hex.Decode(id[:], []byte(x)); err == nil && k == 16 {
				ids = append(ids, id)
			}
		}
		if err := c.Names(salt, ids); err != nil {
			t.Errorf("its own entrants: %v", err)
		}
		if err := c.Names(salt, append(ids, [16]byte{1})); !errors.Is(err, ErrCaseEntrants) {
			t.Errorf("one entrant more: %v", err)
		}
		if len(ids) > 0 {
			swapped := append([][16]byte{}, ids...)
			swapped[0][3] ^= 1
			if err := c.Names(salt, swapped); !errors.Is(err, ErrCaseEntrants) {
				t.Errorf("another entrant: %v", err)
			}
			salt[0] ^= 1
			if err := c.Names(salt, ids); !errors.Is(err, ErrCaseEntrants) {
				t.Errorf("another salt: %v", err)
			}
		}
		lines := strings.SplitAfter(string(text), "\n")
		for i := range lines[:len(lines)-1] {
			cut := strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), "")
			twice := strings.Join(append(append([]string{}, lines[:i+1]...), lines[i:]...), "")
			for _, other := range []string{cut, twice} {
				if o, err := ParseCase([]byte(other)); err == nil && o.Mark() == mark {
					t.Errorf("line %d removed or doubled gives the same mark", i+1)
				}
			}
			if _, err := ParseCase([]byte(twice)); !errors.Is(err, ErrCase) {
				t.Errorf("line %q twice was taken", lines[i])
			}
		}
	}
	if n != 5 {
		t.Errorf("%d vectors", n)
	}
	for _, bad := range []string{"", "fairlot/v1 approval\nkind case\n", strings.Repeat("a", 5000)} {
		if _, err := ParseCase([]byte(bad)); !errors.Is(err, ErrCase) {
			t.Errorf("%q was taken: %v", bad, err)
		}
	}
}
