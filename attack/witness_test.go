package attack

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/crypto/ledger"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// outsider is an independent witness: a process, and where logs reach it.
type outsider struct {
	name, vkey, url string
	start           func()
	cmd             *exec.Cmd
}

func (o *outsider) kill() {
	if o.cmd != nil {
		o.cmd.Process.Kill()
		o.cmd.Wait()
		o.cmd = nil
	}
}

// waitFor waits until somebody listens at an address.
func waitFor(t testing.TB, network, addr string) {
	t.Helper()
	if err := within(20*time.Second, func() error {
		c, err := net.Dial(network, addr)
		if err == nil {
			c.Close()
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// fairlotWitness is `fairlot witness serve`.
func fairlotWitness(t testing.TB, tool, dir, name, log string) *outsider {
	key, port := filepath.Join(dir, name+".key"), freePort(t)
	b, err := exec.Command(tool, "witness", "new", "--name", name+".example/witness", "--out", key).Output()
	if err != nil {
		t.Fatal(err)
	}
	o := &outsider{name: name, vkey: strings.TrimSpace(string(b)), url: "http://" + port}
	o.start = func() {
		o.cmd = exec.Command(tool, "witness", "serve", "--key", key, "--log", log, "--listen", port)
		if err := o.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "tcp", port)
	}
	t.Cleanup(o.kill)
	return o
}

// litewitness is the published program of that name, with its state in SQLite and its key in an agent of ssh.
func litewitness(t testing.TB, bin, dir, name, log string) *outsider {
	run := func(program string, args ...string) string {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+filepath.Join(dir, name+".sock"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
		return string(out)
	}
	key, sock, db, port := filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".sock"), filepath.Join(dir, name+".db"), freePort(t)
	run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)
	agent := exec.Command("ssh-agent", "-a", sock, "-D")
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { agent.Process.Kill(); agent.Wait() })
	waitFor(t, "unix", sock)
	run("ssh-add", "-q", key)
	print := strings.Fields(run("ssh-keygen", "-lf", key+".pub"))[1]
	origin, _, _ := strings.Cut(log, "+")
	run(filepath.Join(bin, "witnessctl"), "add-log", "-db", db, "-origin", origin)
	run(filepath.Join(bin, "witnessctl"), "add-key", "-db", db, "-origin", origin, "-key", log)
	o := &outsider{name: name, url: "http://" + port}
	o.start = func() {
		o.cmd = exec.Command(filepath.Join(bin, "litewitness"), "-db", db, "-name", name+".example/witness", "-key", print, "-ssh-agent", sock, "-listen", port)
		errs, err := o.cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := o.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(errs)
		for o.vkey == "" && lines.Scan() {
			if _, key, ok := strings.Cut(lines.Text(), " vkey="); ok {
				o.vkey = strings.Trim(key, `"`)
			}
		}
		go io.Copy(io.Discard, errs)
		waitFor(t, "tcp", port)
	}
	t.Cleanup(o.kill)
	return o
}

// liar stands before a witness and alters its signatures while it lies.
func liar(t testing.TB, o *outsider) *atomic.Bool {
	lies := &atomic.Bool{}
	target, err := url.Parse(o.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		if at := len(b) - 20; err == nil && lies.Load() && r.StatusCode == http.StatusOK && at > 0 {
			b[at] = 'A' + (b[at]-'A'+1)%26
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: proxy}
	go srv.Serve(lis)
	t.Cleanup(func() { srv.Close() })
	o.url = "http://" + lis.Addr().String()
	return lies
}

// logKey is the verifier key of an installation's log.
func (d *daemon) logKey() string {
	b, err := os.ReadFile(filepath.Join(d.dir, "keys", "log.skey"))
	if err != nil {
		d.t.Fatal(err)
	}
	_, key, err := ledger.NewLogSigner(strings.TrimSpace(string(b)))
	if err != nil {
		d.t.Fatal(err)
	}
	return key.String()
}

// cosigned returns the size of the newest head and which of the witnesses have cosigned it.
func (d *daemon) cosigned(all []*outsider) (size int64, by []string) {
	resp, err := client.Get("http://" + d.http + "/v1/log/checkpoint")
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var c struct{ Note string }
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		d.t.Fatal(err)
	}
	head, err := ledger.VerifyCheckpoint(d.logKey(), []byte(c.Note))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, o := range all {
		key, err := ledger.ParseVKey(o.vkey)
		if err != nil {
			d.t.Fatal(err)
		}
		times, err := key.Cosigned(d.logKey(), []byte(c.Note))
		if err != nil {
			d.t.Fatal(err)
		}
		if len(times) > 0 {
			by = append(by, o.name)
		}
	}
	return head.Size, by
}

// wantCosigned waits until the newest head has a size and just these cosignatures.
func (d *daemon) wantCosigned(all []*outsider, size int64, want ...string) {
	d.t.Helper()
	if err := within(30*time.Second, func() error {
		if n, by := d.cosigned(all); n != size || !slices.Equal(by, want) {
			return fmt.Errorf("%d records cosigned by %v, want %d by %v\n%s", n, by, size, want, d.lastLog())
		}
		return nil
	}); err != nil {
		d.t.Error(err)
	}
}

// policy is the witness policy in a campaign's bundle.
func (c *campaign) policy() string {
	resp, err := client.Get("http://" + c.d.http + "/bundles/" + c.id + ".tar")
	if err != nil {
		c.d.t.Fatal(err)
	}
	defer resp.Body.Close()
	for r := tar.NewReader(resp.Body); ; {
		h, err := r.Next()
		if err != nil {
			c.d.t.Fatalf("no policy in the bundle: %v", err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			c.d.t.Fatal(err)
		}
		if strings.HasPrefix(h.Name, "files/") && bytes.HasPrefix(b, []byte("log ")) {
			return string(b)
		}
	}
}

// witnessing is the story: three witnesses of which two are enough; one goes down and one lies; both come back; then a copy of the installation signs another tree.
func witnessing(t *testing.T, make func(name, log string) *outsider) {
	d := newDaemon(t)
	log := d.logKey()
	var all []*outsider
	for _, name := range []string{"anna", "bert", "cleo"} {
		all = append(all, make(name, log))
	}
	for _, o := range all {
		o.start()
	}
	lies := liar(t, all[1])
	file := filepath.Join(d.root, "witnesses")
	text := "# two of three\n\n"
	for _, o := range all {
		text += fmt.Sprintf("witness %s %s %s\n", o.name, o.vkey, o.url)
	}
	if err := os.WriteFile(file, []byte(text+"group two 2 anna bert cleo\nquorum two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.extra = []string{"--witnesses", file}
	d.serve()
	end := time.Now().Add(time.Hour)
	slug := func(s string) func(*fairlotv1.Campaign) { return func(c *fairlotv1.Campaign) { c.Slug = s } }
	first := d.openCampaign(10, end, slug("first"))
	n, _ := d.cosigned(all)
	d.wantCosigned(all, n, "anna", "bert", "cleo")
	if p := first.policy(); !strings.Contains(p, "\ngroup outside-two 2 outside-anna outside-bert outside-cleo\ngroup all 2 witnesses outside-two\nquorum all\n") {
		t.Errorf("the campaign's policy is\n%s", p)
	}

	all[2].kill()
	lies.Store(true)
	d.openCampaign(10, end, slug("second"))
	d.wantCosigned(all, n+1, "anna")
	if err := within(20*time.Second, func() error {
		if !slices.ContainsFunc(d.complaints(), func(s string) bool {
			return strings.Contains(s, "does not verify under its key") && strings.Contains(s, "witness=bert")
		}) {
			return errors.New("nobody is told of the witness that lies: " + d.lastLog())
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	lies.Store(false)
	all[2].start()
	d.wantCosigned(all, n+1, "anna", "bert", "cleo")

	// The copy takes the same addresses. Both installations grow by one record.
	d.stop()
	fork := &daemon{t: t, program: d.program, on: d.on, root: d.root, dir: filepath.Join(d.root, "copy"), work: d.work, temp: d.temp, log: filepath.Join(d.root, "copy.log"),
		http: d.http, grpc: d.grpc, extra: d.extra, tokens: d.tokens}
	t.Cleanup(fork.kill)
	copyTree(t, d.dir, fork.dir)
	private(t, filepath.Join(fork.dir, "keys"))
	private(t, fork.rooms())
	d.serve()
	d.openCampaign(10, end, slug("third"))
	d.wantCosigned(all, n+2, "anna", "bert", "cleo")
	d.stop()
	fork.serve()
	fork.openCampaign(10, end, slug("forked"))
	if err := within(20*time.Second, func() error {
		told := 0
		for _, line := range fork.complaints() {
			if strings.Contains(line, "does not continue what it cosigned") {
				told++
			}
		}
		if told != 3 {
			return fmt.Errorf("%d witnesses are told to have refused the fork, want 3: %s", told, fork.lastLog())
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if size, by := fork.cosigned(all); size != n+2 || len(by) > 0 {
		t.Errorf("the fork of %d records has cosignatures by %v", size, by)
	}
	fork.stop()
}

// TestWitnesses: with `fairlot witness serve`, by processes.
func TestWitnesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tool := filepath.Join(dir, "fairlot")
	if out, err := exec.Command("go", "build", "-o", tool, "fairlot/cmd/fairlot").CombinedOutput(); err != nil {
		t.Fatalf("build fairlot: %v\n%s", err, out)
	}
	witnessing(t, func(name, log string) *outsider { return fairlotWitness(t, tool, dir, name, log) })
	for _, name := range []string{"anna", "bert", "cleo"} {
		if kept, err := os.ReadDir(filepath.Join(dir, name+".key.evidence")); err != nil || len(kept) == 0 {
			t.Errorf("%s kept no evidence of the fork: %v", name, err)
		}
	}
}

// TestLitewitness: the same with litewitness, a witness that others wrote. It is fetched and built, so only where FAULT_LITEWITNESS is set (faults.sh witness).
func TestLitewitness(t *testing.T) {
	if os.Getenv("FAULT_LITEWITNESS") == "" {
		t.Skip("long: ./faults.sh witness")
	}
	dir := t.TempDir()
	if bin := os.Getenv("LITEWITNESS"); bin != "" {
		witnessing(t, func(name, log string) *outsider { return litewitness(t, bin, dir, name, log) })
		return
	}
	cmd := exec.Command("go", "install", "filippo.io/torchwood/cmd/litewitness@v0.9.0", "filippo.io/torchwood/cmd/witnessctl@v0.9.0")
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build litewitness: %v\n%s", err, out)
	}
	witnessing(t, func(name, log string) *outsider { return litewitness(t, dir, dir, name, log) })
}
