package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlot/store/postgres/pgtest"
)

// TestMakeDatabasesTakesBack asks for databases where that cannot be: the folder is as it was, and nothing is on the server.
func TestMakeDatabasesTakesBack(t *testing.T) {
	cluster := pgtest.Start(t)
	c := remoteInit(t, cluster.AdminDSN("postgres"))
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	was := map[string]string{}
	for _, name := range []string{appDSNs, ownerDSNs} {
		b, err := os.ReadFile(filepath.Join(c.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		was[name] = string(b)
	}
	as := func() {
		t.Helper()
		for name, want := range was {
			if b, err := os.ReadFile(filepath.Join(c.Dir, name)); err != nil || string(b) != want {
				t.Errorf("%s is another one: %v", name, err)
			}
			if _, err := os.Lstat(filepath.Join(c.Dir, name+".old")); err == nil {
				t.Errorf("%s.old stayed", name)
			}
		}
	}
	before := len(leftovers(t, cluster, "fairlot"))
	for what, x := range map[string]struct{ dsn, want string }{
		"the same server":      {cluster.AdminDSN("postgres"), "the names are taken"},
		"no server":            {"postgres://maker:geheim@127.0.0.1:1/postgres", "no PostgreSQL answers"},
		"a database of others": {cluster.AdminDSN("absent"), "no database"},
	} {
		r := restoreCmd{MakeDatabases: true, Dir: c.Dir, AdminDSNFile: dsnFile(t, x.dsn), Database: "fairlot"}
		if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), x.want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", what, err)
		}
		as()
	}
	if after := len(leftovers(t, cluster, "fairlot")); after != before {
		t.Errorf("%d databases and roles became %d", before, after)
	}
	if err := os.WriteFile(filepath.Join(c.Dir, ownerDSNs+".old"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := restoreCmd{MakeDatabases: true, Dir: c.Dir, AdminDSNFile: dsnFile(t, cluster.AdminDSN("postgres")), Database: "other"}
	if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), ownerDSNs+".old is there") {
		t.Errorf("what is put aside would be lost: %v", err)
	}
	if err := os.Remove(filepath.Join(c.Dir, ownerDSNs+".old")); err != nil {
		t.Fatal(err)
	}
	as()
	if left := leftovers(t, cluster, "other"); len(left) > 0 {
		t.Errorf("%v stayed", left)
	}
}
