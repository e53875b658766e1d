package demo

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlot/survey"
)

// divisible says whether an ID number's weighted sum is divisible by ten: docs/FORMATS.md section 7, in its own words.
func divisible(id string) bool {
	numbers := map[byte]int{'A': 10, 'B': 11, 'C': 12, 'D': 13, 'E': 14, 'F': 15, 'G': 16, 'H': 17, 'I': 34, 'J': 18, 'K': 19, 'L': 20, 'M': 21,
		'N': 22, 'O': 35, 'P': 23, 'Q': 24, 'R': 25, 'S': 26, 'T': 27, 'U': 28, 'V': 29, 'W': 32, 'X': 30, 'Y': 31, 'Z': 33}
	digits := []int{numbers[id[0]] / 10, numbers[id[0]] % 10}
	for i := 1; i < len(id); i++ {
		if n, ok := numbers[id[i]]; ok {
			digits = append(digits, n%10)
		} else {
			digits = append(digits, int(id[i]-'0'))
		}
	}
	sum := 0
	for i, w := range []int{1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1} {
		sum += digits[i] * w
	}
	return len(digits) == 11 && sum%10 == 0
}

func TestIDNumbers(t *testing.T) {
	if !divisible("A123456789") || divisible("A123456788") {
		t.Fatal("the test's own arithmetic is wrong")
	}
	g, again := newRegistry(), newRegistry()
	seen, forms := map[string]bool{}, map[string]int{}
	for range 2000 {
		p, same := g.next(), again.next()
		if p != same {
			t.Fatalf("person %d differs from one making to the next", g.made)
		}
		if !divisible(p.idNumber) || divisible(slip(p.idNumber)) {
			t.Fatalf("ID number of person %d: its check digit, or the slip in it, is wrong", g.made)
		}
		for _, v := range []string{p.idNumber, p.email, p.phone, p.address, p.card} {
			if seen[v] {
				t.Fatalf("person %d shares a value with another", g.made)
			}
			seen[v] = true
		}
		if _, _, err := p.texts(); err != nil {
			t.Fatal(err)
		}
		switch c := p.idNumber[1]; {
		case c == '1' || c == '2':
			forms["citizen"]++
		case c == '8' || c == '9':
			forms["resident"]++
		default:
			forms["old resident"]++
		}
	}
	if forms["citizen"] == 0 || forms["resident"] == 0 || forms["old resident"] == 0 {
		t.Errorf("forms made: %v, want all three", forms)
	}
	if p := canary(); !divisible(p.idNumber) {
		t.Error("the canary's ID number has a wrong check digit")
	}
}

func TestSurveys(t *testing.T) {
	rng := newRegistry().rng
	for name, s := range map[string]struct {
		text    string
		types   int
		respond func() string
	}{
		"large": {surveyText, 8, func() string { return respond(rng) }},
		"small": {shortSurveyText, 2, func() string { return respondShort(rng) }},
	} {
		def, err := survey.Parse([]byte(s.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n := strings.Count(s.text, `"type":`); n != s.types {
			t.Errorf("%s: %d questions, want %d", name, n, s.types)
		}
		for range 300 {
			text := s.respond()
			if _, v := def.Check([]byte(text)); v != nil {
				t.Fatalf("%s: %s: %v", name, text, v)
			}
		}
	}
}

func TestTakeFolder(t *testing.T) {
	other := t.TempDir()
	precious := filepath.Join(other, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if release, err := takeFolder(other); err == nil {
		release()
		t.Error("a folder with something else in it was taken")
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("something in a refused folder is gone: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if release, err := takeFolder(link); err == nil {
		release()
		t.Error("a link was taken")
	}

	own := filepath.Join(t.TempDir(), "a", "demo")
	release, err := takeFolder(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(own, "old", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if second, err := takeFolder(own); err == nil {
		second()
		t.Error("a folder in use was taken")
	}
	if _, err := os.Stat(filepath.Join(own, "old")); err != nil {
		t.Error("a folder in use was emptied")
	}
	release()
	if release, err = takeFolder(own); err != nil {
		t.Fatal(err)
	}
	defer release()
	left, err := os.ReadDir(own)
	if err != nil || len(left) != 1 || left[0].Name() != markerName {
		t.Errorf("taken again, the folder holds %v (%v), want the marker alone", left, err)
	}
}

func TestPortTaken(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	dir := filepath.Join(t.TempDir(), "demo")
	c := Cmd{Dir: dir, GRPC: lis.Addr().String(), HTTP: "127.0.0.1:0", Entries: 500, Exit: true}
	if err := c.Run(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "--grpc") {
		t.Errorf("a taken port: %v, want an error that names the flag", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("with a port taken, a folder was made")
	}
}

func TestFinder(t *testing.T) {
	f := newFinder()
	for _, form := range forms("王小明的祕密") {
		f.add(form)
	}
	sum := sha256.Sum256([]byte("王小明的祕密"))
	for name, b := range map[string]string{
		"raw": "xx王小明的祕密yy", "hex": "0" + hex.EncodeToString([]byte("王小明的祕密")), "hash": "a" + string(sum[:]) + "b",
		"base64 0": base64.StdEncoding.EncodeToString([]byte("王小明的祕密!")), "base64 1": base64.StdEncoding.EncodeToString([]byte("x王小明的祕密!")),
		"base64 2": base64.StdEncoding.EncodeToString([]byte("xy王小明的祕密!!")), "escaped": "q=%E7%8E%8B%E5%B0%8F%E6%98%8E%E7%9A%84%E7%A5%95%E5%AF%86",
	} {
		if f.count([]byte(b)) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
	if n := f.count([]byte("王小明的秘密, 王小明")); n != 0 {
		t.Errorf("found %d where it is not", n)
	}
}

func TestOpenNote(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k := append([]byte{1}, public...)
	const name, text = "demo.example/fairlot/receipt", "fairlot/v1 receipt\nopen 00\n"
	hash := sha256.Sum256(append([]byte(name+"\n"), k...))
	vkey := fmt.Sprintf("%s+%x+%s", name, hash[:4], base64.StdEncoding.EncodeToString(k))
	sig := append(hash[:4:4], ed25519.Sign(private, []byte(text))...)
	note := text + "\n— " + name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
	if got, err := openNote(vkey, note); err != nil || got != text {
		t.Errorf("a true note: %q, %v", got, err)
	}
	for what, bad := range map[string]string{
		"another text": strings.Replace(note, "00", "01", 1), "two signatures": note + "— x AAAA\n", "no signature": text, "empty": "",
	} {
		if _, err := openNote(vkey, bad); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, line := range wrap("一二三 "+strings.Repeat("word ", 60), 40) {
		if columns(line) > 40 {
			t.Errorf("%q is wider than 40 columns", line)
		}
	}
	if got := cut("圖書館使用調查", 7); columns(got) > 7 || !strings.HasSuffix(got, "…") {
		t.Errorf("cut to 7 columns: %q", got)
	}
	long := shown("fairlot", []string{"notify", "--from", "A very long name of a library <a@example.org>", "--yes"})
	if got := strings.Join(commandLines(long, 30), "\n"); got != "fairlot notify\n--from 'A very long name of a library <a@example.org>'\n--yes" {
		t.Errorf("a command in lines: %q", got)
	}
	if got := shown("fairlot", []string{"notify", "--from", "Demo Library <a@example.org>"}); got != "fairlot notify --from 'Demo Library <a@example.org>'" {
		t.Errorf("shown: %s", got)
	}
}

func TestCatcherKeepsALetterToRead(t *testing.T) {
	c := &catcher{dir: t.TempDir()}
	s := &session{catcher: c, to: []string{"reader@example.org"}}
	raw := "From: =?utf-8?q?Stadtb=C3=BCcherei?= <library@example.org>\r\nSubject: =?utf-8?b?5oGt5Zac?=\r\nMessage-Id: <1@example.org>\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E6=81=AD=E5=96=9C, you won.\r\n"
	if err := s.Data(strings.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(c.dir, "01.eml")); err != nil || string(b) != raw {
		t.Errorf("as delivered: %q, %v", b, err)
	}
	want := "From: Stadtbücherei <library@example.org>\nTo: reader@example.org\nSubject: 恭喜\nMessage-ID: <1@example.org>\n\n恭喜, you won.\n"
	if b, err := os.ReadFile(filepath.Join(c.dir, "01.txt")); err != nil || string(b) != want {
		t.Errorf("to be read: %q, %v", b, err)
	}
	if err := s.Data(strings.NewReader("no mail")); err == nil {
		t.Error("what is no mail was taken")
	}
}

func TestAddressed(t *testing.T) {
	for args, want := range map[string]string{
		"campaign close x":                 "--server 127.0.0.1:1 --site http://127.0.0.1:2 campaign close x",
		"--token-file f approve x":         "--server 127.0.0.1:1 --site http://127.0.0.1:2 --token-file f approve x",
		"--token-file f release prepare x": "--server 127.0.0.1:1 --site http://127.0.0.1:2 --token-file f release prepare x",
		"campaign list":                    "--server 127.0.0.1:1 campaign list",
		"verify x.tar":                     "verify x.tar", "keys check": "keys check", "release share": "release share",
	} {
		s := &story{Cmd: &Cmd{GRPC: "127.0.0.1:1", HTTP: "127.0.0.1:2"}}
		if got := strings.Join(s.addressed(strings.Fields(args)), " "); got != want {
			t.Errorf("%s: %s", args, got)
		}
		s = &story{Cmd: &Cmd{GRPC: usualGRPC, HTTP: usualHTTP}}
		if got := strings.Join(s.addressed(strings.Fields(args)), " "); got != args {
			t.Errorf("%s, at the usual addresses: %s", args, got)
		}
	}
}
