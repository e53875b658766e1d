package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/mod/sumdb/note"

	"fairlot/crypto/ledger"
	"fairlot/witness"
)

// witnessed is a log with its key, and the program `fairlot` as its witness.
type witnessed struct {
	t              *testing.T
	program, dir   string
	log, key, vkey string // of the log, the witness's key file, the witness
	signer         note.Signer
	tree           ledger.Tree
	cmd            *exec.Cmd
	url, ops       string
	errs           *screen
}

func newWitnessed(t *testing.T) *witnessed {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	x := &witnessed{t: t, dir: t.TempDir()}
	x.program, x.key = filepath.Join(x.dir, "fairlot"), filepath.Join(x.dir, "witness.key")
	if err := os.Symlink(self, x.program); err != nil { // testscript makes this test's program be fairlot under that name
		t.Fatal(err)
	}
	skey, vkey, err := ledger.GenerateLogKey("log.example.org")
	if err != nil {
		t.Fatal(err)
	}
	x.log = vkey
	if x.signer, _, err = ledger.NewLogSigner(skey); err != nil {
		t.Fatal(err)
	}
	code, out, errs := call(t, "witness", "new", "--name", "library.example/witness", "--out", x.key)
	if code != 0 {
		t.Fatalf("witness new: %d %s", code, errs)
	}
	x.vkey = strings.TrimSpace(out)
	return x
}

// start runs the witness and waits until it listens.
func (x *witnessed) start(more ...string) {
	x.cmd = exec.Command(x.program, append([]string{"witness", "serve", "--key", x.key, "--log", x.log, "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"}, more...)...)
	pipe, err := x.cmd.StderrPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	if err := x.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { x.stop(syscall.SIGKILL) })
	x.errs = &screen{}
	var at []string
	lines := bufio.NewScanner(pipe)
	for len(at) < 2 && lines.Scan() {
		fmt.Fprintln(x.errs, lines.Text())
		if addr, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			at = append(at, "http://"+addr)
		}
	}
	if len(at) < 2 {
		x.t.Fatalf("the witness did not start: %s", x.errs)
	}
	x.ops, x.url = at[0], at[1]
	go func(to *screen) {
		for lines.Scan() {
			fmt.Fprintln(to, lines.Text())
		}
	}(x.errs)
}

func (x *witnessed) stop(s syscall.Signal) error {
	if x.cmd == nil {
		return nil
	}
	x.cmd.Process.Signal(s)
	err := x.cmd.Wait()
	x.cmd = nil
	return err
}

func (x *witnessed) grow(tree *ledger.Tree, word string, n int) []byte {
	for range n {
		if err := tree.Append(fmt.Appendf(nil, "%s %d", word, tree.Size())); err != nil {
			x.t.Fatal(err)
		}
	}
	root, err := tree.Root(tree.Size())
	if err != nil {
		x.t.Fatal(err)
	}
	b, err := ledger.SignCheckpoint(x.signer, "log.example.org", tree.Size(), root)
	if err != nil {
		x.t.Fatal(err)
	}
	return b
}

func (x *witnessed) other() *witness.Other {
	key, err := ledger.ParseVKey(x.vkey)
	if err != nil {
		x.t.Fatal(err)
	}
	return &witness.Other{Name: "one", Key: key, URL: x.url, Client: &http.Client{Timeout: 10 * time.Second}}
}

// TestWitnessServe: the program as a neighbour library runs it; killed, rolled back, started twice.
func TestWitnessServe(t *testing.T) {
	t.Parallel()
	x := newWitnessed(t)
	for _, args := range [][]string{{}, {"--key", x.key}, {"--key", x.key, "--log", x.vkey}, {"--key", x.key + signedSuffix, "--log", x.log}, {"--key", x.key, "--log", x.log, "--ops", "0.0.0.0:1"},
		{"--key", x.key, "--log", x.log, "--listen", "nowhere"}} {
		if code, _, errs := call(t, append([]string{"witness", "serve"}, args...)...); code != 2 || !strings.HasPrefix(errs[strings.LastIndex("\n"+strings.TrimSuffix(errs, "\n"), "\n"):], "fairlot: ") {
			t.Errorf("%v: status %d, %s", args, code, errs)
		}
	}
	if code, _, errs := call(t, "witness", "new", "--name", "a b", "--out", filepath.Join(x.dir, "other.key")); code != 2 {
		t.Errorf("a name with a space: status %d, %s", code, errs)
	}
	if code, _, errs := call(t, "witness", "new", "--name", "other", "--out", x.key); code != 1 {
		t.Errorf("a second key in its place: status %d, %s", code, errs)
	}
	for _, name := range []string{x.key, x.key + signedSuffix} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}

	x.start()
	if code, _, errs := call(t, "witness", "serve", "--key", x.key, "--log", x.log, "--listen", "127.0.0.1:0"); code != 1 || !strings.Contains(errs, "another fairlot is working with it") {
		t.Errorf("a second witness with this key: status %d, %s", code, errs)
	}
	var own, old []byte
	for i := range 4 { // killed after each answer
		n := x.grow(&x.tree, "record", 3)
		cosigned, err := x.other().Ask(context.Background(), x.log, n, x.tree.Consistency)
		if err != nil {
			t.Fatal(err)
		}
		own = cosigned
		x.stop(syscall.SIGKILL)
		if i == 2 {
			if old, err = os.ReadFile(x.key + signedSuffix); err != nil {
				t.Fatal(err)
			}
		}
		x.start()
		var fork ledger.Tree
		x.grow(&fork, "record", int(x.tree.Size())-1)
		lie := x.grow(&fork, "lie", 1)
		if _, err := x.other().Ask(context.Background(), x.log, lie, fork.Consistency); err == nil {
			t.Fatalf("after kill %d another tree of size %d was cosigned", i, fork.Size())
		}
	}
	for range 100 { // what the process says comes by a pipe
		if strings.Contains(x.errs.String(), ", kept as ") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	evidence, err := os.ReadDir(x.key + evidenceSuffix)
	if err != nil || len(evidence) != 4 || !strings.Contains(x.errs.String(), ", kept as ") {
		t.Errorf("forks were kept %d times (%v), want 4: %s", len(evidence), err, x.errs)
	}
	res, err := http.Get(x.ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(res.Body)
	res.Body.Close()
	if err != nil || families["fairlot_witness_records"].GetMetric()[0].GetGauge().GetValue() != 12 || families["fairlot_witness_lost"].GetMetric()[0].GetGauge().GetValue() != 0 || len(families["fairlot_witness_answers_total"].GetMetric()) != 6 {
		t.Errorf("metrics: %v, %v", families, err)
	}
	if err := x.stop(syscall.SIGTERM); err != nil {
		t.Errorf("told to end: %v", err)
	}

	// An old copy of what it remembers is put back.
	path := filepath.Join(x.dir, "own.note")
	if err := os.WriteFile(path, own, 0o644); err != nil {
		t.Fatal(err)
	}
	newest, err := os.ReadFile(x.key + signedSuffix)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []struct {
		state []byte
		want  string
	}{{old, "an old copy was put back"}, {[]byte("{"), "is damaged"}} {
		if err := os.WriteFile(x.key+signedSuffix, b.state, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := call(t, "witness", "serve", "--key", x.key, "--log", x.log, "--listen", "127.0.0.1:0", "--witnessed", path); code != 1 || !strings.Contains(errs, b.want) {
			t.Errorf("%s: status %d, %s", b.want, code, errs)
		}
	}
	if err := os.Remove(x.key + signedSuffix); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "witness", "serve", "--key", x.key, "--log", x.log, "--listen", "127.0.0.1:0"); code != 1 || !strings.Contains(errs, "is missing") {
		t.Errorf("without its state: status %d, %s", code, errs)
	}
	if err := os.WriteFile(x.key+signedSuffix, newest, 0o600); err != nil {
		t.Fatal(err)
	}
	x.start("--witnessed", path)

	// What cannot be kept is not signed: the folder is gone.
	moved := x.dir + ".moved"
	if err := os.Rename(x.dir, moved); err != nil {
		t.Fatal(err)
	}
	n := x.grow(&x.tree, "record", 1)
	_, asked := x.other().Ask(context.Background(), x.log, n, x.tree.Consistency)
	if err := os.Rename(moved, x.dir); err != nil {
		t.Fatal(err)
	}
	if asked == nil {
		t.Error("cosigned what could not be kept")
	}
	if _, err := x.other().Ask(context.Background(), x.log, n, x.tree.Consistency); err != nil {
		t.Errorf("once it can be kept: %v", err)
	}
	// A body without end.
	r, w := io.Pipe()
	go func() {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}()
	if res, err := http.Post(x.url+"/add-checkpoint", "", r); err == nil {
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("a body without end: %s", res.Status)
		}
		res.Body.Close()
	}
	w.Close()
}
