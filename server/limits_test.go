package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestTextLimits fills every text of an entry exactly to its limit, and one byte further.
func TestTextLimits(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("limits"))
	mail := func(n int) string { return strings.Repeat("a", n-len("@canary.example")) + "@canary.example" }
	for path, limit := range map[string]struct {
		fits, over []string
	}{
		"identity.name": {
			[]string{strings.Repeat("a", 200), strings.Repeat("王", 66) + "ab", strings.Repeat("é", 100), strings.Repeat("e\u0301", 66), strings.Repeat("😀", 50), "  " + strings.Repeat("a", 198)},
			[]string{strings.Repeat("a", 201), strings.Repeat("王", 67), strings.Repeat("é", 100) + "a", strings.Repeat("😀", 50) + "a"},
		},
		"identity.guardian": {[]string{strings.Repeat("b", 200)}, []string{strings.Repeat("b", 201)}},
		"contact.address":   {[]string{strings.Repeat("臺", 66) + "12"}, []string{strings.Repeat("臺", 66) + "123"}},
		"contact.email":     {[]string{mail(200)}, []string{mail(201)}},
		"contact.phone":     {[]string{strings.Repeat(" 1", 20), "123456"}, []string{strings.Repeat(" 1", 20) + " ", "12345", "123456789012345678901"}},
		"identity.birth":    {[]string{"1900-01-01"}, []string{"1899-12-31", "1900-01-011", "1900-1-1"}},
	} {
		t.Run(path, func(t *testing.T) {
			for _, v := range limit.fits {
				if e := d.entry(t, c, d.tokens(t, c, 1)[0]).set(path, v); !t.Failed() {
					d.enter(t, e)
				}
			}
			for _, v := range limit.over {
				d.refused(t, d.entry(t, c, d.tokens(t, c, 1)[0]).set(path, v), invalidAt(engine.FieldInvalid, path))
			}
		})
	}
	t.Run("a composed name that grows", func(t *testing.T) {
		// U+0958 is 3 bytes and its canonical form is two code points of 6 bytes.
		e := d.entry(t, c, d.tokens(t, c, 1)[0]).set("identity.name", strings.Repeat("\u0958", 66))
		d.refused(t, e, invalidAt(engine.FieldInvalid, "identity.name"))
	})
	t.Run("response", func(t *testing.T) {
		body := `{"often":"weekly","wish":"x"}`
		e := d.entry(t, c, d.tokens(t, c, 1)[0]).set("responseJson", body+strings.Repeat(" ", 32<<10-len(body)))
		d.enter(t, e)
		e = d.entry(t, c, d.tokens(t, c, 1)[0]).set("responseJson", body+strings.Repeat(" ", 32<<10+1-len(body)))
		d.refused(t, e, invalidAt(engine.FieldInvalid, "response_json"))
		d.enter(t, d.entry(t, c, d.tokens(t, c, 1)[0]).set("responseJson", `{"often":"weekly","wish":"`+strings.Repeat("😀", 100)+`"}`)) // 200 as a browser counts
		d.refused(t, d.entry(t, c, d.tokens(t, c, 1)[0]).set("responseJson", `{"often":"weekly","wish":"`+strings.Repeat("😀", 101)+`"}`), invalidAt(engine.ResponseInvalid, "response_json.wish"))
	})
}

// TestNames enters people as they are called, and refuses what cannot be printed.
func TestNames(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("names"))
	for _, name := range []string{"王小明", "𠮷野家", "𪚥", "Zoë O’Connor-Núñez", "Mary  Ann", "محمد", "Ива́н", "สมชาย", "🎉 王 👨🏽 🇹🇼", "A·B・C", "Nguyễn Văn A", "ﾊﾝｶｸ", "ᄒ\u1161\u11ab", "-", "a\tb"} {
		t.Run(name, func(t *testing.T) {
			d.enter(t, d.entry(t, c, d.tokens(t, c, 1)[0]).set("identity.name", name))
		})
	}
	for name, bad := range map[string]string{
		"NUL": "a\x00b", "escape": "a\x1bb", "delete": "a\x7fb", "next line": "a\u0085b", "line separator": "a\u2028b", "line feed": "a\nb", "carriage return": "a\rb",
		"right-to-left override": "a\u202eb", "isolate": "a\u2066b", "left-to-right mark": "a\u200eb", "zero width space": "a\u200bb", "word joiner": "a\u2060b",
		"byte order mark": "\ufeffa", "soft hyphen": "a\u00adb", "unassigned": "a\u0378b", "unassigned plane": "a\U000e0080b", "non-character": "a\uffffb", "private use": "a\ue000b",
		"tag": "a\U000e0041b", "interlinear": "a\ufff9b", "new in Unicode 15": "a\U00011F00b",
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"identity.name", "identity.guardian", "contact.address"} {
				d.refused(t, d.entry(t, c, d.tokens(t, c, 1)[0]).set(path, bad+" Qname"), invalidAt(engine.FieldInvalid, path))
			}
		})
	}
}

// TestOpenAPI reads what the door says of itself: exactly the public's paths.
func TestOpenAPI(t *testing.T) {
	d := open(t)
	resp, body := d.do(t, "GET", "/openapi.json", nil, nil)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatal(resp.Status, resp.Header)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]json.RawMessage
	}
	must(t, json.Unmarshal(body, &doc))
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %q", doc.OpenAPI)
	}
	var have, want []string
	for path, item := range doc.Paths {
		for verb := range item {
			if slices.Contains([]string{"get", "put", "post", "delete", "patch", "head", "options", "trace"}, verb) {
				have = append(have, verb+" "+canonicalPath(path))
			}
		}
	}
	for name, m := range methods(t) {
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		if !slices.Contains(rolesOf(m), fairlotv1.Role_ROLE_PUBLIC) {
			continue
		}
		switch {
		case rule.GetGet() != "":
			want = append(want, "get "+canonicalPath(rule.GetGet()))
		case rule.GetPost() != "":
			want = append(want, "post "+canonicalPath(rule.GetPost()))
		default:
			t.Errorf("%s has no path", name)
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("paths\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// canonicalPath writes {name=campaigns/*} and campaigns/{campaign} alike.
func canonicalPath(path string) string {
	for {
		from, to := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		if from < 0 {
			return path
		}
		inner := "*"
		if _, pattern, ok := strings.Cut(path[from+1:to], "="); ok {
			inner = pattern
		}
		path = path[:from] + inner + path[to+1:]
	}
}
