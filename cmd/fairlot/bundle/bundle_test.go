package bundle_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/scene"
	"fairlot/crypto/custody"
	"fairlot/draw"
	"fairlot/verify"
)

func made(t *testing.T) (*scene.Scene, []byte) {
	t.Helper()
	k, err := custodian.New("a.example")
	if err != nil {
		t.Fatal(err)
	}
	n, err := custody.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scene.Make([]draw.Custodian{{Recipient: k.Age.Recipient(), VKey: k.Cosigner.VKey().String()}}, 1, []string{n.Recipient()}, scene.People(3), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Draw(); err != nil {
		t.Fatal(err)
	}
	b, err := s.Tar()
	if err != nil {
		t.Fatal(err)
	}
	return s, b
}

func TestOpenFromAnAddress(t *testing.T) {
	s, b := made(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good.tar":
			w.Write(b)
		case "/page":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write([]byte("<html>"))
		case "/cut.tar":
			w.Write(b[:len(b)/2])
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	told := int64(0)
	f, err := bundle.Open(context.Background(), server.URL+"/good.tar", func(done, total int64) { told = done })
	if err != nil {
		t.Fatal(err)
	}
	if told != int64(len(b)) {
		t.Errorf("told of %d bytes of %d", told, len(b))
	}
	c, err := f.Check(verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Outcome.OpenHash.String() != s.OpenHash() || c.Titles.Campaign["en"] != "Autumn draw" || bundle.In("fr", c.Titles.Tier[[2]int{1, 1}]) != "電子閱讀器" {
		t.Errorf("titles %+v", c.Titles)
	}
	for _, e := range s.Entrants {
		if leaf, ok, err := c.Leaf(1, e.Leaf.ID); err != nil || !ok || leaf != e.Leaf {
			t.Errorf("leaf %v, %v, %v", leaf, ok, err)
		}
	}
	if _, ok, err := c.Leaf(1, draw.EntrantID{}); err != nil || ok {
		t.Errorf("nobody's leaf: %v, %v", ok, err)
	}
	if all, err := c.Opened(1, "notice"); err != nil || len(all) != 0 {
		t.Errorf("opened records: %v, %v", all, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/missing", "/page"} {
		if _, err := bundle.Open(context.Background(), server.URL+path, nil); !errors.Is(err, bundle.ErrDownload) {
			t.Errorf("%s: %v", path, err)
		}
	}
	var step *verify.StepError
	if _, err := bundle.Open(context.Background(), server.URL+"/cut.tar", nil); !errors.As(err, &step) || step.Step != 1 {
		t.Errorf("half a bundle: %v", err)
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) != 0 {
		t.Errorf("files were left behind: %v, %v", left, err)
	}
}

func TestOpenFromAFile(t *testing.T) {
	_, b := made(t)
	path := filepath.Join(t.TempDir(), "b.tar")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := bundle.Open(context.Background(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Check(verify.Options{}); err != nil {
		t.Error(err)
	}
	if _, err := bundle.Open(context.Background(), path+"x", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}
