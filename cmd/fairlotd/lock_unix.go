//go:build unix

package main

import (
	"os"
	"syscall"
)

// tryLock takes the whole file for this process or fails at once; the kernel frees it when the process ends, however it ends.
func tryLock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// tryShare takes a share of the file, in place of what this process has of it, or fails at once.
func tryShare(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
}
