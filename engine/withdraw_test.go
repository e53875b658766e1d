package engine_test

import (
	"context"
	"crypto/sha256"
	"os"
	"strings"
	"testing"

	"fairlot/engine"
	"fairlot/store"
)

// secretOf is the i-th person's answer secret.
func secretOf(i int) [32]byte { return [32]byte{1, byte(i), byte(i >> 8)} }

// answering enters n persons with answer secrets of their own.
func (w *world) answering(c engine.Campaign, n int) {
	w.t.Helper()
	var codes []string
	if c.Rules.Proof == engine.ProofToken {
		codes = w.tokens(c, n)
	} else {
		codes = make([]string, n)
	}
	for i := range n {
		x := w.client(c, i, codes[i])
		s := secretOf(i)
		h := sha256.Sum256(s[:])
		x.req.AnswerSecretHash = h[:]
		w.enter(x)
		w.work()
	}
}

func (w *world) numbers(c engine.Campaign) map[int]bool {
	w.t.Helper()
	out := map[int]bool{}
	for _, r := range w.responses(c) {
		out[number(r)] = true
	}
	return out
}

// TestAnswersBySecret: once a response is mixed its secret shows it and takes it out, and nobody else's does; what is withdrawn before the close is in no
// statistics, and those that were made stay.
func TestAnswersBySecret(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(rules())
	w.answering(c, 12)
	_, err := w.ShowAnswers(ctx, c.ID, secretOf(11))
	wantReason(t, err, engine.ResponseNotFound, "")
	_, err = w.WithdrawAnswers(ctx, c.ID, secretOf(11)) // not mixed: nothing is promised, and nothing noted
	wantReason(t, err, engine.ResponseNotFound, "")
	mixed := w.numbers(c)
	if len(mixed) < 5 {
		t.Fatalf("only %d are mixed before the close", len(mixed))
	}
	for i := range mixed {
		own := must(w.ShowAnswers(ctx, c.ID, secretOf(i)))(t)
		if number(store.Response{Closed: own.Closed}) != i || (len(own.Consents) == 2) != (i%2 == 0) || strings.Contains(string(own.Closed), "words") {
			t.Errorf("response %d is shown as %s, %v", i, own.Closed, own.Consents)
		}
	}
	gone := -1
	for i := range mixed {
		gone = i
	}
	for range 2 {
		if made := must(w.WithdrawAnswers(ctx, c.ID, secretOf(gone)))(t); made {
			t.Error("statistics are said to be made")
		}
	}
	_, err = w.ShowAnswers(ctx, c.ID, secretOf(gone))
	wantReason(t, err, engine.ResponseNotFound, "")
	_, err = w.WithdrawAnswers(ctx, c.ID, [32]byte{9})
	wantReason(t, err, engine.ResponseNotFound, "")
	other := w.open(rules())
	_, err = w.WithdrawAnswers(ctx, other.ID, secretOf(gone))
	wantReason(t, err, engine.ResponseNotFound, "")
	w.mustClose(c)
	if left := w.numbers(c); len(left) != 11 || left[gone] {
		t.Errorf("left: %v, withdrawn %d", left, gone)
	}
	tallies := string(must(w.Tallies(ctx, c.ID))(t))
	late := 11 // mixed at the close
	if gone == late {
		t.Fatal("the last response was mixed first")
	}
	if made := must(w.WithdrawAnswers(ctx, c.ID, secretOf(late)))(t); !made {
		t.Error("statistics are said to be not made")
	}
	if left := w.numbers(c); len(left) != 10 || left[late] {
		t.Errorf("left: %v, withdrawn %d", left, late)
	}
	if again := string(must(w.Tallies(ctx, c.ID))(t)); again != tallies {
		t.Error("statistics that were made have changed")
	}
	if n := strings.Count(string(must(os.ReadFile(w.list("withdrawn", c)))(t)), "\n"); n != 2 {
		t.Errorf("%d withdrawals are noted", n)
	}
}

// TestAnswersShowNobody: where a duplicate is kept and nobody may learn it, no answer secret says anything before entries have ended.
func TestAnswersShowNobody(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(noProof(rules()))
	w.answering(c, 12)
	if len(w.numbers(c)) == 0 {
		t.Fatal("nothing is mixed before the close")
	}
	for _, s := range [][32]byte{secretOf(0), secretOf(11), {9}} {
		_, err := w.ShowAnswers(ctx, c.ID, s)
		wantReason(t, err, engine.TooEarly, "")
		_, err = w.WithdrawAnswers(ctx, c.ID, s)
		wantReason(t, err, engine.TooEarly, "")
	}
	w.mustClose(c)
	must(w.ShowAnswers(ctx, c.ID, secretOf(0)))(t)
	for range 200 {
		if _, err := w.ShowAnswers(ctx, c.ID, [32]byte{9}); reason(err) == engine.Busy {
			return
		}
	}
	t.Error("200 calls in a second were all taken")
}

// TestWithdrawnStaysWithdrawn brings back an answers room of before. Without the list in the key folder the response would be there again.
func TestWithdrawnStaysWithdrawn(t *testing.T) {
	for _, list := range []string{"of this program", "of an earlier one", ""} {
		w := newWorld(t)
		c := w.open(surveyOnly(rules()))
		w.answering(c, 8)
		w.mustClose(c)
		w.stop()
		restore := w.copies("answers")
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		must(w.WithdrawAnswers(context.Background(), c.ID, secretOf(3)))(t)
		w.stop()
		restore()
		w.changeList("withdrawn", c, list)
		w.cfg.AcceptRestored = true
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		if left := w.numbers(c); left[3] == (list != "") || len(left) < 7 {
			t.Errorf("with a list %s: left %v", list, left)
		}
		if _, err := w.WithdrawAnswers(context.Background(), c.ID, secretOf(3)); err != nil {
			t.Errorf("with a list %s: again: %v", list, err)
		}
	}
}
