package main

import (
	"fmt"
	"syscall"
)

// noCore keeps the kernel from writing this process's memory to disk when it dies, and other processes of the same account from reading it: it
// holds names, numbers and answers for as long as a call takes.
func noCore() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core files: %w", err)
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); errno != 0 {
		return fmt.Errorf("forbid core files: %w", errno)
	}
	return nil
}
