package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRestoreSays reads what restore says when it is asked wrongly, and what it says when rooms are back: what is lost, what comes next, and of a lost
// keys/signed what takes its place.
func TestRestoreSays(t *testing.T) {
	fairlotd := program(t)
	dir, out := filepath.Join(t.TempDir(), "fairlot"), filepath.Join(t.TempDir(), "backup")
	if err := (&initCmd{Dir: dir, Origin: "a.example/fairlot", Institution: "Library"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := (&backupCmd{Dir: dir, Out: out}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--dir", dir}, 2, "missing flags: --from=DIR, --put-back or --make-databases; see fairlotd restore --help"},
		{[]string{"--dir", dir, "--make-databases"}, 2, "--make-databases needs --admin-dsn-file"},
		{[]string{"--dir", dir, "--put-back", "--database", "other"}, 2, "go with --make-databases alone"},
		{[]string{"--dir", dir, "--make-databases", "--admin-dsn-file", out}, 1, "in SQLite: bring those back with --from"},
		{[]string{"--dir", dir, "--from", out, "--put-back"}, 2, "--from and --put-back can't be used together; see fairlotd restore --help"},
		{[]string{"--from", out}, 2, "missing flags: --dir=DIR"},
		{[]string{"--from", out, "--dir", dir}, 1, "rooms"},
		{[]string{"--from", out, "--dir", filepath.Join(dir, "absent")}, 1, "has no key folder"},
	} {
		cmd := exec.Command(fairlotd, append([]string{"restore"}, x.args...)...)
		said, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != x.status || !strings.Contains(string(said), x.want) || strings.Count(string(said), "\n") != 1 {
			t.Errorf("restore %v: status %d, %s", x.args, cmd.ProcessState.ExitCode(), said)
		}
	}
	for _, signed := range []bool{true, false} {
		back := filepath.Join(t.TempDir(), "back")
		if err := os.Mkdir(back, 0o700); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command("cp", "-a", filepath.Join(dir, keysDir), back).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		mark := filepath.Join(back, keysDir, "signed")
		if _, err := os.Stat(mark); signed && err != nil {
			t.Fatalf("init leaves no %s: %v", mark, err)
		}
		if !signed {
			if err := os.Remove(mark); err != nil {
				t.Fatal(err)
			}
		}
		ok, said := ran(t, fairlotd, "restore", "--from", out, "--dir", back)
		if !ok {
			t.Fatal(said)
		}
		checkRestored(t, said, "restored "+back+" as it was at ", back, signed)
		if !strings.Contains(said, "answers: all were mixed then, so none of them is lost for want of a key") {
			t.Errorf("of answers: %s", said)
		}
		ok, said = ran(t, fairlotd, "restore", "--put-back", "--dir", back)
		if !signed {
			continue // the log of an installation without the mark is not looked at here
		}
		if !ok {
			t.Fatal(said)
		}
		checkRestored(t, said, "the rooms of "+back+" have 0 records in the log, none less than was signed; the next start is told that they were brought back", back, signed)
	}
}

// checkRestored wants everything that an operator needs after a restore.
func checkRestored(t *testing.T, said, first, dir string, signed bool) {
	t.Helper()
	next := "next: fairlotd serve --dir " + dir + " --accept-restored"
	if !signed {
		next += " --witnessed FILE"
	}
	for _, want := range []string{first, "with 0 records in the log", "what is lost, if it happened after the backup:\n  entries: announce it", "codes that were used since can be used again",
		"answers mixed since", "revocations of staff tokens: look at `fairlot token list`", "those not sent at that time become `unknown`",
		next + "     once; then without the flag", "fairlot verify, on the bundle of every campaign",
		"Serve only on a machine that nobody reaches and that has no network, and destroy " + dir + " afterwards", "a fork that cannot be taken back"} {
		if want == "with 0 records in the log" && strings.HasPrefix(first, "the rooms") {
			continue
		}
		if !strings.Contains(said, want) {
			t.Errorf("restore does not say %q: %s", want, said)
		}
	}
	if strings.Contains(said, "keys/signed is not there") == signed {
		t.Errorf("of keys/signed, there or not (%v): %s", signed, said)
	}
}
