package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/judge"
	"fairlot/store/postgres/internal/identitydb"
)

// Correct implements store.Identity. It takes rows in the order in which an entry does. What another transaction changed of them meanwhile makes it look again.
func (d *Identity) Correct(ctx context.Context, now func() time.Time, old store.EntrantID, e store.Entry) (r store.EntryResult, err error) {
	leave, err := d.turn(ctx, "correct entry")
	if err != nil {
		return r, err
	}
	defer leave()
	err = d.write(ctx, "correct entry", func(ctx context.Context, tx pgx.Tx) error {
		q, c := identitydb.New(tx), e.Campaign
		if _, err := lockGate(ctx, q, c); err != nil {
			return err
		}
		g, err := gate(ctx, q, c)
		if err != nil {
			return err
		}
		at := now()
		was, err := entrant(ctx, q, c, old[:])
		if err != nil {
			return err
		}
		var there *store.Entrant
		if row, err := entrant(ctx, q, c, e.ID[:]); err == nil {
			there = &row
		} else if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if r, err = judge.Correct(g, at, was, there); err != nil || r.Outcome != 0 {
			return err
		}
		before, after := judge.TagRow(*e.Tag, old, was.Zero), judge.TagRow(*e.Tag, e.ID, was.Zero)
		holder, err := q.TagHolder(ctx, identitydb.TagHolderParams{Campaign: c[:], Tag: before[:]})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !bytes.Equal(holder, old[:]) {
			again, err := entrant(ctx, q, c, old[:]) // corrected or erased a moment ago
			if err == nil && again.Zero != was.Zero {
				err = errRaced
			}
			r.Outcome, r.Tries = store.OtherPerson, was.Tries+1
			return errors.Join(err, countTry(ctx, q, c, was))
		}
		if err != nil {
			return err
		}
		if err := q.DropTag(ctx, identitydb.DropTagParams{Campaign: c[:], Tag: before[:]}); err != nil {
			return err
		}
		n, err := q.PutTags(ctx, identitydb.PutTagsParams{Campaigns: [][]byte{c[:]}, Tags: [][]byte{after[:]}, Ids: [][]byte{e.ID[:]}})
		if err != nil || n == 0 {
			return raced(err)
		}
		put := identitydb.PutCorrectedParams{
			Campaign: c[:], ID: e.ID[:], Stratum: int32(e.Stratum), Chances: int32(was.Chances), Zero: was.Zero, Person: e.Person[:], Tries: int32(was.Tries + 1),
		}
		if w := judge.Waits(was); w.Epoch != 0 {
			still, err := q.StillWaits(ctx, identitydb.StillWaitsParams{Campaign: c[:], Epoch: int64(w.Epoch), ID: w.ID[:]})
			if err != nil {
				return err
			}
			if len(still) > 0 {
				put.Waits, put.WaitsEpoch = w.ID[:], int64(w.Epoch)
			}
		}
		put.Consents, err = q.EntrantConsents(ctx, identitydb.EntrantConsentsParams{Campaign: c[:], ID: old[:]})
		if err != nil {
			return err
		}
		n, err = q.PutCorrected(ctx, put)
		if err != nil || n == 0 {
			return raced(err)
		}
		if err := swapChances(ctx, q, c, was, 0, judge.Superseded); err != nil {
			return err
		}
		if err := countTry(ctx, q, c, was); err != nil {
			return err
		}
		err = q.PutEnvelopes(ctx, identitydb.PutEnvelopesParams{
			Campaigns: [][]byte{c[:]}, Ids: [][]byte{e.ID[:]}, Locks: [][]byte{joinFrames(e.Lock)}, Identities: [][]byte{e.Identity}, Contacts: [][]byte{e.Contact},
		})
		if err != nil {
			return err
		}
		if err := unseal(ctx, q, c, old); err != nil {
			return err
		}
		part := make([]byte, 16)
		_, _ = rand.Read(part) // never fails
		r = judge.Corrected(g, was)
		return q.PutDays(ctx, identitydb.PutDaysParams{Campaigns: [][]byte{c[:]}, Part: part, Days: []string{e.Day}, Entrants: []int64{1}})
	})
	if err != nil {
		return store.EntryResult{}, err
	}
	return r, nil
}

// countTry is a compare-and-swap, so that of many tries at once none is forgotten.
func countTry(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID, e store.Entrant) error {
	n, err := q.CountTry(ctx, identitydb.CountTryParams{Campaign: campaign[:], ID: e.ID[:], Tries: int32(e.Tries)})
	if err == nil && n == 0 {
		err = errRaced
	}
	return err
}

// raced is err, or errRaced if there is none: a row was not written because somebody else's is there.
func raced(err error) error {
	if err == nil {
		return errRaced
	}
	return err
}
