//go:build unix

package demo

import (
	"os"
	"syscall"
)

// tryLock takes the whole file for this process or fails at once; the kernel frees it when the process ends, however it ends.
func tryLock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
