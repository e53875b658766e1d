package attack

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// disk is an ext4 file system in a file, whose power can be cut.
type disk struct {
	image, dir string // the file, and where it is mounted
}

// newDisk makes and mounts one of size bytes, or skips the test where that is not allowed.
func newDisk(t testing.TB, size int64) *disk {
	t.Helper()
	base, err := os.MkdirTemp("", "cut") // short: a server's socket may lie in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	d := &disk{image: filepath.Join(base, "image"), dir: filepath.Join(base, "d")}
	if err := os.Chmod(base, 0o711); err != nil { // a server runs as another user
		t.Fatal(err)
	}
	for _, err := range []error{os.Mkdir(d.dir, 0o755), os.WriteFile(d.image, nil, 0o600), os.Truncate(d.image, size)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		t.Skipf("CANNOT make an ext4 file system: %v: %s", err, bytes.TrimSpace(out))
	}
	if err := d.mount(); err != nil {
		t.Skipf("CANNOT mount an ext4 file system: %v", err)
	}
	t.Cleanup(func() {
		if err := d.unmount(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *disk) mount() error {
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("mount: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// unmount waits until the last process is gone from it.
func (d *disk) unmount() error {
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		err := syscall.Unmount(d.dir, 0)
		if err != syscall.EBUSY || time.Since(began) > 20*time.Second {
			return err
		}
	}
}

// sync writes everything to the image.
func (d *disk) sync() error {
	if out, err := exec.Command("sync", "-f", d.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("sync: %w: %s", err, out)
	}
	return nil
}

// cut takes the power away, by the ioctl EXT4_IOC_SHUTDOWN with NOLOGFLUSH: what is not on the image yet, data or journal, never comes there, and
// every further call on the file system fails with EIO. What the image's own file holds stays: a disk without a volatile cache.
func (d *disk) cut() error {
	const shutdown, noLogFlush = 0x8004587d, uint32(2)
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer f.Close()
	flag := noLogFlush
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&flag))); e != 0 {
		return fmt.Errorf("shut the file system down: %w", e)
	}
	return nil
}

// back is the power coming back: the journal is replayed and the file system looked through, then mounted.
func (d *disk) back() error {
	if err := d.unmount(); err != nil {
		return fmt.Errorf("unmount after the cut: %w", err)
	}
	out, err := exec.Command("e2fsck", "-f", "-p", d.image).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 1) { // 1: errors were corrected
		return fmt.Errorf("e2fsck: %w: %s", err, out)
	}
	return d.mount()
}
