//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fairlot/store/postgres/pgtest"
)

// TestAdminDSNFile gives fairlotd init what a tired operator gives it: each time it says in one line what is wrong and what to do, quotes no
// password, ends with status 1, and leaves neither folder nor database nor role.
func TestAdminDSNFile(t *testing.T) {
	cluster, fairlotd := pgtest.Start(t), program(t)
	if err := cluster.Exec(t.Context(), "postgres", "CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'geheim'"); err != nil {
		t.Fatal(err)
	}
	good := cluster.DSN("maker", "geheim", "postgres")
	mode := func(path string, m os.FileMode) string {
		if err := os.Chmod(path, m); err != nil {
			t.Fatal(err)
		}
		return path
	}
	absent := filepath.Join(t.TempDir(), "absent.dsn")
	for what, x := range map[string]struct {
		file    string
		want    []string
		account bool // another one than the file's
	}{
		"missing":        {absent, []string{"there is no file " + absent, "write the DSN of a role that makes databases and roles into it, with mode 0600"}, false},
		"a folder":       {t.TempDir(), []string{"--admin-dsn-file", "it is a folder"}, false},
		"unreadable":     {mode(dsnFile(t, good), 0o000), []string{"this account may not read", "mode 0600"}, true},
		"group reads":    {mode(dsnFile(t, good), 0o640), []string{"others can read it (mode 0640)", "run chmod 600"}, false},
		"all read":       {mode(dsnFile(t, good), 0o644), []string{"others can read it (mode 0644)", "run chmod 600"}, false},
		"refused":        {dsnFile(t, "postgres://maker:geheim@127.0.0.1:1/postgres\n"), []string{"no PostgreSQL answers at 127.0.0.1:1/postgres: see that it runs, and that host and port", "nothing was made"}, false},
		"wrong password": {dsnFile(t, cluster.DSN("maker", "falsch", "postgres")), []string{"does not take the password of role maker", "correct the DSN", "nothing was made"}, false},
		"no database":    {dsnFile(t, cluster.DSN("maker", "geheim", "absent")), []string{"the server at ", " has no database absent", "name one that is there, such as postgres", "nothing was made"}, false},
		"empty":          {dsnFile(t, "\n# nothing\n"), []string{"--admin-dsn-file", "one DSN alone for all"}, false},
	} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "fairlot")
			cmd := exec.CommandContext(t.Context(), fairlotd, "init", "--dir", dir, "--origin", "a.example/fairlot", "--institution", "Library", "--admin-dsn-file", x.file, "--database", "bad")
			if x.account && os.Getuid() == 0 { // root reads everything
				for _, path := range []string{fairlotd, x.file, dir} {
					for up := filepath.Dir(path); up != filepath.Clean(os.TempDir()); up = filepath.Dir(up) {
						mode(up, 0o755)
					}
				}
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			out, err := cmd.CombinedOutput()
			if err == nil || cmd.ProcessState.ExitCode() != 1 || strings.Count(string(out), "\n") != 1 {
				t.Fatalf("%v, %s", err, out)
			}
			for _, want := range x.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("said %s, want %q", out, want)
				}
			}
			if strings.Contains(string(out), "geheim") || strings.Contains(string(out), "falsch") {
				t.Errorf("a password: %s", out)
			}
			nothing(t, dir)
			if left := leftovers(t, cluster, "bad"); len(left) > 0 {
				t.Errorf("%v stayed", left)
			}
			t.Logf("%s", out)
		})
	}
}

// TestDSNIsNoFile: a DSN in the place of its file's name is refused without being repeated, and a database's name without a DSN is not passed over.
func TestDSNIsNoFile(t *testing.T) {
	for _, dsn := range []string{"postgres://maker:hush@127.0.0.1:5432/postgres", "host=127.0.0.1 user=maker password=hush dbname=postgres"} {
		_, err := (&initCmd{Dir: t.TempDir(), AdminDSNFile: dsn, Database: defaultDatabase}).databases(t.Context(), false)
		if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "not the name of a file") {
			t.Errorf("%v", err)
		}
	}
	if _, err := (&initCmd{Dir: t.TempDir(), Database: "city"}).databases(t.Context(), false); err == nil || !strings.Contains(err.Error(), "--admin-dsn-file") {
		t.Errorf("%v", err)
	}
}

// TestFolderOfKilledInit names each folder that a killed init can leave, and what init says to it.
func TestFolderOfKilledInit(t *testing.T) {
	for _, x := range []struct{ holds, want string }{
		{"keys", "if an init was killed here, remove the folder"},
		{"keys admin.token postgres.owner.dsn", "if an init was killed here, remove the folder"},
		{"postgres.dsn postgres.owner.dsn", "if an init was killed here, remove the folder"},
		{"keys rooms", "If no daemon ever ran on it"},
		{"keys postgres.dsn postgres.owner.dsn provision.sql", "began a fairlotd import, run that again"},
		{"keys admin.token postgres.dsn postgres.owner.dsn provision.sql", "keep the rest, and run this again"},
		{"keys rooms admin.token", "An installation is made in a new folder"},
		{"keys postgres.dsn", "An installation is made in a new folder"},
		{"keys thesis.doc", "it holds keys, thesis.doc. An installation is made in a new folder"},
	} {
		dir := t.TempDir()
		for name := range strings.FieldsSeq(x.holds) {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := (&initCmd{Dir: dir}).pending()
		if err == nil || !strings.Contains(err.Error(), x.want) || strings.HasPrefix(x.want, "An ") != strings.HasSuffix(err.Error(), "in a new folder") && !strings.Contains(x.holds, "thesis") {
			t.Errorf("%s: %v", x.holds, err)
		}
	}
}
