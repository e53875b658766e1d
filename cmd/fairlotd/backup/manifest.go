// Package backup copies the three rooms of an installation on SQLite while its daemon serves, and brings such a copy back.
//
// It never touches the key folder's keys: a backup holds rooms only, and a restore wants the installation's own key folder beside it. It is no
// schedule, and no copy of keys. A backup is a folder with the three files and a manifest (docs/FORMATS.md section 9), whose last line is a MAC under a key that
// follows from the log's signing key: whoever can write the backup, but has not the key folder, cannot change it unseen.
//
// First calls: [Make], then one day [Restore].
package backup

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
)

// ErrManifest says that a folder is no backup, or not one that this program's version reads.
var ErrManifest = errors.New("not a backup or export made by fairlotd, or its manifest is damaged")

const (
	manifestName = "manifest"
	maxManifest  = 4096
	logKeyFile   = "log.skey"
)

// Room is what the manifest says of one file.
type Room struct {
	File       string
	Schema     int64
	Generation int64
	Bytes      int64
	Hash       [32]byte // SHA-256
}

// Manifest is the text file of a backup:
//
//	fairlot/v1 backup
//	installation HEX32
//	made TIME
//	log SIZE HASH
//	room FILE SCHEMA GENERATION BYTES HASH     three of these
//	waiting DEC
//	mac HASH
//
// That of an export begins with `fairlot/v1 export`.
type Manifest struct {
	Export       bool
	Installation [16]byte
	Made         time.Time // when the first room was begun, seconds, UTC
	LogSize      int64
	LogRoot      ledger.Hash
	Rooms        []Room // registry.db, answers.db, identity.db; of an export registry.export, identity.export, answers.export
	Waiting      int64  // responses that were not mixed yet: they need their epoch keys
}

func (m Manifest) body() []byte {
	kind := "backup"
	if m.Export {
		kind = "export"
	}
	b := fmt.Appendf(nil, "fairlot/v1 "+kind+"\ninstallation %x\nmade %s\nlog %d %x\n", m.Installation, m.Made.UTC().Format(time.RFC3339), m.LogSize, m.LogRoot[:])
	for _, r := range m.Rooms {
		b = fmt.Appendf(b, "room %s %d %d %d %x\n", r.File, r.Schema, r.Generation, r.Bytes, r.Hash)
	}
	return fmt.Appendf(b, "waiting %d\n", m.Waiting)
}

func (m Manifest) marshal(key []byte) []byte {
	body := m.body()
	return fmt.Appendf(body, "mac %x\n", mac(key, body))
}

func mac(key, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(body)
	return h.Sum(nil)
}

// parse reads a manifest in its one encoding. The MAC is given back unchecked.
func parse(b []byte) (m Manifest, sum []byte, err error) {
	lines := strings.Split(string(b), "\n")
	m.Export = lines[0] == "fairlot/v1 export"
	if !m.Export && lines[0] != "fairlot/v1 backup" || len(lines) != 10 {
		return m, nil, ErrManifest
	}
	var installation, made, root, last string
	_, err = fmt.Sscanf(strings.Join(lines[1:4], "\n"), "installation %s\nmade %s\nlog %d %s", &installation, &made, &m.LogSize, &root)
	for _, line := range lines[4:7] {
		var r Room
		var hash string
		_, err2 := fmt.Sscanf(line, "room %s %d %d %d %s", &r.File, &r.Schema, &r.Generation, &r.Bytes, &hash)
		err = errors.Join(err, err2, unhex(r.Hash[:], hash))
		m.Rooms = append(m.Rooms, r)
	}
	_, err2 := fmt.Sscanf(strings.Join(lines[7:9], "\n"), "waiting %d\nmac %s", &m.Waiting, &last)
	sum = make([]byte, 32)
	err = errors.Join(err, err2, unhex(m.Installation[:], installation), unhex(m.LogRoot[:], root), unhex(sum, last))
	if err == nil {
		m.Made, err = time.Parse(time.RFC3339, made)
	}
	if err != nil || !bytes.Equal(b, fmt.Appendf(m.body(), "mac %x\n", sum)) {
		return Manifest{}, nil, ErrManifest
	}
	return m, sum, nil
}

func unhex(dst []byte, s string) error {
	b, err := hex.DecodeString(s)
	if err == nil && len(b) != len(dst) {
		err = ErrManifest
	}
	copy(dst, b)
	return err
}

// owner is what the key folder says about whose rooms these are.
type owner struct {
	installation [16]byte
	origin       string
	macKey       []byte
}

func readOwner(keyDir string) (owner, error) {
	text, err := keys.GetText(keyDir, logKeyFile)
	if err != nil {
		return owner{}, fmt.Errorf("key folder: %w", err)
	}
	signer, vkey, err := ledger.NewLogSigner(text)
	if err != nil {
		return owner{}, fmt.Errorf("key folder: %s: %w", logKeyFile, err)
	}
	id := sha256.Sum256([]byte(vkey.String()))
	key := sha256.Sum256([]byte("fairlot/v1 backup key\n" + text))
	return owner{[16]byte(id[:16]), signer.Name(), key[:]}, nil
}

// readManifest reads and checks a backup's manifest against the key folder.
func readManifest(from string, o owner) (Manifest, error) {
	f, err := os.Open(filepath.Join(from, manifestName))
	if err != nil {
		return Manifest{}, fmt.Errorf("read the manifest of %s: %w", from, errors.Join(ErrManifest, err))
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return Manifest{}, fmt.Errorf("read the manifest of %s: %w", from, err)
	}
	m, sum, err := parse(b)
	if err != nil {
		return m, fmt.Errorf("%s: %w", from, err)
	}
	if m.Installation != o.installation {
		return m, fmt.Errorf("%s is of another installation than the key folder (%s)", from, o.origin)
	}
	if !hmac.Equal(sum, mac(o.macKey, m.body())) {
		return m, fmt.Errorf("the manifest of %s was changed since the backup was made: take another backup", from)
	}
	return m, nil
}
