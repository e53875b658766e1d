package draw

import (
	"errors"
	"fmt"
)

// ErrReplace says that a replacement breaks the order of SPEC section 5.
var ErrReplace = errors.New("replacement out of order")

// Seats follows who holds which seat of a draw while seats are vacated. Make it with NewSeats.
type Seats struct {
	forfeit bool
	strata  map[int]*stratumSeats
	taken   int
	called  int
}

type stratumSeats struct {
	lines []Line
	tier  map[int]int // rank → tier of the seat it holds
	next  int         // index in lines of the next alternate
}

// NewSeats starts from a ranking. Forfeit is the draw's rule: vacated seats stay empty.
func NewSeats(lines []Line, forfeit bool) *Seats {
	s := &Seats{forfeit: forfeit, strata: map[int]*stratumSeats{}}
	for _, l := range lines {
		st := s.strata[l.Stratum]
		if st == nil {
			st = &stratumSeats{tier: map[int]int{}}
			s.strata[l.Stratum] = st
		}
		st.lines = append(st.lines, l)
		if l.Seat > 0 {
			st.tier[l.Rank] = l.Seat
			st.next = len(st.lines)
			s.taken++
		}
	}
	return s
}

// Holds tells whether this rank of an effective stratum holds a seat now, and of which tier.
func (s *Seats) Holds(stratum, rank int) (tier int, ok bool) {
	st := s.strata[stratum]
	if st == nil {
		return 0, false
	}
	tier, ok = st.tier[rank]
	return tier, ok
}

// Next is the rank of the alternate who would take a seat vacated now; 0 if nobody would.
func (s *Seats) Next(stratum int) int {
	st := s.strata[stratum]
	if st == nil || s.forfeit || st.next >= len(st.lines) {
		return 0
	}
	return st.lines[st.next].Rank
}

// Apply vacates a seat as the record says. It changes nothing and returns an error that wraps ErrReplace if the rank holds
// no seat or the next one is another.
func (s *Seats) Apply(r *Replace) error {
	tier, ok := s.Holds(r.Stratum, r.Vacated)
	if !ok {
		return fmt.Errorf("%w: rank %d of stratum %d holds no seat", ErrReplace, r.Vacated, r.Stratum)
	}
	if next := s.Next(r.Stratum); r.Next != next {
		return fmt.Errorf("%w: next of stratum %d is %s, the record says %s", ErrReplace, r.Stratum, rankText(next), rankText(r.Next))
	}
	st := s.strata[r.Stratum]
	delete(st.tier, r.Vacated)
	if r.Next != 0 {
		st.tier[r.Next] = tier
		st.next++
		s.called++
	}
	return nil
}

func rankText(rank int) string {
	if rank == 0 {
		return "none"
	}
	return fmt.Sprint(rank)
}

// Called is how many persons ever held a seat: seats taken at first plus alternates called since.
func (s *Seats) Called() int { return s.taken + s.called }

// Winners are the lines of those who hold a seat now, in the order of the ranking, with the tier they hold.
func (s *Seats) Winners(lines []Line) []Line {
	var held []Line
	for _, l := range lines {
		if tier, ok := s.Holds(l.Stratum, l.Rank); ok {
			l.Seat = tier
			held = append(held, l)
		}
	}
	return held
}
