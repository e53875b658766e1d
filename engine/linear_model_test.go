package engine_test

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"

	"fairlot/engine"
)

// What a caller does.
const (
	callEnter = iota
	callClock
	callWork
	callShut  // first half of a closing: nobody enters any more
	callDrop  // second half: the entry list is public, without draws the entrants are gone
	callClose // end of a closing: the campaign says so
	callDraw
	callRead
	callErase // what only a look of the clock's own jobs does
)

type call struct {
	what, request int
	clock         time.Time
}

// maybe is the answer to a call whose caller learns nothing: it did something, or nothing.
const maybe = "maybe"

// answer is what the caller got to see.
type answer struct {
	what     string // "ok", a reason, maybe, "closed", "erased", "before", or "unknown" after a cancelled call
	entrants int64
	winners  string
}

// instants are the moments that decide.
type instants struct{ end, objections, round, erase int64 }

type kind struct {
	name   string
	rules  func(engine.Rules) engine.Rules
	draws  bool
	tokens bool
	shared bool // by two engines: whether an entry counts is decided by the clock under its lock, and it is seen by others a moment later
}

var kinds = []kind{
	{name: "survey only", rules: surveyOnly},
	{name: "proof none", rules: noProof, draws: true},
	{name: "tokens", draws: true, tokens: true, rules: func(r engine.Rules) engine.Rules { r.ChancesCap = 2; return r }},
}

// state is a campaign in one piece, as if calls came one after another.
type state struct {
	clock                        int64
	ever                         instants // 1 for each instant that the clock has once been at or after
	shut, dropped, closed, drawn bool
	erased                       bool
	entered, persons, tokensUsed uint32
	winners                      string
}

// steps says what may come of one call: the states after it, none if the answer is impossible.
func (k kind) steps(at instants, s state, c call, a answer) []state {
	next := func(ok bool, change func(*state)) []state {
		if !ok {
			return nil
		}
		n := s
		change(&n)
		return []state{n}
	}
	same := func(ok bool) []state { return next(ok, func(*state) {}) }
	if a.what == maybe {
		return append(k.done(s, c), s)
	}
	switch c.what {
	case callClock:
		return next(true, func(n *state) {
			n.clock = c.clock.UnixNano()
			for _, i := range []struct {
				at   int64
				ever *int64
			}{{at.end, &n.ever.end}, {at.objections, &n.ever.objections}, {at.round, &n.ever.round}, {at.erase, &n.ever.erase}} {
				if n.clock >= i.at {
					*i.ever = 1
				}
			}
		})
	case callEnter:
		return k.stepsOfEntry(at, s, c, a)
	case callShut, callDrop, callClose:
		switch a.what {
		case "ok":
			if c.what == callDrop && k.draws && a.entrants != int64(ones(s.entered)) {
				return nil
			}
			return k.done(s, c)
		case string(engine.TooEarly):
			return same(s.clock < at.objections)
		case string(engine.CampaignClosed):
			return same(s.erased)
		}
	case callDraw:
		switch a.what {
		case "ok":
			return next(s.closed && (s.winners == "" || s.winners == a.winners), func(n *state) { n.drawn, n.winners = true, a.winners })
		case string(engine.DrawState):
			return same(!s.closed)
		case string(engine.RoundNotYet):
			return same(s.dropped && s.clock < at.round)
		}
	case callRead:
		return same(a.what == s.public())
	}
	return nil
}

// done is the state after an act was carried out, none if it cannot be.
func (k kind) done(s state, c call) []state {
	n := s
	ok := false // each act looks at the clock once and is done a little later
	switch c.what {
	case callWork:
		ok, n.shut = s.ever.end == 1, true
	case callShut:
		ok, n.shut = s.ever.objections == 1, true
	case callDrop:
		ok, n.dropped = s.shut, true
	case callClose:
		ok, n.closed = s.dropped, true
	case callDraw:
		ok, n.drawn = s.closed && s.ever.round == 1, true
	case callErase:
		ok, n.erased = s.drawn && s.ever.erase == 1, true
	}
	if !ok {
		return nil
	}
	return []state{n}
}

// public is how the campaign is seen.
func (s state) public() string {
	switch {
	case s.erased:
		return "erased"
	case s.closed:
		return "closed"
	}
	return "before"
}

func (k kind) stepsOfEntry(at instants, s state, c call, a answer) []state {
	bit, person := uint32(1)<<c.request, uint32(1)<<(c.request%(requests/2))
	there, open := s.entered&bit != 0 && (k.draws || !s.dropped), !s.shut && (s.clock < at.end || k.shared)
	taken := k.tokens && (s.persons&person != 0 || s.tokensUsed&bit != 0)
	with := s
	with.entered |= bit
	with.persons |= person
	with.tokensUsed |= bit
	switch {
	case a.what == "ok" && there:
		return []state{s}
	case a.what == "ok" && open && !taken:
		return []state{with}
	case a.what == string(engine.CampaignEnded) || a.what == string(engine.CampaignClosed):
		if !there && (s.shut || s.clock >= at.end) {
			return []state{s}
		}
	case a.what == string(engine.PersonEntered) || a.what == string(engine.TokenRevoked):
		if !there && open && k.tokens && s.persons&person != 0 {
			return []state{s}
		}
	case a.what == string(engine.Busy): // whoever moves the gate took longer than an entry waits
		return []state{s}
	case a.what == "unknown":
		if !there && open && !taken {
			return []state{s, with}
		}
		return []state{s}
	}
	return nil
}

func ones(b uint32) (n int) {
	for ; b != 0; b &= b - 1 {
		n++
	}
	return n
}

func (k kind) model(at instants, clock time.Time) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{state{clock: clock.UnixNano()}} },
		Step: func(s, in, out any) []any {
			var all []any
			for _, n := range k.steps(at, s.(state), in.(call), out.(answer)) {
				all = append(all, n)
			}
			return all
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v -> %v", in, out) },
	}
	return m.ToModel()
}
