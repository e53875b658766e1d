// Package deploy holds the files with which Fairlot is run: a systemd unit, a container image and a compose file, nginx, three PostgreSQL
// nodes (ha), a dashboard. Its tests look at each as far as that goes without an engine or a second machine. It holds tests only.
package deploy

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"debug/elf"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// need returns the path of a program, or skips with a loud line.
func need(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(path); err == nil {
			return path
		}
	}
	t.Skipf("CANNOT look: there is no %s here", name)
	return ""
}

// TestUnit lets systemd itself read the unit, and judge how much it leaves open: 2.0 at most, where 10 is everything.
func TestUnit(t *testing.T) {
	analyze := need(t, "systemd-analyze")
	unit, err := os.ReadFile("systemd/fairlot.service")
	if err != nil {
		t.Fatal(err)
	}
	there, err := os.Executable() // verify wants a program that exists
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "fairlot.service")
	judge := func(text string) (string, error) {
		t.Helper()
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "/usr/local/bin/fairlotd", there)), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput()
		if err != nil || len(bytes.TrimSpace(out)) > 0 {
			return "verify: " + string(out), err
		}
		out, err = exec.Command(analyze, "security", "--offline=true", "--threshold=20", path).CombinedOutput()
		return "security: " + string(out), err
	}
	if out, err := judge(string(unit)); err != nil || strings.HasPrefix(out, "verify") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := judge(strings.Replace(string(unit), "ProtectSystem=strict\n", "ProtectSistem=strict\n", 1)); !strings.HasPrefix(out, "verify") {
		t.Errorf("a misspelt line is not found: %v\n%s", err, out)
	}
	if _, err := judge("[Service]\nExecStart=/usr/local/bin/fairlotd serve\n"); err == nil {
		t.Error("a unit that leaves everything open is taken")
	}
}

// TestNginx lets nginx read its part, with a certificate made now in the place of the library's.
func TestNginx(t *testing.T) {
	nginx := need(t, "nginx")
	dir := t.TempDir()
	conf, err := os.ReadFile("nginx/fairlot.conf")
	if err != nil {
		t.Fatal(err)
	}
	cert, key := certificate(t)
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := strings.NewReplacer("/etc/ssl/draw.library.example.pem", write("cert.pem", cert), "/etc/ssl/draw.library.example.key", write("key.pem", key),
		"/var/log/nginx/", dir+"/", "443", "18443").Replace(string(conf))
	main := "pid " + dir + "/pid; error_log stderr; events {}\nhttp {\n"
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += what + "_temp_path " + dir + "/" + what + ";\n"
	}
	test := func(text string) ([]byte, error) {
		return exec.Command(nginx, "-t", "-q", "-e", "stderr", "-c", write("nginx.conf", main+text+"}\n")).CombinedOutput()
	}
	if out, err := test(text); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := test(strings.Replace(text, "proxy_pass", "proxy_past", 1)); err == nil {
		t.Error("a misspelt line is taken")
	}
	for _, never := range []string{"$remote_addr", "$request_uri", "$time_", "$http_", "X-Forwarded-For", "$uri", "$request "} {
		if strings.Contains(string(conf), never) {
			t.Errorf("nginx notes or passes on %s", never)
		}
	}
}

func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "draw.library.example"}, NotAfter: time.Now().Add(time.Hour)}
	c, err := x509.CreateCertificate(rand.Reader, about, about, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	p, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p}))
}

// TestCompose lets a compose client read the file; that needs no engine.
func TestCompose(t *testing.T) {
	var config *exec.Cmd
	if exec.Command("docker", "compose", "version").Run() == nil {
		config = exec.Command("docker", "compose", "-f", "compose.yml", "config")
	} else {
		config = exec.Command(need(t, "docker-compose"), "-f", "compose.yml", "config")
	}
	config.Dir = "container"
	out, err := config.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"no-new-privileges:true", "service:proxy", "POSTGRES_PASSWORD_FILE", "synchronous_commit=on"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in what compose understood", want)
		}
	}
}

// TestHAProxy lets haproxy read its part; attack.TestFailover runs it with the rest of ha.
func TestHAProxy(t *testing.T) {
	if out, err := exec.Command(need(t, "haproxy"), "-c", "-q", "-f", "ha/haproxy.cfg").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// image is what the last stage of the Containerfile says.
type image struct {
	User       string
	Entrypoint []string
	Cmd        []string
	copies     []string
}

func readImage(t *testing.T) (im image) {
	t.Helper()
	text, err := os.ReadFile("container/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, last, ok := strings.Cut(string(text), "\nFROM scratch\n")
	if !ok {
		t.Fatal("the last stage is not FROM scratch")
	}
	for line := range strings.Lines(last) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		var err error
		switch word {
		case "USER":
			im.User = rest
		case "COPY":
			im.copies = append(im.copies, rest)
		case "ENTRYPOINT":
			err = json.Unmarshal([]byte(rest), &im.Entrypoint)
		case "CMD":
			err = json.Unmarshal([]byte(rest), &im.Cmd)
		case "RUN", "ADD":
			t.Errorf("%s: nothing can run in an empty image", line)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return im
}

// TestImage makes what the image holds, by the script that the Containerfile runs, and then is the engine: the folder is the root, the user is
// the image's, and init and serve are run as it says, until /readyz says ready and SIGTERM ends it with 0.
func TestImage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the daemon")
	}
	im := readImage(t)
	if len(im.copies) != 1 || im.copies[0] != "--from=build /out/ /" || im.User != "65532:65532" {
		t.Fatalf("the image copies %q as %s: this test makes something else", im.copies, im.User)
	}
	root := filepath.Join(t.TempDir(), "root")
	rootfs := exec.Command("container/rootfs.sh", root)
	rootfs.Env = append(os.Environ(), "BUILD=")
	if out, err := rootfs.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := elf.Open(filepath.Join(root, im.Entrypoint[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	libraries, err := program.ImportedLibraries()
	if err != nil || len(libraries) > 0 || program.Section(".interp") != nil {
		t.Errorf("the program is not static: %v, %v", libraries, err)
	}
	authorities, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(authorities) {
		t.Errorf("no certificates: %v", err)
	}
	if os.Getuid() != 0 {
		t.Skip("CANNOT be the container's engine: chroot needs root")
	}
	for dir := root; dir != "/"; dir = filepath.Dir(dir) { // the folders above are the test's own
		if strings.HasPrefix(dir, os.TempDir()+"/") {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Chown(filepath.Join(root, "srv/fairlot"), 65532, 65532); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) *exec.Cmd {
		cmd := exec.Command(im.Entrypoint[0], args...)
		cmd.Path, cmd.Err = im.Entrypoint[0], nil // within the new root
		cmd.Dir, cmd.Env = "/srv/fairlot", []string{"PATH=/"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return cmd
	}
	if out, err := run("init", "--dir", "/srv/fairlot", "--origin", "image.example/fairlot", "--institution", "Library").CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	ops := freePort(t)
	args := append([]string{}, im.Cmd...)
	for i, a := range args {
		if a == "127.0.0.1:9091" {
			args[i] = ops
		}
	}
	var said bytes.Buffer
	serve := run(append(args, "--http", freePort(t), "--grpc", freePort(t))...)
	serve.Stdout, serve.Stderr = &said, &said
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	ready := false
	for range 600 {
		select {
		case err := <-ended:
			t.Fatalf("serve: %v\n%s", err, said.String())
		case <-time.After(50 * time.Millisecond):
		}
		if resp, err := http.Get("http://" + ops + "/readyz"); err == nil {
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if ready = string(body) == "ready\n"; ready {
				break
			}
		}
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(serve.Process.Pid) + "/status")
	if err != nil || !bytes.Contains(status, []byte("\nUid:\t65532\t65532\t65532\t65532\n")) || !bytes.Contains(status, []byte("\nCapEff:\t0000000000000000\n")) {
		t.Errorf("it does not run as the image's user without rights: %v", err)
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil || !ready {
		t.Errorf("ready %v, ended with %v\n%s", ready, err, said.String())
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	return lis.Addr().String()
}
