package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/identitydb"
)

// noticeFirst is the state of a notice that nobody has worked on.
const noticeFirst = 1

// PutRelease implements store.Identity.
func (d *Identity) PutRelease(ctx context.Context, campaign store.CampaignID, draw int, r store.Release, notices []store.Notification) error {
	ids := make([]byte, 0, 16*len(r.IDs))
	for _, id := range r.IDs {
		ids = append(ids, id[:]...)
	}
	return d.write(ctx, "put release", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		rows, err := q.Releases(ctx, identitydb.ReleasesParams{Campaign: campaign[:], Draw: int32(draw)})
		if err != nil {
			return err
		}
		known, next := map[store.EntrantID]bool{}, int32(1)
		for _, row := range rows {
			next = row.N + 1
			if row.Purpose != r.Purpose {
				continue
			}
			if len(ids) > 0 && slices.Equal(row.Ids, ids) {
				return nil
			}
			for id := range slices.Chunk(row.Ids, 16) {
				known[store.EntrantID(id)] = true
			}
		}
		if slices.ContainsFunc(r.IDs, func(id store.EntrantID) bool { return known[id] }) {
			return store.ErrExists
		}
		n, err := q.PutRelease(ctx, identitydb.PutReleaseParams{Campaign: campaign[:], Draw: int32(draw), N: next, Opened: r.Opened[:], Purpose: r.Purpose, Ids: ids})
		if err != nil {
			return err
		}
		if n == 0 { // another release took this number: it may cover some of these ids
			return errRaced
		}
		for _, x := range notices {
			// A winner released a second time keeps the notice: it may have been sent.
			if err := q.MakeNotice(ctx, identitydb.MakeNoticeParams{
				Campaign: campaign[:], Draw: int32(draw), Stratum: int32(x.Stratum), Rank: x.Rank, State: noticeFirst, Updated: unix(x.Updated),
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Releases implements store.Identity.
func (d *Identity) Releases(ctx context.Context, campaign store.CampaignID, draw int) (list []store.Release, err error) {
	err = d.read(ctx, "list releases", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := identitydb.New(conn).Releases(ctx, identitydb.ReleasesParams{Campaign: campaign[:], Draw: int32(draw)})
		if err != nil {
			return err
		}
		list, err = each(rows, func(row identitydb.ReleasesRow) (store.Release, error) {
			r := store.Release{Purpose: row.Purpose}
			err := fill(r.Opened[:], row.Opened)
			for part := range slices.Chunk(row.Ids, 16) {
				var id store.EntrantID
				err = errors.Join(err, fill(id[:], part))
				r.IDs = append(r.IDs, id)
			}
			return r, err
		})
		return err
	})
	return list, err
}

// Notifications implements store.Identity.
func (d *Identity) Notifications(ctx context.Context, campaign store.CampaignID, draw int) (list []store.Notification, err error) {
	err = d.read(ctx, "list notices", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := identitydb.New(conn).Notices(ctx, identitydb.NoticesParams{Campaign: campaign[:], Draw: int32(draw)})
		if err != nil {
			return err
		}
		list, err = each(rows, func(row identitydb.NoticesRow) (store.Notification, error) {
			return store.Notification{
				Stratum: int(row.Stratum), Rank: row.Rank, State: store.NotificationState(row.State), Attempts: int(row.Attempts), Updated: at(row.Updated),
			}, nil
		})
		return err
	})
	return list, err
}

// SetNotification implements store.Identity.
func (d *Identity) SetNotification(ctx context.Context, campaign store.CampaignID, draw, stratum int, rank int64, from, to store.NotificationState, attempt bool, now store.Time) (store.Notification, error) {
	n := store.Notification{Stratum: stratum, Rank: rank, State: to, Updated: at(unix(now))}
	more := int32(0)
	if attempt {
		more = 1
	}
	err := d.write(ctx, "set notice", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		attempts, err := q.SwapNotice(ctx, identitydb.SwapNoticeParams{
			ToState: int32(to), More: more, Updated: unix(now),
			Campaign: campaign[:], Draw: int32(draw), Stratum: int32(stratum), Rank: rank, FromState: int32(from),
		})
		n.Attempts = int(attempts)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if _, err := q.NoticeState(ctx, identitydb.NoticeStateParams{Campaign: campaign[:], Draw: int32(draw), Stratum: int32(stratum), Rank: rank}); err != nil {
			return err
		}
		return store.ErrConflict // another mailer took it: two would send it twice
	})
	if err != nil {
		return store.Notification{}, err
	}
	return n, nil
}

// DropSealed implements store.Identity.
func (d *Identity) DropSealed(ctx context.Context, campaign store.CampaignID, keep []store.EntrantID, limit int) (done bool, err error) {
	kept := make([][]byte, len(keep)) // an empty array, not NULL
	for i := range keep {
		kept[i] = keep[i][:]
	}
	err = d.writeLong(ctx, "drop envelopes", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		ids, err := q.SealedIDs(ctx, identitydb.SealedIDsParams{Campaign: campaign[:], Keep: kept, Page: int32(limit)})
		if err != nil {
			return err
		}
		if done = len(ids) < limit; done && len(keep) == 0 {
			err = errors.Join(q.DropReleases(ctx, campaign[:]), q.DropNotices(ctx, campaign[:]), q.DropClaims(ctx, campaign[:]), q.DropErasures(ctx, campaign[:]), q.DropCaseEntrants(ctx, campaign[:]))
		}
		if err == nil {
			err = q.DropConsents(ctx, identitydb.DropConsentsParams{None: "", Campaign: campaign[:], Ids: ids})
		}
		if err == nil {
			err = q.DropSealed(ctx, identitydb.DropSealedParams{Campaign: campaign[:], Ids: ids})
		}
		return err
	})
	return done && err == nil, err
}
