package custody

import (
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age/plugin"
)

// trap puts a plugin into PATH that leaves a mark when it is run, and tells whether it was.
func trap(t *testing.T, name string) (ran func() bool) {
	dir := t.TempDir()
	mark := filepath.Join(dir, "ran")
	if err := os.WriteFile(filepath.Join(dir, "age-plugin-"+name), []byte("#!/bin/sh\n: > "+mark+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() bool {
		_, err := os.Stat(mark)
		return err == nil
	}
}

// TestNoPluginIsRun gives recipients of a plugin that is installed to everything that the daemon does with recipients: it is refused and never run. The broken variant,
// which lets age parse them, runs it.
func TestNoPluginIsRun(t *testing.T) {
	const name = "fairlottrap"
	recipient := plugin.EncodeRecipient(name, make([]byte, 32))
	ran := trap(t, name)
	good, _ := newKeys(t, 2, true)
	_, err := ParseRecipients(recipient)
	wantErr(t, err, ErrPlugin)
	_, err = ParseRecipients(good[0].Recipient(), recipient)
	wantErr(t, err, ErrPlugin)
	_, err = SealChallenge([32]byte{}, recipient, [32]byte{})
	wantErr(t, err, ErrPlugin)
	l := list(good, 1)
	l.Notifiers = []string{recipient}
	_, err = ParseKeyList(l.Marshal())
	wantErr(t, err, ErrPlugin)
	_, err = ParseStatement(NewStatement([32]byte{}, recipient, [32]byte{}).Marshal())
	wantErr(t, err, ErrPlugin)
	if ran() {
		t.Fatal("a plugin was run")
	}
	r, err := plugin.NewRecipient(recipient, &plugin.ClientUI{})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = encrypt([]byte("x"), r)
	if !ran() {
		t.Error("the trap catches nothing")
	}
}
