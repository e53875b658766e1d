package main

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// TestNoCore runs in a process of its own, since the limit cannot be raised again.
func TestNoCore(t *testing.T) {
	if os.Getenv("FAIRLOTD_TEST_NOCORE") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoCore$")
		cmd.Env = append(os.Environ(), "FAIRLOTD_TEST_NOCORE=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	core := regexp.MustCompile(`Max core file size +0 +0 `)
	limits := func() bool {
		b, err := os.ReadFile("/proc/self/limits")
		if err != nil {
			t.Fatal(err)
		}
		return core.Match(b)
	}
	if err := noCore(); err != nil {
		t.Fatal(err)
	}
	if !limits() {
		t.Error("core files are still allowed")
	}
}
