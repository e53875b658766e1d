package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairlot/store"
)

// Marks keeps short texts outside every database and its backups, so that an old database is known to be old. The key folder of
// one host stands behind it.
type Marks interface {
	// Mark returns a text; an error that is fs.ErrNotExist if it was never set.
	Mark(name string) (string, error)
	// SetMark sets a text in place of the one before, whole, and durably when it returns.
	SetMark(name, text string) error
	// SwapMark is SetMark by compare-and-swap, among all that work with these marks: only if the mark says old. It returns whether it did.
	SwapMark(name, old, new string) (bool, error)
	// AddLine puts a line into a list, once, durably when it returns; anybody may have it called again and again, so one that is there must cost next to nothing.
	// Lines returns the list in the order of its bytes; one that nothing was added to is empty. HasLine looks for one line.
	AddLine(name, line string) error
	HasLine(name, line string) (bool, error)
	Lines(name string) ([]string, error)
	// ListSize is how many bytes a list has, and how many it may have: then AddLine refuses lines that are not there, with keys.ErrFull.
	ListSize(name string) (size, most int64, err error)
}

// Names of the marks, and beginnings of those of the lists, one a campaign (docs/FORMATS.md section 7).
const (
	generationMark = "generation" // `running N` or `starting N`
	signedMark     = "signed"     // size and root of the newest tree that was signed
	withdrawnList  = "withdrawn"  // the hash of the answer secret of each response that was withdrawn
	erasedList     = "erased"     // `ENTRY REASON` of each person who was erased, with REASON after-close who asked behind the close, and with REASON superseded of each entry that was corrected, so that no copy of the rooms brings them back
)

// Errors of New about rooms that are not the ones it left, to be tested with errors.Is. Their texts say what to do.
var (
	// ErrOtherRoom says that a room belongs to another installation, or to none yet. Nothing makes New take it.
	ErrOtherRoom = errors.New("not a room of this installation")
	// ErrOldRoom says that a room, or the key folder, is an older copy than the others. Config.AcceptRestored makes New take it.
	ErrOldRoom = errors.New("brought back from a copy")
	// ErrOldLog says that the registry lacks records that were signed, or holds others. Nothing makes New take it: the log would fork.
	ErrOldLog = errors.New("the registry room is older than what was signed")
)

// bumpEvery is how often Run moves the generation on: a copy taken while the daemon ran is known as old after that time at most.
const bumpEvery = time.Hour

// installationID is what ties rooms together: the first 16 bytes of SHA-256 of the log's verifier key.
func installationID(in store.Installation) [16]byte {
	sum := sha256.Sum256([]byte(in.LogKey))
	return [16]byte(sum[:16])
}

type boundRoom struct {
	name string
	store.Bound
}

func boundRooms(r store.Rooms) [3]boundRoom {
	return [3]boundRoom{{"registry room", r.Registry}, {"identity room", r.Identity}, {"answers room", r.Answers}}
}

func (e *Engine) rooms() [3]boundRoom {
	return boundRooms(store.Rooms{Registry: e.Registry, Identity: e.Identity, Answers: e.Answers})
}

// bindRooms ties new rooms to their installation and writes the first marks.
func bindRooms(ctx context.Context, rooms store.Rooms, marks Marks, in store.Installation) error {
	for _, r := range boundRooms(rooms) {
		if err := r.PutBinding(ctx, store.Binding{Installation: installationID(in), Generation: 1}); err != nil {
			return fmt.Errorf("bind the %s: %w", r.name, err)
		}
	}
	if err := setSigned(marks, 0, emptyRoot); err != nil {
		return err
	}
	return setGeneration(marks, "running", 1)
}

func setGeneration(m Marks, word string, n int64) error {
	return m.SetMark(generationMark, printGeneration(word, n))
}

func printGeneration(word string, n int64) string { return fmt.Sprintf("%s %d\n", word, n) }

// readGeneration returns what the mark says; an error that is fs.ErrNotExist if there is none.
func readGeneration(m Marks) (n int64, starting bool, err error) {
	text, err := m.Mark(generationMark)
	if err != nil {
		return 0, false, err
	}
	word, number, _ := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
	n, err = strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || word != "starting" && word != "running" || text != printGeneration(word, n) {
		return 0, false, errors.New("the file `generation` of the key folder is damaged: bring back its newest copy")
	}
	return n, word == "starting", nil
}

// Generation returns the generation that rooms of these marks must have; an error that is fs.ErrNotExist if there is no mark.
func Generation(m Marks) (int64, error) {
	n, _, err := readGeneration(m)
	return n, err
}

// MarkRestored tells the key folder that rooms, of the generations given, were put back from a copy: the next start asks for Config.AcceptRestored, whether or not
// they look older than the folder. A folder without the mark asks for it anyway.
func MarkRestored(m Marks, generations ...int64) error {
	n, _, err := readGeneration(m)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return setGeneration(m, "running", slices.Max(append(generations, n))+1)
}

// snapshot is what rooms and marks say of one moment.
type snapshot struct {
	have     [3]int64 // generations of the rooms
	n        int64    // of the mark
	starting bool
	absent   bool // there is no mark
}

// lookAround reads rooms and mark until the mark stood still meanwhile: other engines may be moving both.
func (e *Engine) lookAround(ctx context.Context) (s snapshot, err error) {
	for {
		before, err := e.Marks.Mark(generationMark)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		for i, r := range e.rooms() {
			b, err := r.Binding(ctx)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return s, err
			}
			if err != nil || b.Installation != installationID(e.installation) {
				return s, fmt.Errorf("%s: %w: find the one that belongs here", r.name, ErrOtherRoom)
			}
			s.have[i] = b.Generation
		}
		s.n, s.starting, err = readGeneration(e.Marks)
		s.absent = errors.Is(err, fs.ErrNotExist)
		if err != nil && !s.absent {
			return s, err
		}
		if after, err := e.Marks.Mark(generationMark); err == nil && after == before || s.absent {
			return s, nil
		}
	}
}

// joinRooms makes sure that the three rooms are this installation's and as they were left, and moves them on by one generation. What a crash
// left of an earlier move is finished first, so it may be cut off anywhere and begun again.
func (e *Engine) joinRooms(ctx context.Context) error {
	s, err := e.lookAround(ctx)
	if err != nil {
		return err
	}
	var old error
	if s.absent {
		old = fmt.Errorf("the key folder has no file `generation`, so it cannot be told whether the rooms are the newest: %w", ErrOldRoom)
	} else {
		old = judgeGenerations(e.rooms(), s)
	}
	if old == nil {
		old = e.checkCampaigns(ctx)
	}
	switch {
	case (old == nil || errors.Is(old, ErrOldRoom)) && e.AcceptRestored && e.Sharing != nil && !e.Sharing.First:
		return errors.New("another daemon works on these rooms: stop them all, and accept what was restored with the first one that starts")
	case errors.Is(old, ErrOldRoom) && e.AcceptRestored, old == nil && e.AcceptRestored:
		// Also if nothing looks old: a copy may have been put back before the next move of the generation.
		e.Log.Warn("accepted what was brought back from a copy: whatever was acknowledged since that copy is lost", "found", old)
		newest := max(s.n, s.have[0], s.have[1], s.have[2], 1)
		err := onMachine(ctx, e.Registry, e.installation, e.Now(), Act{Method: "Installation/AcceptRestored"}, func() error {
			if err := e.recover(ctx); err != nil {
				return err
			}
			for i, r := range e.rooms() { // whoever is cut off here finds a mismatch again, and accepts it again
				if err := r.SetGeneration(ctx, s.have[i], newest); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := setGeneration(e.Marks, "running", newest); err != nil {
			return err
		}
	case errors.Is(old, ErrOldRoom):
		return fmt.Errorf("%w. Stop, and look for the newest copy of each part. Once these are the newest: fairlotd restore --put-back --dir DIR, which says what is lost, if rooms were put back by hand; "+
			"then fairlotd serve --accept-restored, once; what was acknowledged since that copy is then lost", old)
	case old != nil:
		return old
	}
	return e.bump(ctx)
}

// judgeGenerations says which room is older or newer than the key folder; nil if all are as they were left.
func judgeGenerations(rooms [3]boundRoom, s snapshot) error {
	var older, newer []string
	for i, r := range rooms {
		if s.have[i] > s.n {
			newer = append(newer, r.name)
		} else if s.have[i] < s.n && !(s.starting && s.have[i] == s.n-1) {
			older = append(older, r.name)
		}
	}
	switch {
	case len(newer) > 0:
		return fmt.Errorf("%s: further than the key folder, which was %w", strings.Join(newer, ", "), ErrOldRoom)
	case len(older) > 0:
		return fmt.Errorf("%s: not as the key folder was left with: %w", strings.Join(older, ", "), ErrOldRoom)
	}
	return nil
}

// bump moves the rooms on by one generation. The mark is swapped, so that of several engines one begins a move; a move that was begun, by whom
// ever, is made by all who find it. After an error the same move is made by the next call, in this process or another.
func (e *Engine) bump(ctx context.Context) (err error) {
	ctx, end := e.Meter.Work(ctx, "move generation")
	defer func() { end(err) }()
	e.bumpMu.Lock()
	defer e.bumpMu.Unlock()
	for {
		n, starting, err := readGeneration(e.Marks)
		if err != nil {
			return err
		}
		if starting {
			if err := e.finishMove(ctx, n); err != nil {
				return err
			}
			continue
		}
		began, err := e.Marks.SwapMark(generationMark, printGeneration("running", n), printGeneration("starting", n+1))
		if err != nil {
			return err
		}
		if !began {
			continue // another engine moves them on
		}
		if err := e.finishMove(ctx, n+1); err != nil {
			return err
		}
		e.bumped = e.Now()
		return nil
	}
}

// finishMove makes the move to generation n that the mark says was begun. If the mark has gone on meanwhile, somebody else made it.
func (e *Engine) finishMove(ctx context.Context, n int64) error {
	for _, r := range e.rooms() {
		err := r.SetGeneration(ctx, n-1, n)
		if err == nil {
			continue
		}
		if now, starting, err2 := readGeneration(e.Marks); err2 == nil && (now > n || now == n && !starting) {
			return nil
		}
		return fmt.Errorf("move the %s to the next generation: %w", r.name, err)
	}
	_, err := e.Marks.SwapMark(generationMark, printGeneration("starting", n), printGeneration("running", n))
	return err
}

// bumpIfDue is bump once in bumpEvery. Run alone calls it.
func (e *Engine) bumpIfDue(ctx context.Context) {
	e.bumpMu.Lock()
	due := e.Now().Sub(e.bumped).Abs() >= bumpEvery
	if due {
		e.bumped = e.Now().Add(time.Minute - bumpEvery) // tried again in a minute if it fails now
	}
	e.bumpMu.Unlock()
	if !due {
		return
	}
	if err := e.bump(ctx); err != nil && ctx.Err() == nil {
		e.Log.Error("tell later copies of the rooms from earlier ones: tried again in a minute", "error", err)
	}
}

// bumpLast is bump at the end, so that copies of the rooms taken while the daemon ran are known as old.
func (e *Engine) bumpLast(ctx context.Context) {
	if err := e.bump(ctx); err != nil {
		e.Log.Warn("tell later copies of the rooms from earlier ones: begun, and finished by the next start", "error", err)
	}
}

// checkCampaigns finds rooms that cannot be of one moment, whatever their generations say. The error is ErrOldRoom or a room's own.
func (e *Engine) checkCampaigns(ctx context.Context) error {
	return e.eachCampaign(ctx, func(c store.Campaign) error {
		if c.State < store.Open || c.State > store.Closed {
			return nil
		}
		older := func(room, why string) error {
			return fmt.Errorf("%s: older than the other rooms: campaign %s %s: %w", room, hexID(c.ID), why, ErrOldRoom)
		}
		gate, err := e.Identity.Gate(ctx, c.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			if c.GateMade || c.State != store.Open {
				return older("identity room", "is not in it")
			}
		case err != nil:
			return err
		case c.State == store.Ended && gate.State == store.GateOpen, c.State == store.Closed && gate.State != store.GateClosed:
			return older("identity room", "has gone further than it knows")
		}
		// Another engine may be mixing: what is cleared was mixed before, and what is mixed was formed before, so they are read in that order.
		batches, err := e.Identity.Batches(ctx, c.ID)
		if err != nil {
			return err
		}
		_, cleared := lastBatches(batches)
		mixed, err := e.Answers.LastMixed(ctx, c.ID)
		if err != nil {
			return err
		}
		if batches, err = e.Identity.Batches(ctx, c.ID); err != nil {
			return err
		}
		formed, _ := lastBatches(batches)
		if mixed > formed {
			return older("identity room", "is mixed further than it knows")
		}
		if mixed < cleared {
			return older("answers room", "was mixed further than it knows")
		}
		return nil
	})
}

func lastBatches(batches []store.Batch) (formed, cleared uint32) {
	for _, b := range batches {
		formed = b.Last
		if b.Cleared {
			cleared = b.Last
		}
	}
	return formed, cleared
}

// recover makes the three rooms fit each other again after one was brought back from a copy. Epochs whose responses are mixed, or lost, are over, and
// entries go on in a new one; without it their answers would be dropped as mixed already. A campaign of which the identity room
// knows nothing has lost its entrants and becomes erased; one that was erased is so again. Each step may be repeated.
func (e *Engine) recover(ctx context.Context) error {
	return e.eachCampaign(ctx, func(c store.Campaign) error {
		if err := e.withdrawAgain(ctx, c.ID); err != nil {
			return err
		}
		if c.State == store.Erased {
			return e.dropAgain(ctx, c)
		}
		if c.State == store.Draft {
			return e.dropNewerExclusion(ctx, c)
		}
		if c.State < store.Open || c.State > store.Closed {
			return nil
		}
		gate, err := e.Identity.Gate(ctx, c.ID)
		if errors.Is(err, store.ErrNotFound) {
			if !c.GateMade && c.State == store.Open {
				return nil // New makes it
			}
			e.Log.Warn("all entrants of a campaign are lost: it is erased", "campaign", hexID(c.ID))
			return e.Registry.SetCampaignState(ctx, c.ID, c.State, store.Erased)
		}
		if err != nil {
			return err
		}
		if err := e.eraseAgain(ctx, c.ID, false); err != nil { // before the gate is moved on, so that the list is the one that was closed
			return err
		}
		over, formed, err := e.recoverMixing(ctx, c, gate)
		if err != nil {
			return err
		}
		state, epoch := gate.State, gate.Epoch
		switch {
		case c.State == store.Closed:
			state = store.GateClosed
		case c.State == store.Ended && state == store.GateOpen:
			state = store.GateEnded
		}
		if over > formed {
			b := store.Batch{First: formed + 1, Last: over}
			if err := e.Identity.PutBatch(ctx, c.ID, b); err != nil {
				return err
			}
			if err := e.Identity.ClearBatch(ctx, c.ID, b.First, b.Last); err != nil {
				return err
			}
		}
		if state == store.GateOpen && epoch <= over {
			epoch = over + 1
			if _, err := e.Keys.Create(epochKeyName(c.ID, epoch)); err != nil {
				return err
			}
		}
		if state != gate.State || epoch != gate.Epoch {
			if _, err = e.moveGate(ctx, gate, state, epoch); err != nil {
				return err
			}
		}
		if err := e.eraseAgain(ctx, c.ID, true); err != nil {
			return err
		}
		if c.State == store.Closed {
			o, err := e.open(ctx, c.ID)
			if err != nil {
				return err
			}
			if err := e.exclude(ctx, o); err != nil { // the copy may be older than the close
				return err
			}
		}
		if err := e.recoverNotices(ctx, c); err != nil { // by the list that was closed, and by who is erased
			return err
		}
		if err := e.missClaims(ctx, c); err != nil {
			return err
		}
		return e.dropAgain(ctx, c)
	})
}

// recoverMixing gives up responses that are lost: those of batches that the answers room has forgotten, and those under keys that are destroyed.
// It returns the last epoch that is over, and the last one of a batch that the identity room knows.
func (e *Engine) recoverMixing(ctx context.Context, c store.Campaign, gate store.Gate) (over, formed uint32, err error) {
	mixed, err := e.Answers.LastMixed(ctx, c.ID)
	if err != nil {
		return 0, 0, err
	}
	batches, err := e.Identity.Batches(ctx, c.ID)
	if err != nil {
		return 0, 0, err
	}
	formed, cleared := lastBatches(batches)
	over = max(mixed, cleared)
	for epoch := over + 1; epoch <= gate.Epoch; epoch++ {
		switch _, err := e.Keys.Get(epochKeyName(c.ID, epoch)); {
		case gone(err):
			over = epoch
		case err != nil:
			return 0, 0, err
		}
	}
	if over > mixed {
		e.Log.Warn("responses are lost: they are not in the answers room, or their key is destroyed", "campaign", hexID(c.ID), "from epoch", mixed+1, "to epoch", over)
		err = e.Answers.PutMixed(ctx, c.ID, mixed+1, over, nil, nil)
	}
	return over, formed, err
}
