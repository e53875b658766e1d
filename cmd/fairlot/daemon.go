package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// daemonCmd runs the command of the same name of fairlotd, the program that reads and writes the rooms: this tool links no database.
type daemonCmd struct {
	Args []string `arg:"" optional:"" passthrough:"" help:"As fairlotd takes them: fairlotd COMMAND --help."`
}

func (c *daemonCmd) Run(a *app) error {
	program, err := daemonProgram()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(a.ctx, program, append([]string{a.command}, c.Args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it cleans up
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out, a.errw
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return &statusError{status: exit.ExitCode()}
	}
	return err
}

// daemonProgram finds the fairlotd that stands beside this program, or else the one in PATH.
func daemonProgram() (string, error) {
	if self, err := os.Executable(); err == nil {
		if self, err = filepath.EvalSymlinks(self); err == nil {
			beside := filepath.Join(filepath.Dir(self), "fairlotd")
			if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
				return beside, nil
			}
		}
	}
	path, err := exec.LookPath("fairlotd")
	if err != nil {
		return "", fmt.Errorf("this is done by fairlotd, which stands neither beside this program nor in PATH: run it on the machine of the installation (%w)", err)
	}
	return path, nil
}
