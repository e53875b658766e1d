package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// process is one program under the example's user, which is told to end when this process dies.
type process struct {
	name   string
	pid    int
	exited chan struct{}
}

func (ha *HA) run(name string, env []string, path string, args ...string) (*process, error) {
	cmd := exec.Command(path, args...)
	cmd.Dir = ha.dir
	cmd.Env = append([]string{"PATH=" + ha.bin + ":" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + ha.dir}, env...)
	// patroni ends its PostgreSQL on SIGTERM only, so that is the signal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: ha.cred, Pdeathsig: syscall.SIGTERM, Setpgid: true}
	log, err := os.OpenFile(filepath.Join(ha.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	exited, err := begin(cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &process{name, cmd.Process.Pid, exited}, nil
}

// begin starts a program that dies with this one, and tells when it has ended.
func begin(cmd *exec.Cmd) (exited chan struct{}, err error) {
	started, exited := make(chan error), make(chan struct{})
	go func() {
		// The signal at the parent's death is sent when the thread that forked ends: this one stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(exited)
	}()
	return exited, <-started
}

func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.exited:
	default:
		_ = syscall.Kill(p.pid, s) // it may end just now
	}
}

func (p *process) end(s syscall.Signal) error {
	p.signal(s)
	select {
	case <-p.exited:
		return nil
	case <-time.After(startTimeout):
		return fmt.Errorf("end %s: it does not end", p.name)
	}
}

// lookPath finds a program also where only root's PATH leads.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}
