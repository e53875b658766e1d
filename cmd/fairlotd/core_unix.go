//go:build unix && !linux

package main

import (
	"fmt"
	"syscall"
)

// noCore keeps the kernel from writing this process's memory to disk when it dies.
func noCore() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core files: %w", err)
	}
	return nil
}
