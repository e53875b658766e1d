package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// said runs a command in this process and returns its exit status and what it wrote to standard error.
func said(t *testing.T, ctx context.Context, args ...string) (int, string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	was := os.Stderr
	os.Stderr = w
	status := run(ctx, args)
	os.Stderr = was
	w.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return status, string(b)
}

// TestMistakes tries what a tired operator types. Each gets one line, and leaves nothing.
func TestMistakes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fairlot")
	for _, x := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"serve"}, 2, "missing flags: --dir=DIR; see fairlotd serve --help"},
		{[]string{"restore", "--dir", "x"}, 2, "missing flags: --from=DIR, --put-back or --make-databases; see fairlotd restore --help"},
		{[]string{"backup", "--out", "x"}, 2, "see fairlotd backup --help"},
		{[]string{"serv"}, 2, "see fairlotd --help"},
		{nil, 2, "see fairlotd --help"},
		{[]string{"init", "--dir", dir, "--origin", "https://library.example/fairlot", "--institution", "Library"}, 1, "leave https:// and a slash at its end away"},
		{[]string{"init", "--dir", dir, "--origin", "library.example/", "--institution", "Library"}, 1, "leave https:// and a slash at its end away"},
	} {
		status, text := said(t, t.Context(), x.args...)
		if status != x.status || !strings.Contains(text, x.want) || strings.Count(text, "\n") != 1 {
			t.Errorf("fairlotd %s: status %d, %q", strings.Join(x.args, " "), status, text)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	dsn := filepath.Join(t.TempDir(), "admin.dsn")
	if err := os.WriteFile(dsn, []byte("postgres://a:b@127.0.0.1:1/postgres\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, text := said(t, stopped, "init", "--dir", dir, "--origin", "library.example", "--institution", "Library", "--admin-dsn-file", dsn)
	if status != 1 || !strings.HasPrefix(text, "fairlotd: interrupted (") || strings.Contains(text, "context canceled") {
		t.Errorf("interrupted: status %d, %q", status, text)
	}
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("%s was left: %v", dir, err)
	}
}

// TestMissingFilesAreNamed: what the system says about a file is told with the flag that named it.
func TestMissingFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"restore", "import"} {
		if status, text := said(t, t.Context(), command, "--from", "absent", "--dir", dir); status != 1 || !strings.Contains(text, "it belongs into what is named by --dir: ") {
			t.Errorf("fairlotd %s: status %d, %q", command, status, text)
		}
	}
}
