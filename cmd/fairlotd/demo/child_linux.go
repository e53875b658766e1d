package demo

import "syscall"

// childAttr puts a child in its own process group, so that Ctrl-C reaches the demo alone and the demo ends its children in order; and has
// the kernel end the child if the demo dies first, however it dies.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
