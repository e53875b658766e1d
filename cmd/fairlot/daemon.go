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

// daemonExamples stand before what fairlotd says of its command.
var daemonExamples = map[string]string{
	"backup":  "fairlot backup --dir /srv/fairlot --out /mnt/elsewhere/fairlot-2026-11-28",
	"restore": "fairlot restore --from /mnt/elsewhere/fairlot-2026-11-28 --dir /srv/fairlot",
	"export":  "fairlot export --dir /srv/fairlot --out /mnt/elsewhere/fairlot-export",
	"import":  "fairlot import --from /mnt/elsewhere/fairlot-export --dir /srv/fairlot-new --admin-dsn-file admin.dsn",
}

func (c *daemonCmd) Run(a *app) error {
	help := len(c.Args) == 1 && (c.Args[0] == "--help" || c.Args[0] == "-h")
	if help {
		a.printf("Operator, on the daemon's machine and as its account. fairlotd does it; all arguments are handed on.\n\nExample: %s\n\n", daemonExamples[a.command])
	}
	program, err := daemonProgram()
	if help && err != nil {
		a.printf("All flags: fairlotd %s --help, on the machine of the installation.\n", a.command)
		return nil
	}
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
