// Package keys is the key folder of one host: the epoch keys and tag keys of campaigns (docs/FORMATS.md section 7) and the signing
// keys of the installation, one file each, readable by their owner only.
//
// It is not a key service and encrypts nothing: who can read the folder has the keys. An attacker who can read it, and the databases
// besides, reads the responses that are not mixed yet and, until close, whose ID number each tag is. So it is kept out of every
// backup that holds a database. Destroying overwrites and removes the file, and makes the removal durable; a file system or disk
// that keeps old blocks may keep them.
//
// Several processes of one host may work on a folder at once. A key is made under its name or not at all, never over another; marks are
// swapped under a lock on the folder (flock) that lasts for one write, and lists written under another, on the file `.lists`. First calls: [Make] once, then [Open].
package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Errors, to be tested with errors.Is. An absent key is fs.ErrNotExist.
var (
	// ErrName says that a name is not one of those that the folder keeps.
	ErrName = errors.New("not a key name")
	// ErrFile says that a key file is not in its one encoding, or is another key's.
	ErrFile = errors.New("not the key file of this name")
	// ErrAccess says that the folder or a file in it may be read by others.
	ErrAccess = errors.New("can be read by others than its owner")
)

const (
	maxFile = 256     // bytes of a key file
	maxText = 4096    // bytes of a text file
	partial = ".new-" // prefix of a file that is being written
	suffix  = ".key"  // of a key file
	private = fs.FileMode(0o077)
)

// Folder holds secrets of 32 bytes. Names are `tag-HEX32` and `epoch-HEX32-N`, HEX32 being a campaign's id and N 1 to 2^32 − 1. All
// methods are safe for concurrent use, in several processes too; each is durable when it returns nil.
type Folder struct {
	dir   string
	lists lists
}

// Make creates the folder, mode 0700. The error is fs.ErrExist if there is something of that name.
func Make(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dir))
}

// Open opens a folder that Make created. It refuses one that others can read, and removes what a crash left half written; what another process
// is writing just now stays.
func Open(dir string) (*Folder, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open key folder: %w", fs.ErrInvalid)
	}
	if info.Mode().Perm()&private != 0 {
		return nil, fmt.Errorf("open key folder: the folder %w: chmod 700 it", ErrAccess)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), partial) {
			if err := sweep(dir, entry.Name()); err != nil {
				return nil, err
			}
		}
	}
	return &Folder{dir: dir}, nil
}

// Create draws a new random secret under name, or returns the one that is there. Errors wrap ErrName, ErrFile or ErrAccess, or are
// the file system's.
func (f *Folder) Create(name string) (key [32]byte, err error) {
	key, err = f.Get(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	file, campaign, use, err := parseName(name)
	if err != nil {
		return key, err
	}
	rand.Read(key[:])
	text := printKey(campaign, use, key)
	defer clear(text)
	err = put(f.dir, file, text)
	if errors.Is(err, fs.ErrExist) { // another process was faster: its key is the one
		return f.Get(name)
	}
	if err != nil {
		return [32]byte{}, fmt.Errorf("create key: %w", err)
	}
	return key, nil
}

// Get returns a secret. Errors wrap fs.ErrNotExist if it is absent or destroyed, ErrName, ErrFile or ErrAccess.
func (f *Folder) Get(name string) (key [32]byte, err error) {
	file, campaign, use, err := parseName(name)
	if err != nil {
		return key, err
	}
	key, err = f.read(file, campaign, use)
	if errors.Is(err, ErrFile) { // opened just before it was destroyed, and read after: then the name is gone by now
		key, err = f.read(file, campaign, use)
	}
	return key, err
}

func (f *Folder) read(file, campaign, use string) (key [32]byte, err error) {
	text, err := get(f.dir, file, maxFile)
	if err != nil {
		return key, fmt.Errorf("read key: %w", err)
	}
	defer clear(text)
	head := len(text) - len("key ") - 2*len(key) - 1
	if head < 0 {
		return key, fmt.Errorf("read key: %w", ErrFile)
	}
	if _, err := hex.Decode(key[:], text[head+len("key "):len(text)-1]); err != nil || key == [32]byte{} {
		return [32]byte{}, fmt.Errorf("read key: %w", ErrFile)
	}
	again := printKey(campaign, use, key)
	defer clear(again)
	if !bytes.Equal(again, text) {
		return [32]byte{}, fmt.Errorf("read key: %w", ErrFile)
	}
	return key, nil
}

// Destroy overwrites and removes a secret; absent is nil.
func (f *Folder) Destroy(name string) error {
	file, _, _, err := parseName(name)
	if err != nil {
		return err
	}
	err = destroy(f.dir, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// parseName splits a name into the file's name, the campaign in 32 digits and the use as the file states it.
func parseName(name string) (file, campaign, use string, err error) {
	kind, rest, _ := strings.Cut(name, "-")
	campaign, number, counted := strings.Cut(rest, "-")
	id, err := hex.DecodeString(campaign)
	if err != nil || len(id) != 16 || hex.EncodeToString(id) != campaign {
		return "", "", "", ErrName
	}
	switch {
	case kind == "tag" && !counted:
		return campaign + "-tag" + suffix, campaign, "tag", nil
	case kind == "epoch" && counted:
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n == 0 || strconv.FormatUint(n, 10) != number {
			return "", "", "", ErrName
		}
		return campaign + "-epoch-" + number + suffix, campaign, "epoch " + number, nil
	}
	return "", "", "", ErrName
}

func printKey(campaign, use string, key [32]byte) []byte {
	b := []byte("fairlot/v1 key\ncampaign " + campaign + "\nuse " + use + "\nkey ")
	return append(hex.AppendEncode(b, key[:]), '\n')
}
