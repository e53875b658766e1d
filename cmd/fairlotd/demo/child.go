package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	readyWithin   = 30 * time.Second
	stopWithin    = 25 * time.Second
	commandWithin = 2 * time.Minute
	shownHead     = 14 // lines of a command's output shown from its beginning
	shownTail     = 4  // and from its end
)

// daemon is the running child `fairlotd serve`.
type daemon struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // of Wait, valid once done is closed
}

// startDaemon runs an executable in dir with its standard error in a log file, and waits until url answers.
func startDaemon(ctx context.Context, exe, dir, logName, url string, args ...string) (*daemon, error) {
	log, err := os.OpenFile(filepath.Join(dir, logName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d := &daemon{cmd: exec.Command(exe, args...), done: make(chan struct{})}
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr, d.cmd.SysProcAttr = dir, log, log, childAttr()
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the kernel ends the child when the thread that started it ends
		defer runtime.UnlockOSThread()
		err := d.cmd.Start()
		started <- err
		if err == nil {
			d.err = d.cmd.Wait()
			close(d.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	ready, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ready, http.MethodGet, url, nil)
		if err != nil {
			return nil, errors.Join(err, d.stop())
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return d, nil
			}
		}
		select {
		case <-d.done:
			text, _ := os.ReadFile(filepath.Join(dir, logName))
			return nil, fmt.Errorf("the daemon ended at once: %s", lastLine(text))
		case <-ready.Done():
			return nil, errors.Join(errors.New("the daemon did not answer in time"), d.stop())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop asks the daemon to finish what it began, and waits. A daemon that does not is killed, and that is an error.
func (d *daemon) stop() error {
	select {
	case <-d.done:
		return fmt.Errorf("the daemon had ended before it was asked to: %w", d.err)
	default:
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-d.done:
		if d.err != nil {
			return fmt.Errorf("the daemon stopped with an error: %w", d.err)
		}
		return nil
	case <-time.After(stopWithin):
		d.cmd.Process.Kill()
		<-d.done
		return errors.New("the daemon did not stop when asked, and was killed")
	}
}

// result is how a command ended.
type result struct {
	status         int
	stdout, stderr string
	took           time.Duration
}

// execute runs one command to its end. What is in third, if anything, it can read from descriptor 3. A status other than 0 is no error here; not being able to run it is.
func execute(ctx context.Context, dir string, env []string, third []byte, exe string, args ...string) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, &stdout, &stderr, childAttr()
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if len(third) > 0 {
		out, in, err := os.Pipe()
		if err != nil {
			return result{}, err
		}
		defer out.Close()
		_, err = in.Write(third) // far less than a pipe holds
		if err = errors.Join(err, in.Close()); err != nil {
			return result{}, err
		}
		cmd.ExtraFiles = []*os.File{out}
	}
	began := time.Now()
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // as in startDaemon
		defer runtime.UnlockOSThread()
		ended <- cmd.Run()
	}()
	err := <-ended
	r := result{stdout: stdout.String(), stderr: stderr.String(), took: time.Since(began)}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		r.status, err = exit.ExitCode(), nil
	}
	return r, err
}

// shown is a command as the reader could type it in the demo's folder.
func shown(name string, args []string) string {
	words := []string{name}
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t'\"$`\\;&|<>()*?") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// commandLines breaks a command into lines of at most n columns, never within quotes.
func commandLines(command string, n int) []string {
	var words []string
	quoted := false
	for _, part := range strings.Split(command, " ") {
		value := len(words) > 0 && strings.HasPrefix(words[len(words)-1], "--") && !strings.Contains(words[len(words)-1], " ") && !strings.HasPrefix(part, "-")
		if quoted || value { // a flag stays with its value
			words[len(words)-1] += " " + part
		} else {
			words = append(words, part)
		}
		quoted = quoted != (strings.Count(part, "'")%2 == 1)
	}
	lines := []string{words[0]}
	for _, word := range words[1:] {
		if last := &lines[len(lines)-1]; columns(*last)+1+columns(word) <= n {
			*last += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// echo writes a command and what it answered, indented: long sentences wrapped, long keys cut, long answers shortened in the middle.
func (t *teller) echo(command string, r result) { t.command(command, r, shownHead+shownTail+1) }

// echoAll is echo with every line of the answer.
func (t *teller) echoAll(command string, r result) {
	t.command(command, r, strings.Count(r.stdout+r.stderr, "\n")+1)
}

func (t *teller) command(command string, r result, most int) {
	var b strings.Builder
	b.WriteString("\n")
	lines := commandLines(command, width-10)
	for i, line := range lines {
		b.WriteString(pick(i == 0, "    $ ", "        ") + line + pick(i+1 < len(lines), " \\", "") + "\n")
	}
	lines = nil
	if text := strings.TrimRight(r.stdout+r.stderr, "\n"); text != "" {
		lines = strings.Split(text, "\n")
	}
	if len(lines) > most {
		mid := fmt.Sprintf("… %d lines more …", len(lines)-shownHead-shownTail)
		lines = append(append(append([]string{}, lines[:shownHead]...), mid), lines[len(lines)-shownTail:]...)
	}
	for _, line := range lines {
		line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), " ")
		if text := strings.TrimLeft(line, " "); columns(line) > width-6 && !strings.Contains(text, `": "`) {
			indent := strings.Repeat(" ", len(line)-len(text))
			for i, part := range wrap(text, width-10-len(indent)) {
				b.WriteString("      " + pick(i == 0, "", "    ") + indent + cut(part, width-6) + "\n")
			}
			continue
		}
		b.WriteString(pick(line == "", "", "      ") + cut(line, width-6) + "\n")
	}
	if r.status != 0 {
		fmt.Fprintf(&b, "      (status %d)\n", r.status)
	}
	t.write(b.String())
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

func pick(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}
