package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/judge"
	"fairlot/store/postgres/internal/identitydb"
)

// Identity implements store.Identity on the identities' database.
type Identity struct{ *room }

var _ store.Identity = (*Identity)(nil)

// CreateGate implements store.Identity.
func (d *Identity) CreateGate(ctx context.Context, g store.Gate) error {
	return d.write(ctx, "create gate", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		n, err := q.CreateGate(ctx, identitydb.CreateGateParams{
			Campaign: g.Campaign[:], State: int32(store.GateOpen), Ends: unix(g.End), OpenHash: g.OpenHash[:],
		})
		if err != nil || n == 1 {
			return err
		}
		have, err := gate(ctx, q, g.Campaign)
		if err == nil && have.OpenHash != g.OpenHash {
			err = store.ErrExists
		}
		return err
	})
}

// gate reads one gate without a lock.
func gate(ctx context.Context, q *identitydb.Queries, id store.CampaignID) (store.Gate, error) {
	rows, err := q.Gates(ctx, [][]byte{id[:]})
	if err != nil {
		return store.Gate{}, err
	}
	if len(rows) == 0 {
		return store.Gate{}, store.ErrNotFound
	}
	return gateRow(rows[0])
}

func gateRow(row identitydb.GatesRow) (store.Gate, error) {
	g := store.Gate{State: store.GateState(row.State), Epoch: uint32(row.Epoch), Moving: row.Moving, End: at(row.Ends)}
	return g, errors.Join(fill(g.Campaign[:], row.Campaign), fill(g.OpenHash[:], row.OpenHash))
}

// Gate implements store.Identity.
func (d *Identity) Gate(ctx context.Context, id store.CampaignID) (g store.Gate, err error) {
	err = d.read(ctx, "read gate", func(ctx context.Context, conn *pgxpool.Conn) error {
		g, err = gate(ctx, identitydb.New(conn), id)
		return err
	})
	return g, err
}

// AnnounceMove implements store.Identity. It waits for no writer, because it writes nothing that a writer locks. An announcement that
// comes after another mover's move names a state and epoch that the gate has left for good, and nobody heeds it.
func (d *Identity) AnnounceMove(ctx context.Context, id store.CampaignID, state store.GateState, epoch uint32) error {
	return d.write(ctx, "announce gate move", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		g, err := gate(ctx, q, id)
		if err != nil {
			return err
		}
		if g.State != state || g.Epoch != epoch {
			return store.ErrConflict
		}
		return q.Announce(ctx, identitydb.AnnounceParams{Campaign: id[:], State: int32(state), Epoch: int64(epoch)})
	})
}

// MoveGate implements store.Identity. It waits for the writers that hold the share lock.
func (d *Identity) MoveGate(ctx context.Context, id store.CampaignID, fromState store.GateState, fromEpoch uint32, toState store.GateState, toEpoch uint32) error {
	return d.write(ctx, "move gate", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		n, err := q.MoveGate(ctx, identitydb.MoveGateParams{
			ToState: int32(toState), ToEpoch: int64(toEpoch), Campaign: id[:], FromState: int32(fromState), FromEpoch: int64(fromEpoch),
		})
		if err != nil {
			return err
		}
		if n == 1 {
			return q.DropAnnouncement(ctx, identitydb.DropAnnouncementParams{Campaign: id[:], State: int32(fromState), Epoch: int64(fromEpoch)})
		}
		g, err := gate(ctx, q, id)
		if err == nil && (g.State != toState || g.Epoch != toEpoch) { // else moved already by a mover whose answer was lost
			err = store.ErrConflict
		}
		return err
	})
}

// lockGate share-locks the gate of a campaign. While its mover has announced itself it is errRaced: who writes stands aside, and looks again.
func lockGate(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID) (store.GateState, error) {
	state, err := q.LockGate(ctx, campaign[:])
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err = gate(ctx, q, campaign); err == nil {
			err = errRaced
		}
	}
	return store.GateState(state), err
}

// MoveChance implements store.Identity.
func (d *Identity) MoveChance(ctx context.Context, campaign store.CampaignID, tag store.Hash, to store.EntrantID) error {
	return d.write(ctx, "move chance", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		state, err := lockGate(ctx, q, campaign)
		if err != nil {
			return err
		}
		if state != store.GateEnded {
			return store.ErrConflict
		}
		taker, err := entrant(ctx, q, campaign, to[:])
		if err != nil {
			return err
		}
		var holder store.EntrantID
		row, err := q.TagHolder(ctx, identitydb.TagHolderParams{Campaign: campaign[:], Tag: tag[:]})
		if errors.Is(err, pgx.ErrNoRows) {
			return takeTag(ctx, q, campaign, tag, taker)
		}
		if err == nil {
			err = fill(holder[:], row)
		}
		if err != nil || holder == to {
			return err
		}
		old, err := entrant(ctx, q, campaign, holder[:])
		if err != nil {
			return err
		}
		if taker.Zero != judge.Duplicate && taker.Zero != judge.Superseded || old.Chances == 0 { // an entrant with a chance of its own must not get a second
			return store.ErrConflict
		}
		if err := swapChances(ctx, q, campaign, old, 0, judge.Superseded); err != nil {
			return err
		}
		if err := swapChances(ctx, q, campaign, taker, old.Chances, ""); err != nil {
			return err
		}
		return q.SetTagHolder(ctx, identitydb.SetTagHolderParams{ID: to[:], Campaign: campaign[:], Tag: tag[:]})
	})
}

// takeTag gives a tag that nobody holds to an entrant without a chance.
func takeTag(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID, tag store.Hash, taker store.Entrant) error {
	if taker.Zero != judge.Duplicate && taker.Zero != judge.Superseded {
		return store.ErrConflict
	}
	n, err := q.PutTags(ctx, identitydb.PutTagsParams{Campaigns: [][]byte{campaign[:]}, Tags: [][]byte{tag[:]}, Ids: [][]byte{taker.ID[:]}})
	if err == nil && n == 0 { // somebody took it meanwhile
		err = errRaced
	}
	if err != nil {
		return err
	}
	return swapChances(ctx, q, campaign, taker, 1, "")
}

// swapChances is a compare-and-swap, because chances of two tags may be moved to one entrant at the same time.
func swapChances(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID, e store.Entrant, chances uint16, zero string) error {
	n, err := q.SwapChances(ctx, identitydb.SwapChancesParams{
		ToChances: int32(chances), ToZero: zero, Campaign: campaign[:], ID: e.ID[:], FromChances: int32(e.Chances), FromZero: e.Zero,
	})
	if err == nil && n == 0 {
		err = errRaced
	}
	return err
}

// Counts implements store.Identity. Behind a closed gate nothing changes between its statements, once what was let in before is settled.
func (d *Identity) Counts(ctx context.Context, campaign store.CampaignID) (c store.Counts, err error) {
	switch g, err := d.Gate(ctx, campaign); {
	case err != nil:
		return store.Counts{}, err
	case g.State != store.GateClosed:
		return store.Counts{}, classify(ctx, "count entrants", store.ErrConflict)
	}
	if err := d.settle(ctx, "count entrants"); err != nil {
		return store.Counts{}, err
	}
	err = d.write(ctx, "count entrants", func(ctx context.Context, tx pgx.Tx) error {
		c = store.Counts{Zero: map[string]int64{}, Days: map[string]int64{}, Strata: map[uint16]int64{}}
		q := identitydb.New(tx)
		groups, err := q.CountEntrants(ctx, campaign[:])
		if err != nil {
			return err
		}
		for _, g := range groups {
			c.Entrants += g.N
			if g.Counted {
				c.Strata[uint16(g.Stratum)] += g.N
			} else {
				c.Zero[g.Zero] += g.N
			}
		}
		days, err := q.CountDays(ctx, campaign[:])
		for _, day := range days {
			c.Days[day.Day] = day.N
		}
		return err
	})
	if err != nil {
		return store.Counts{}, err
	}
	return c, nil
}

// DropTags implements store.Identity.
func (d *Identity) DropTags(ctx context.Context, campaign store.CampaignID) error {
	return d.drop(ctx, "drop tags", campaign, (*identitydb.Queries).DropEntryTokens, (*identitydb.Queries).DropTags, (*identitydb.Queries).DropDays,
		(*identitydb.Queries).DropExcludedTags, (*identitydb.Queries).DropExclusion)
}

// TagsDropped implements store.Identity.
func (d *Identity) TagsDropped(ctx context.Context, campaign store.CampaignID) (dropped bool, err error) {
	err = d.read(ctx, "look for tags", func(ctx context.Context, conn *pgxpool.Conn) error {
		left, err := identitydb.New(conn).TagsLeft(ctx, campaign[:])
		dropped = err == nil && !left
		return err
	})
	return dropped, err
}

// DropEntrants implements store.Identity.
func (d *Identity) DropEntrants(ctx context.Context, campaign store.CampaignID) error {
	return d.drop(ctx, "drop entrants", campaign,
		(*identitydb.Queries).DropTags, (*identitydb.Queries).DropEntrants, (*identitydb.Queries).DropEnvelopes, (*identitydb.Queries).DropPending, (*identitydb.Queries).DropErasures)
}

// drop deletes a campaign's rows from several tables, in the order in which an entry takes them.
func (d *Identity) drop(ctx context.Context, act string, campaign store.CampaignID, deletes ...func(*identitydb.Queries, context.Context, []byte) error) error {
	if err := d.settle(ctx, act); err != nil {
		return err
	}
	return d.writeLong(ctx, act, func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		for _, del := range deletes {
			if err := del(q, ctx, campaign[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
