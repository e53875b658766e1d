package attack

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// linkerEdits are what is wrong with the daemons that TestLinkerDefeats attacks.
func linkerEdits() []edit {
	const is = `strings.Contains(os.Getenv("FAIRLOT_BROKEN"), `
	return []edit{
		edit{"engine/mix.go", "	\"math/big\"\n", "	\"math/big\"\n	\"os\"\n	\"strings\"\n"},
		// Rows stay in the order in which they were read, or get ids in it before they are shuffled.
		edit{"engine/mix.go", "	if !e.hooks.unmixed {\n", `	for i := range responses {
		e.hooks.sequence++
		binary.BigEndian.PutUint64(responses[i].ID[:], e.hooks.sequence)
	}
	for i := range texts {
		e.hooks.sequence++
		binary.BigEndian.PutUint64(texts[i].ID[:], e.hooks.sequence)
	}
	ordered := ` + is + `"ids")
	if !e.hooks.unmixed && !` + is + `"order") {
`},
		edit{"engine/mix.go", "	for i := range responses {\n		responses[i].ID = e.rowID()", "	for i := range responses {\n		if ordered {\n			break\n		}\n		responses[i].ID = e.rowID()"},
		edit{"engine/mix.go", "	for i := range texts {\n		texts[i].ID = e.rowID()", "	for i := range texts {\n		if ordered {\n			break\n		}\n		texts[i].ID = e.rowID()"},
		// Rows carry the number of their batch, in a column that is there.
		edit{"engine/mix.go", "	if err := e.shuffle(responses, texts); err != nil {\n", `	for i := range responses {
		if ` + is + `"batch") {
			responses[i].Consents = uint16(b.First)
		}
	}
	if ` + is + `"together") { // they are there already
		responses, texts = nil, nil
	}
	if err := e.shuffle(responses, texts); err != nil {
`},
		// Answers are written as soon as they come, each beside its entrant.
		edit{"engine/enter.go", "		case store.Entered, store.EnteredDuplicate:\n", `		case store.Entered, store.EnteredDuplicate:
			if ` + is + `"together") {
				key, err := e.Keys.Get(epochKeyName(o.id, entry.Epoch))
				if err != nil {
					return Receipt{}, err
				}
				r, texts, err := o.openResponse(key, store.SealedResponse{ID: entry.ID, Epoch: entry.Epoch, Response: entry.Response})
				if err != nil {
					return Receipt{}, err
				}
				r.ID = e.rowID()
				for i := range texts {
					texts[i].ID = e.rowID()
				}
				epoch := 1<<20 + alone.Add(1)
				if err := e.Answers.PutMixed(ctx, o.id, epoch, epoch, []store.Response{r}, texts); err != nil {
					return Receipt{}, err
				}
			}
`},
		edit{"engine/enter.go", "	\"math/rand/v2\"\n", "	\"math/rand/v2\"\n	\"os\"\n	\"strings\"\n	\"sync/atomic\"\n"},
		edit{"engine/enter.go", "// EnterRequest is one entry", "var alone atomic.Uint32\n\nvar began = time.Now()\n\n// EnterRequest is one entry"},
		// A column has the time of entry, in steps of 4 ms.
		edit{"engine/enter.go", "	if o.survey != nil {\n		if entry.Response,", `	if ` + is + `"time") {
		c.response.Consent = uint16(time.Since(began) / (4 * time.Millisecond))
	}
	if o.survey != nil {
		if entry.Response,`},
		// Sealed responses are as long as what is in them.
		edit{"crypto/seal/response.go", "	\"fmt\"\n", "	\"fmt\"\n	\"os\"\n	\"strings\"\n"},
		edit{"crypto/seal/response.go", "	plain := make([]byte, headSize+size)\n", "	if " + is + "\"padding\") {\n		size = len(r.Body)\n	}\n	plain := make([]byte, headSize+size)\n"},
		edit{"crypto/seal/response.go", "len(sealed) != Overhead+size {", "len(sealed) > Overhead+size {"},
		edit{"crypto/seal/response.go", "uint64(n) > uint64(size) ||", "uint64(n) > uint64(len(plain)-headSize) ||"},
	}
}

// TestLinkerDefeats gives the attack program of TestLinker daemons that are each broken in one way, or in several that show in different places. It must link at
// least 95 % of the answers wherever something is wrong, in one of three installations if a busy machine spoils a run, and in a daemon of the same program in which
// nothing is switched on no more than chance, in the only one. With FAULT_ENTRIES all of it is tried on PostgreSQL too.
func TestLinkerDefeats(t *testing.T) {
	t.Parallel()
	program := brokenDaemon.built(t)
	servers := []engine{sqlite, linkedServer(t)}
	t.Run("daemons", func(t *testing.T) { // the server outlives them
		for _, on := range servers {
			for _, v := range []wrong{
				{name: "nothing"},
				{name: "ids time padding", defeats: []defeat{{"responses", " by row column 1"}, {"responses", "arrival by row column 3"}, {"free texts", "pending size by row size"}}},
				{name: "order batch", defeats: []defeat{{"responses", " by row place"}, {"free texts", " by row place"}}, order: true, placed: true},
				{name: "together", defeats: []defeat{{"responses", "arrival by row "}, {"free texts", "arrival by row "}}, alone: true},
			} {
				if on.name != "sqlite" && v.name != "order batch" && os.Getenv("FAULT_ENTRIES") == "" {
					continue // what else is wrong shows on both engines alike: the long form tries it
				}
				t.Run(on.name+"/"+strings.ReplaceAll(v.name, " ", ","), func(t *testing.T) {
					t.Parallel()
					for try := 1; ; try++ {
						faults := v.attacked(t, on, program)
						if len(faults) == 0 {
							return
						}
						if try == 3 || v.name == "nothing" {
							t.Error(strings.Join(faults, "\n"))
							return
						}
						t.Logf("try %d: %s", try, strings.Join(faults, "\n"))
					}
				})
			}
		}
	})
}

// wrong is a daemon that is broken, and how that must show.
type wrong struct {
	name    string // FAIRLOT_BROKEN
	defeats []defeat
	order   bool // is seen until the close writes all rows anew; on SQLite rows lie by their random ids, and only those of one page show it
	placed  bool // the epoch of each answer can be read in the end
	alone   bool // on SQLite one has to look often, because the log is cut after each write
}

// defeat is what of answers is linked, and by which way: a part of its name, since what agrees with arrival agrees with the entrant's row too.
type defeat struct{ of, way string }

// attacked attacks a new installation, and says what the attack did not find.
func (v wrong) attacked(t *testing.T, on engine, program string) (faults []string) {
	fault := func(text string, args ...any) { faults = append(faults, v.name+": "+fmt.Sprintf(text, args...)) }
	d := newDaemonOn(t, on)
	d.program, d.env = program, []string{"FAIRLOT_BROKEN=" + v.name}
	l := linking{t: t, d: d, n: 148, k: 25, sayings: true, pace: 22 * time.Millisecond} // words are at most 200 long, everybody's of another length
	switch {
	case on.name == "sqlite" && v.alone:
		l.pace, l.every, l.seen = 60*time.Millisecond, 5*time.Millisecond, true
	case on.name == "sqlite" && v.order:
		l.n, l.sayings, l.pace = 700, false, 10*time.Millisecond
	}
	w, n := l.run(), l.n
	for _, x := range v.defeats {
		found := map[string]tally{"responses": w.found, "free texts": w.foundWords}[x.of]
		way, most := found.bestOf(x.way)
		order, z := found.agreeing()
		all := n
		if v.order {
			if all = w.before; all < n/3 {
				fault("only %d were mixed before the close: this run shows nothing", all)
			}
		}
		row := fmt.Sprintf("%s links %d of %d %s", way, most, all, x.of)
		if v.order && on.name == "sqlite" {
			row = fmt.Sprintf("%s: %s agree by %.1f standard deviations", x.of, order, z)
			if z < tooMuch && x.of == "responses" { // of texts too few lie in one page
				fault("%s only", row)
			}
		} else if most < all*95/100 {
			fault("%s only", row)
		}
		if len(faults) == 0 {
			attackRow(t, "mutant of mixing: "+v.name, on, fmt.Sprintf("%d entries, %d looks", n, w.looks), row)
		}
	}
	way, placed := w.end()["responses"].placed()
	t.Logf("%s: %s tells the epoch of %d of %d in the end", v.name, way, placed, n)
	if v.placed && placed < n*95/100 {
		fault("%s tells the epoch of only %d of %d in the end", way, placed, n)
	}
	if v.name == "nothing" {
		_, bound := chance(n, 25, len(w.found))
		way, most := w.found.best()
		if most > bound || placed > 0 {
			fault("nothing is wrong, and %s links %d of %d", way, most, n)
		}
		if len(faults) > 0 {
			return faults
		}
		attackRow(t, "the same program, nothing switched on", on, fmt.Sprintf("%d entries, %d looks", n, w.looks), fmt.Sprintf("best of %d ways %d (bound %d)", len(w.found), most, bound))
	}
	return faults
}

// bestOf is best among the ways whose names contain part.
func (y tally) bestOf(part string) (way string, most int) {
	for w, s := range y {
		if strings.Contains(w, part) && !strings.Contains(w, "backwards") && (s.hits > most || way == "") {
			way, most = w, s.hits
		}
	}
	return way, most
}
