package keys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const campaign = "00112233445566778899aabbccddeeff"

func folder(t *testing.T) (*Folder, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	if err := Make(dir); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f, dir
}

func TestLifeOfAKey(t *testing.T) {
	f, dir := folder(t)
	if _, err := f.Get("epoch-" + campaign + "-1"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("absent key: %v", err)
	}
	seen := map[[32]byte]string{}
	for name, file := range map[string]string{
		"epoch-" + campaign + "-1":          campaign + "-epoch-1.key",
		"epoch-" + campaign + "-4294967295": campaign + "-epoch-4294967295.key",
		"tag-" + campaign:                   campaign + "-tag.key",
	} {
		k, err := f.Create(name)
		if err != nil || k == [32]byte{} || seen[k] != "" {
			t.Fatalf("create %s: %v", name, err)
		}
		seen[k] = name
		if again, err := f.Create(name); err != nil || again != k {
			t.Fatalf("create %s again gave another key, %v", name, err)
		}
		g, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := g.Get(name); err != nil || again != k {
			t.Fatalf("get %s: %v", name, err)
		}
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v, %v", file, info, err)
		}
	}
	name := "tag-" + campaign
	for range 2 {
		if err := f.Destroy(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Get(name); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("destroyed key: %v", err)
	}
}

func TestDestroyOverwrites(t *testing.T) {
	f, dir := folder(t)
	if _, err := f.Create("tag-" + campaign); err != nil {
		t.Fatal(err)
	}
	// A second name of the same file shows what became of its bytes.
	other := filepath.Join(t.TempDir(), "other")
	if err := os.Link(filepath.Join(dir, campaign+"-tag.key"), other); err != nil {
		t.Skip("no hard links here")
	}
	if err := f.Destroy("tag-" + campaign); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(other)
	if err != nil || strings.Trim(string(b), "\x00") != "" {
		t.Fatalf("the key's bytes are still there: %v", err)
	}
}

func TestNamesRefused(t *testing.T) {
	f, _ := folder(t)
	for _, name := range []string{"", "tag", "tag-", "tag-" + campaign + "-1", "tag-" + strings.ToUpper(campaign), "epoch-" + campaign,
		"epoch-" + campaign + "-0", "epoch-" + campaign + "-01", "epoch-" + campaign + "-4294967296", "epoch-" + campaign + "-+1",
		"epoch-" + campaign + "-1-2", "../tag-" + campaign, "tag-" + campaign[:30], "tag-" + campaign + "/x", "key-" + campaign} {
		if _, err := f.Create(name); !errors.Is(err, ErrName) {
			t.Errorf("create %q: %v", name, err)
		}
		if err := f.Destroy(name); !errors.Is(err, ErrName) {
			t.Errorf("destroy %q: %v", name, err)
		}
	}
}

func TestFilesRefused(t *testing.T) {
	f, dir := folder(t)
	good := "fairlot/v1 key\ncampaign " + campaign + "\nuse tag\nkey " + strings.Repeat("0a", 32) + "\n"
	path := filepath.Join(dir, campaign+"-tag.key")
	for about, text := range map[string]string{
		"empty":        "",
		"truncated":    good[:len(good)-1],
		"upper case":   strings.ReplaceAll(good, "0a", "0A"),
		"zero key":     strings.ReplaceAll(good, "0a", "00"),
		"other use":    strings.Replace(good, "use tag", "use epoch 1", 1),
		"other owner":  strings.Replace(good, "0011", "0012", 1),
		"more":         good + "\n",
		"CR":           strings.ReplaceAll(good, "\n", "\r\n"),
		"too long":     good + strings.Repeat("x", 300),
		"other format": strings.Replace(good, "v1", "v2", 1),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Get("tag-" + campaign); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v", about, err)
		}
		if _, err := f.Create("tag-" + campaign); !errors.Is(err, ErrFile) {
			t.Errorf("%s, create: %v", about, err)
		}
	}
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := f.Get("tag-" + campaign); err != nil || k[0] != 10 {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Get("tag-" + campaign); !errors.Is(err, ErrAccess) {
		t.Errorf("readable by the group: %v", err)
	}
}

func TestFolder(t *testing.T) {
	_, dir := folder(t)
	if err := Make(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("make twice: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open what is not there: %v", err)
	}
	left := filepath.Join(dir, partial+campaign+"-tag.key")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a half-written key was left behind")
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrAccess) {
		t.Errorf("folder readable by the group: %v", err)
	}
}

func TestCreateTogether(t *testing.T) {
	f, _ := folder(t)
	var wg sync.WaitGroup
	keys := make([][32]byte, 16)
	for i := range keys {
		wg.Go(func() {
			k, err := f.Create("epoch-" + campaign + "-7")
			if err != nil {
				t.Error(err)
			}
			keys[i] = k
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] {
			t.Fatal("two keys under one name")
		}
	}
}

func TestText(t *testing.T) {
	_, dir := folder(t)
	if err := PutText(dir, "log.skey", "PRIVATE+KEY+x\n"); err != nil {
		t.Fatal(err)
	}
	if err := PutText(dir, "log.skey", "other"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("put over: %v", err)
	}
	if s, err := GetText(dir, "log.skey"); err != nil || s != "PRIVATE+KEY+x\n" {
		t.Fatal(s, err)
	}
	for _, name := range []string{"", ".x", "a/b", "A", campaign + "-tag.key", "../x"} {
		if err := PutText(dir, name, "x"); !errors.Is(err, ErrName) {
			t.Errorf("put %q: %v", name, err)
		}
		if _, err := GetText(dir, name); !errors.Is(err, ErrName) {
			t.Errorf("get %q: %v", name, err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "log.skey"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := GetText(dir, "log.skey"); !errors.Is(err, ErrAccess) {
		t.Errorf("readable by all: %v", err)
	}
}

// TestGetWhileDestroyed reads keys while they are destroyed: a reader has the key or learns that it is absent, and never finds a spoilt file.
func TestGetWhileDestroyed(t *testing.T) {
	f, dir := folder(t)
	name := "epoch-" + campaign + "-1"
	for range 40 {
		want, err := f.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					switch k, err := f.Get(name); {
					case errors.Is(err, fs.ErrNotExist):
						return
					case err != nil || k != want:
						t.Errorf("a reader found %v", err)
						return
					}
				}
			})
		}
		if err := f.Destroy(name); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Fatalf("left: %v, %v", left, err)
	}
}

// TestDestroyCarriedOn leaves what a destroying leaves that ended after the name was taken away: the next one, or Open, ends it.
func TestDestroyCarriedOn(t *testing.T) {
	for _, carryOn := range []func(f *Folder, dir string) error{
		func(f *Folder, _ string) error { return f.Destroy("tag-" + campaign) },
		func(_ *Folder, dir string) error { _, err := Open(dir); return err },
	} {
		f, dir := folder(t)
		if _, err := f.Create("tag-" + campaign); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, campaign+"-tag.key")
		if err := os.Rename(file, filepath.Join(dir, partial+campaign+"-tag.key")); err != nil {
			t.Fatal(err)
		}
		if err := carryOn(f, dir); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Fatalf("left: %v, %v", left, err)
		}
	}
}
