package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestLockToServe starts daemons on one folder: on SQLite one, on PostgreSQL several, of which the first knows that it is alone.
func TestLockToServe(t *testing.T) {
	folder := func(mark string) string {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, keysDir), 0o700); err != nil {
			t.Fatal(err)
		}
		if mark == roomsDir {
			if err := os.Mkdir(filepath.Join(dir, mark), 0o700); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(filepath.Join(dir, mark), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	alone := folder(roomsDir)
	one, err := lockToServe(t.Context(), alone)
	if err != nil || one.sharing("d") != nil {
		t.Fatal(err)
	}
	if err := one.letIn(); err != nil {
		t.Fatal(err)
	}
	if _, err := lockToServe(t.Context(), alone); err == nil {
		t.Error("two daemons on SQLite")
	}
	one.Close()

	many := folder(appDSNs)
	first, err := lockToServe(t.Context(), many)
	if err != nil || !first.sharing("d").First || first.sharing("d").Door != "d" {
		t.Fatal(err)
	}
	second := starting(t, many)
	time.Sleep(150 * time.Millisecond)
	select {
	case <-second:
		t.Fatal("the second did not wait for the first one's start")
	default:
	}
	if err := first.letIn(); err != nil {
		t.Fatal(err)
	}
	l := <-second
	if l == nil || l.sharing("d").First {
		t.Fatal("the second takes itself for the first")
	}
	if unlock, err := lockFolder(many); err == nil {
		unlock()
		t.Error("an upgrade beside two daemons")
	}
	first.Close()
	l.Close()
	third, err := lockToServe(t.Context(), many)
	if err != nil || !third.first {
		t.Error("after all have gone the next is no first", err)
	}
}

func starting(t *testing.T, dir string) <-chan *serveLock {
	done := make(chan *serveLock, 1)
	go func() {
		l, err := lockToServe(t.Context(), dir)
		if err != nil {
			t.Error(err)
		}
		done <- l
	}()
	return done
}
