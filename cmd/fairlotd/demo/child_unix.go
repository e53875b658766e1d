//go:build unix && !linux

package demo

import "syscall"

// childAttr puts a child in its own process group, so that Ctrl-C reaches the demo alone and the demo ends its children in order.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
