package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// dieWithParent keeps children from outliving an interrupted measuring; an interrupt typed at the terminal reaches the parent only.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// profiled is linked into the daemon of a profile, and into no other: a file of its package main that takes a CPU profile between two signals.
const profiled = `package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

func init() {
	turn := make(chan os.Signal, 1)
	signal.Notify(turn, syscall.SIGUSR1)
	go func() {
		for range turn {
			f, err := os.Create(os.Getenv("FAIRLOT_BENCH_PROFILE"))
			if err != nil {
				panic(err)
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				panic(err)
			}
			<-turn
			pprof.StopCPUProfile()
			if err := f.Close(); err != nil {
				panic(err)
			}
		}
	}()
}
`

// buildDaemon builds fairlotd from the tree around the working directory; with a folder for it, one that can be profiled.
func buildDaemon(ctx context.Context, out, overlayDir string) error {
	args := []string{"build", "-o", out}
	if overlayDir != "" {
		root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
		if err != nil {
			return err
		}
		source, list := filepath.Join(overlayDir, "profiled.go"), filepath.Join(overlayDir, "overlay.json")
		text := fmt.Sprintf(`{"Replace":{%q:%q}}`, filepath.Join(strings.TrimSpace(string(root)), "cmd", "fairlotd", "profiled.go"), source)
		if err := errors.Join(os.WriteFile(source, []byte(profiled), 0o600), os.WriteFile(list, []byte(text), 0o600)); err != nil {
			return err
		}
		args = append(args, "-overlay", list)
	}
	if text, err := exec.CommandContext(ctx, "go", append(args, "fairlot/cmd/fairlotd")...).CombinedOutput(); err != nil {
		return fmt.Errorf("build fairlotd, which needs the source tree around the working directory: %w: %s", err, bytes.TrimSpace(text))
	}
	return nil
}

// daemon is a running fairlotd serve.
type daemon struct {
	cmd  *exec.Cmd
	http string
	done chan error
	cold time.Duration // from its start until the public's door answered
}

func startDaemon(ctx context.Context, exe, dir string, env []string) (*daemon, error) {
	d := &daemon{done: make(chan error, 1)}
	grpc, err := freeAddr()
	if err != nil {
		return nil, err
	}
	if d.http, err = freeAddr(); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "daemon.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d.cmd = exec.Command(exe, "serve", "--dir", dir, "--grpc", grpc, "--http", d.http)
	d.cmd.Stdout, d.cmd.Stderr, d.cmd.SysProcAttr, d.cmd.Env = log, log, dieWithParent(), append(os.Environ(), env...)
	began := time.Now()
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { d.done <- d.cmd.Wait() }()
	for {
		res, err := http.Get("http://" + d.http + "/v1/campaigns")
		if err == nil {
			err = res.Body.Close()
			if err == nil && res.StatusCode == http.StatusOK {
				d.cold = time.Since(began)
				return d, nil
			}
		}
		select {
		case <-d.done:
			text, _ := os.ReadFile(log.Name())
			return nil, fmt.Errorf("the daemon ended at once: %s", bytes.TrimSpace(text))
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), d.stop())
		case <-time.After(2 * time.Millisecond):
		}
		if time.Since(began) > time.Minute {
			return nil, errors.Join(errors.New("the daemon does not answer"), d.stop())
		}
	}
}

func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-d.done:
		return err
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("the daemon does not stop"), d.cmd.Process.Kill())
	}
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// cpuOf is the processor time in seconds that a process has taken; 0 where /proc does not say.
func cpuOf(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100 // USER_HZ is 100 for every process on Linux
}

// memoryOf reads VmRSS or VmHWM of a process, in MiB; 0 where /proc does not say.
func memoryOf(pid int, what string) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, what+":"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}
