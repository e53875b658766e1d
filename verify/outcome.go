// Package verify is the whole check of a bundle (SPEC sections 7 to 9): it joins the rules of package draw, the beacon's
// signatures and the witnessed log, and says whether a campaign's draws were made as its rules promised.
//
// It does no I/O of its own: the caller hands in a folder (Folder) or an archive (Tar). It fetches nothing, reads no clock
// and trusts nobody: everything that a bundle states is computed again. It streams, so memory grows with seats and
// alternates, not with the pool.
//
// Invariants: steps run in the order of SPEC section 9 and the first failure ends the check, as a *StepError; an Outcome
// exists only if every step held.
//
// Two more verifiers, spec/verify.py and web/src/verify, are written from SPEC alone. All must come to the same status and step
// for every input; TestVerifiersAgree compares them over altered vectors, folders and archives. Where they differ, SPEC is to say
// who is right.
//
// First calls: Folder or Tar, then Bundle; Receipt for one entrant's receipt against the outcome.
package verify

import (
	"fmt"
	"time"

	"fairlot/draw"
)

// Steps are the names of SPEC section 9; step n is Steps()[n−1].
func Steps() []string {
	return []string{"bundle", "record", "files", "log", "open", "history", "entrants", "root", "beacon", "seed", "ranking",
		"replace", "opened"}
}

// StepError says which step of SPEC section 9 failed and why. Draw is 0 if the step is not about one draw. Want and Got
// are set where two values were compared.
type StepError struct {
	Step   int
	Name   string
	Draw   int
	Reason string
	Want   string
	Got    string
	Err    error // what lay under it, may be nil
}

// Error is one line: the step's number and name, the draw, the reason.
func (e *StepError) Error() string {
	s := fmt.Sprintf("step %d %s", e.Step, e.Name)
	if e.Draw > 0 {
		s += fmt.Sprintf(", draw %d", e.Draw)
	}
	s += ": " + e.Reason
	if e.Want != "" || e.Got != "" {
		s += fmt.Sprintf(": want %s, got %s", e.Want, e.Got)
	}
	return s
}

// Unwrap is the error under the step's, for example one that wraps draw.ErrNewer.
func (e *StepError) Unwrap() error { return e.Err }

func failed(step, n int, reason string) *StepError {
	return &StepError{Step: step, Name: Steps()[step-1], Draw: n, Reason: reason}
}

func failedBy(step, n int, err error) *StepError {
	e := failed(step, n, err.Error())
	e.Err = err
	return e
}

func differs(step, n int, what string, want, got any) *StepError {
	e := failed(step, n, what)
	e.Want, e.Got = fmt.Sprint(want), fmt.Sprint(got)
	return e
}

// Step is a step that held. Draw is 0 for steps 1 to 6.
type Step struct {
	N    int
	Name string
	Draw int
}

// Exit statuses of SPEC section 9 that an Outcome can have. A *StepError is status 1, a usage error status 2.
const (
	StatusProven      = 0
	StatusUnconfirmed = 3
)

// Reasons of an Outcome. All but ReasonProven have status 3.
const (
	ReasonProven  = "proven"
	ReasonDrawn   = "drawn"
	ReasonWitness = "witness"
	ReasonBeacon  = "beacon"
)

// State is how far a draw came.
type State string

// States of a draw.
const (
	StateOpen   State = "open"   // no close record yet
	StateClosed State = "closed" // entry list fixed, no result yet
	StateDrawn  State = "drawn"
	StateVoid   State = "void"
)

// Outcome is what holds about a bundle whose every step held.
type Outcome struct {
	Status   int    // 0 or 3
	Reason   string // proven, drawn, witness or beacon
	Open     *draw.Open
	OpenHash draw.Hash
	Records  int64 // entries of the log
	Draws    []Draw
	Cases    []CaseCount // what was announced as opened for cases: of court, breach and person those that are there, in this order
}

// CaseCount counts what was opened for cases of one purpose.
type CaseCount struct {
	Purpose string
	Cases   int   // different case numbers
	Opened  int64 // persons, one who was opened twice twice
}

// Draw is what holds about one draw. What a state does not have is zero: Root and counts need a close record, seed and
// ranking a result.
type Draw struct {
	N         int
	State     State
	Round     uint64    // the round in force
	RoundTime time.Time // when it is due
	Deadline  time.Time // RoundTime less the margin
	Quicknet  bool      // whether the draw rests on the pinned chain
	Amended   bool      // whether an amend record counts

	Amending     uint64 // with Options.Now: a later round that is not in force, and would be if the quorum cosigned its amend record then; 0: none
	NotAmended   uint64 // the round of the last other amend record that does not count; 0: none
	Void         string // reason of the void record that counts
	Voiding      string // with Options.Now: reason of one that does not count yet, and would if the quorum cosigned it then
	Missed       string // reason of one that does not count and is passed over beside a result; with Options.Now also where a result is owed
	CloseHash    draw.Hash
	Close        *draw.Close
	InTime       bool     // whether the close record was cosigned in time
	Witnesses    []string // who cosigned it in time, by the names of the policy; all are outside the operator's key
	Entrants     int64    // leaves
	Ranked       int64    // leaves with chances > 0
	Root         draw.Root
	Result       *draw.Result
	Seed         draw.Seed
	Plan         draw.Plan // strata as they were joined, seats
	Ranking      []draw.Line
	Winners      []draw.Line      // who holds a seat after all replacements
	Called       int              // persons who ever held a seat
	Opened       map[string]int64 // announced openings by purpose
	Unproven     bool             // whether any was announced although the draw was not proven
	Audit        []draw.EntrantID // the audit sample, in its order
	Replaced     []*draw.Replace  // in the order of the log
	closeIndex   int64
	resultIndex  int64
	replacedAt   []int64 // places in the log of Replaced
	voidingIndex int64
	amendIndex   int64
	opened       []*draw.Opened
	voids        []voidEntry
}

// voidEntry is a void record, and whether it counts by being cosigned in time.
type voidEntry struct {
	index  int64
	reason string
	inTime bool
}

// VoidingIndex is the place in the log of the void record that Voiding is about.
func (d *Draw) VoidingIndex() int64 { return d.voidingIndex }

// AmendingIndex is the place in the log of the amend record that Amending is about.
func (d *Draw) AmendingIndex() int64 { return d.amendIndex }
