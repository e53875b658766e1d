package storetest

import (
	"fmt"
	"strings"

	"fairlot/store"
)

// mixedRows are rows in no order, with awkward contents.
func mixedRows() (responses []store.Response, texts []store.Text) {
	for i, id := range awkward() {
		responses = append(responses, store.Response{ID: id, Secret: randomHash(), Consents: 65535 - uint16(i), Closed: []byte("q1=\x00\xff")})
		texts = append(texts, store.Text{ID: id, Question: "意見", Text: fmt.Sprint("很好 👍🏽 \x00' ; -- ", i)})
	}
	for i := range responses {
		j := i * 7 % len(responses)
		responses[i], responses[j] = responses[j], responses[i]
		texts[i], texts[j] = texts[j], texts[i]
	}
	responses[0].Closed = []byte{}
	texts[0].Text = ""
	return responses, texts
}

var answersTests = []test{
	{"one response, by the hash of its secret", func(t *T) {
		id, other := store.CampaignID(random16()), store.CampaignID(random16())
		responses, texts := mixedRows()
		for _, c := range []store.CampaignID{id, other} {
			t.ok(t.Answers.PutMixed(t.ctx, c, 1, 1, responses, texts))
		}
		_, err := t.Answers.ResponseOf(t.ctx, id, randomHash())
		t.is(err, store.ErrNotFound)
		for _, want := range responses {
			got, err := t.Answers.ResponseOf(t.ctx, id, want.Secret)
			t.ok(err)
			t.same(fmt.Sprintf("%x", got), fmt.Sprintf("%x", want)) // no bytes may come back as nil
		}
		t.ok(t.Answers.Withdraw(t.ctx, id, randomHash()))
		for range 2 {
			t.ok(t.Answers.Withdraw(t.ctx, id, responses[3].Secret))
			_, err = t.Answers.ResponseOf(t.ctx, id, responses[3].Secret)
			t.is(err, store.ErrNotFound)
		}
		_, err = t.Answers.ResponseOf(t.ctx, other, responses[3].Secret)
		t.ok(err)
		left, err := t.Answers.Responses(t.ctx, id, [16]byte{}, 100)
		t.ok(err)
		kept, err := t.Answers.Texts(t.ctx, id, [16]byte{}, 100)
		t.ok(err)
		t.same([]int{len(left), len(kept)}, []int{len(responses) - 1, len(texts)})
		got := race(9, func(i int) string { // beside a rewrite too
			if i == 0 {
				return verdict(t.Answers.Rewrite(t.ctx, id))
			}
			return verdict(t.Answers.Withdraw(t.ctx, id, responses[3+i].Secret))
		})
		left, err = t.Answers.Responses(t.ctx, id, [16]byte{}, 100)
		t.ok(err)
		if len(left) != len(responses)-9 {
			t.Fatalf("%d of %d are left: %v", len(left), len(responses), got)
		}
	}},
	{"put, page and put again", func(t *T) {
		id := store.CampaignID(random16())
		responses, texts := mixedRows()
		for range 2 {
			t.ok(t.Answers.PutMixed(t.ctx, id, 2, 4, responses, texts))
		}
		// Re-run with other rows, as a mixer that died and lost its shuffle does: nothing changes.
		more, moreTexts := mixedRows()
		for i := range more {
			more[i].ID, moreTexts[i].ID = random16(), random16()
		}
		t.ok(t.Answers.PutMixed(t.ctx, id, 2, 4, more, moreTexts))
		t.ok(t.Answers.PutMixed(t.ctx, id, 3, 3, more, moreTexts))
		for e := uint32(1); e <= 5; e++ {
			m, err := t.Answers.Mixed(t.ctx, id, e)
			t.ok(err)
			t.same(m, e >= 2 && e <= 4)
		}
		m, err := t.Answers.Mixed(t.ctx, random16(), 2)
		t.ok(err)
		t.same(m, false)
		t.rows(id, responses, texts)
	}},
	{"overlapping batches are refused whole", func(t *T) {
		id := store.CampaignID(random16())
		responses, texts := mixedRows()
		t.ok(t.Answers.PutMixed(t.ctx, id, 2, 3, responses, texts))
		row := []store.Response{{ID: random16()}}
		for _, b := range [][2]uint32{{1, 2}, {3, 4}, {1, 4}, {5, 4}} {
			t.is(t.Answers.PutMixed(t.ctx, id, b[0], b[1], row, nil), store.ErrConflict)
		}
		t.rows(id, responses, texts)
		t.ok(t.Answers.PutMixed(t.ctx, id, 4, 4, nil, nil)) // all were dropped: still mixed
		m, err := t.Answers.Mixed(t.ctx, id, 4)
		t.ok(err)
		t.same(m, true)
	}},
	{"an id taken fails the whole batch", func(t *T) {
		id := store.CampaignID(random16())
		responses, texts := mixedRows()
		t.ok(t.Answers.PutMixed(t.ctx, id, 1, 1, responses, texts))
		t.is(t.Answers.PutMixed(t.ctx, id, 2, 2, []store.Response{{ID: random16()}, responses[0]}, nil), store.ErrExists)
		t.rows(id, responses, texts)
		m, err := t.Answers.Mixed(t.ctx, id, 2)
		t.ok(err)
		t.same(m, false)
	}},
	{"16 mixers of one batch", func(t *T) {
		id := store.CampaignID(random16())
		got := race(16, func(int) string {
			rows := make([]store.Response, 5)
			for i := range rows {
				rows[i].ID = random16()
			}
			return verdict(t.Answers.PutMixed(t.ctx, id, 1, 2, rows, nil))
		})
		t.same(got, map[string]int{"ok": 16})
		list, err := t.Answers.Responses(t.ctx, id, [16]byte{}, 100)
		t.ok(err)
		t.same(len(list), 5)
	}},
	{"rewritten rows are the same rows", func(t *T) {
		id, other := store.CampaignID(random16()), store.CampaignID(random16())
		responses, texts := mixedRows()
		texts[1].Text = strings.Repeat("長", 20000)
		t.ok(t.Answers.PutMixed(t.ctx, id, 1, 1, responses[:9], texts[:9]))
		t.ok(t.Answers.PutMixed(t.ctx, other, 1, 1, responses, texts))
		t.ok(t.Answers.PutMixed(t.ctx, id, 2, 2, responses[9:], texts[9:]))
		for range 2 {
			t.ok(t.Answers.Rewrite(t.ctx, id))
			t.rows(id, responses, texts)
			t.rows(other, responses, texts)
		}
		m, err := t.Answers.Mixed(t.ctx, id, 2)
		t.ok(err)
		t.same(m, true)
	}},
}

// rows demands that a campaign holds exactly these rows, read in pages of several sizes.
func (t *T) rows(id store.CampaignID, responses []store.Response, texts []store.Text) {
	t.Helper()
	byID := map[[16]byte]int{}
	for i, x := range awkward() {
		byID[x] = i
	}
	wantR, wantT := make([]store.Response, len(responses)), make([]store.Text, len(texts))
	for i := range responses {
		wantR[byID[responses[i].ID]], wantT[byID[texts[i].ID]] = responses[i], texts[i]
	}
	for _, size := range []int{1, 6, 100} {
		var (
			gotR          []store.Response
			gotT          []store.Text
			afterR, after [16]byte
		)
		for {
			r, err := t.Answers.Responses(t.ctx, id, afterR, size)
			t.ok(err)
			x, err := t.Answers.Texts(t.ctx, id, after, size)
			t.ok(err)
			gotR, gotT = append(gotR, r...), append(gotT, x...)
			if len(r) < size && len(x) < size {
				break
			}
			afterR, after = gotR[len(gotR)-1].ID, gotT[len(gotT)-1].ID
		}
		for i := range gotR {
			if len(gotR[i].Closed) == 0 {
				gotR[i].Closed = []byte{}
			}
		}
		t.same(gotR, wantR)
		t.same(gotT, wantT)
	}
}
