package main

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestMissingFilesAreNamed calls every command with files that are not there, all required flags and arguments given: whatever it says about one names the flag or argument.
func TestMissingFilesAreNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	parser, err := kong.New(&commands{}, kong.Name("fairlot"), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("some.token", []byte("fairlot-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, leaf := range parser.Model.Leaves(true) {
		args := strings.Fields(words(leaf))
		value := func(v *kong.Value, holder string) string {
			switch {
			case strings.Contains(holder+v.Help, "FILE") || strings.Contains(holder, "PATH") || strings.Contains(strings.ToLower(v.Help), "file of") || v.Name == "file" || v.Name == "bundle" || v.Name == "statement" || v.Name == "statements":
				return "absent-" + v.Name
			case v.Target.Kind().String() == "int" || v.Target.Kind().String() == "int64":
				return "1"
			case v.Enum != "":
				return strings.Split(v.Enum, ",")[0]
			}
			return "x"
		}
		for _, v := range leaf.Positional {
			args = append(args, value(v, ""))
		}
		for _, f := range leaf.Flags {
			if f.Required || f.PlaceHolder == "FILE" && !strings.HasPrefix(f.Help, "New file") && f.Name != "pins" {
				args = append(args, "--"+f.Name+"="+value(f.Value, f.PlaceHolder))
			}
		}
		_, _, said := call(t, append([]string{"--server", "127.0.0.1:1", "--token-file", "some.token"}, args...)...)
		if strings.Contains(said, "no such file") {
			named++
			if !strings.Contains(said, "named by --") && !strings.Contains(said, "named by <") && !strings.Contains(said, "named by [<") {
				t.Errorf("fairlot %s: %s", strings.Join(args, " "), said)
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d commands missed a file: this test looks at too few", named)
	}

	_, _, said := call(t, "receipt", "some.token/x")
	if !strings.Contains(said, "it is named by <file>") {
		t.Errorf("of a file in a file it says %s", said)
	}
	_, _, said = call(t, "--server", "127.0.0.1:1", "claim", "autumn", "1", "--saved-receipt", "absent.txt", "--token-file", "also-absent")
	if !strings.Contains(said, "--token-file or FAIRLOT_TOKEN_FILE: File of mode 0600") || !strings.Contains(said, "looked for at /") {
		t.Errorf("of a token file it says %s", said)
	}
}
