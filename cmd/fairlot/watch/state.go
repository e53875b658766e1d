package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/ledger"
	"fairlot/monitor"
)

// maxState is the longest state file read, in bytes.
const maxState = 64 << 20

// Seen is what is kept of a log under one address.
type Seen struct {
	URL    string            `json:"url"`
	Key    string            `json:"key"`  // the log's verifier key: of the first look, or as it was given
	Note   string            `json:"note"` // the greatest head, as it was signed
	Sights []monitor.Sight   `json:"sights"`
	Proofs []monitor.Finding `json:"proofs,omitempty"` // two signed heads that contradict each other stay proven
}

// head is the greatest head seen; ok is false before the first.
func (s *Seen) head() (h monitor.Head, ok bool, err error) {
	if s.Note == "" {
		return h, false, nil
	}
	c, err := ledger.VerifyCheckpoint(s.Key, []byte(s.Note))
	if err != nil {
		return h, false, fmt.Errorf("the state of %s: %w", s.URL, err)
	}
	return monitor.Head{Size: c.Size, Root: c.Root, Note: s.Note}, true, nil
}

// saw notes that the log had a size at a time: of each size the last time stays.
func (s *Seen) saw(size int64, now time.Time) {
	if n := len(s.Sights); n > 0 && s.Sights[n-1].Size == size {
		s.Sights[n-1].Time = now
		return
	}
	s.Sights = append(s.Sights, monitor.Sight{Size: size, Time: now})
}

// prove keeps a finding that two signed notes prove, one for each head that another one contradicts, and tells whether it is new.
func (s *Seen) prove(f monitor.Finding) bool {
	if slices.ContainsFunc(s.Proofs, func(p monitor.Finding) bool { return p.Evidence[0] == f.Evidence[0] }) {
		return false
	}
	s.Proofs = append(s.Proofs, f)
	return true
}

// State is what the monitor keeps between runs.
type State struct {
	Logs []*Seen `json:"logs"`
}

// Of is what is kept of an address, made if there is nothing yet.
func (s *State) Of(url string) *Seen {
	for _, l := range s.Logs {
		if l.URL == url {
			return l
		}
	}
	l := &Seen{URL: url}
	s.Logs = append(s.Logs, l)
	return l
}

// Read reads a state file, which must be the caller's alone; a missing one is an empty state.
func Read(path string) (*State, error) {
	s := &State{}
	b, err := private.Read(path, maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, s); err != nil || slices.ContainsFunc(s.Logs, broken) {
		return nil, fmt.Errorf("read %s: this is no state of a monitor; put back the file, or begin anew with another name, which forgets all heads seen so far", path)
	}
	return s, nil
}

// Write puts the state in place of the one before: after a crash it is one or the other, in full.
func (s *State) Write(path string) error {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return private.Replace(path, append(b, '\n'))
}

// Hold keeps other monitors off a state file until release is called.
func Hold(path string) (release func(), err error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	return private.Hold(path + ".lock")
}

// broken tells whether a log's part of a state cannot be one that Write wrote.
func broken(s *Seen) bool {
	return s == nil || slices.ContainsFunc(s.Proofs, func(f monitor.Finding) bool { return len(f.Evidence) == 0 })
}
