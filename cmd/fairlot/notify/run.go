package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// Shorter names of the contract's states.
const (
	pending   = fairlotv1.NotificationState_NOTIFICATION_STATE_PENDING
	sending   = fairlotv1.NotificationState_NOTIFICATION_STATE_SENDING
	sent      = fairlotv1.NotificationState_NOTIFICATION_STATE_SENT
	rejected  = fairlotv1.NotificationState_NOTIFICATION_STATE_REFUSED
	unknown   = fairlotv1.NotificationState_NOTIFICATION_STATE_UNKNOWN
	noAddress = fairlotv1.NotificationState_NOTIFICATION_STATE_NO_ADDRESS
)

// longestPause bounds the growing pauses between rounds.
const longestPause = 5 * time.Minute

// reportTimeout bounds one report to the daemon. A report is finished even when the run was told to stop: what happened is
// said.
const reportTimeout = 20 * time.Second

// Abandoned is how long a notice stands in SENDING until no living run can be at it: the report of SENDING, the message and
// the report of its outcome may each take their longest, and the clocks of this machine and the daemon's may be a minute apart.
const Abandoned = reportTimeout + MaxTimeout + reportTimeout + time.Minute

// Run is one run of sending the notices of a release.
type Run struct {
	Service  fairlotv1.NotificationServiceClient
	Parent   string // campaigns/ID/draws/N
	Notices  *Notices
	Server   Server
	Attempts int // rounds in which a message is tried at most, at least 1
	// ResendUnknown sends what may have been sent before: a person looked and decided so. What this run itself finds abandoned
	// nobody has looked at yet: it becomes UNKNOWN and waits for the next run.
	ResendUnknown bool
	Now           func() time.Time
	// Sleep waits, or ends early with the context's error; nil for the real clock. Tell hears of each step; nil for nobody.
	Sleep func(context.Context, time.Duration) error
	Tell  func(Row)
}

// Row is what became of one winner's notice: no personal data.
type Row struct {
	Stratum, Rank, Tier int
	State               fairlotv1.NotificationState
	Attempts            int    // rounds of this run
	Note                string // a code or a reason
	winner              int
	seen                int32 // attempts of all runs, as the daemon last said
	busy                bool  // another run is at it: this run leaves it alone
}

// Done says whether a notice needs nobody's attention any more.
func (r Row) Done() bool { return r.State == sent || r.Note == noteReplaced }

const (
	noteReplaced = "replaced since, not written to"
	noteBusy     = "another run of notify moved it meanwhile"
)

// All sends one mail to each winner whose notice is pending, until all are sent, refused, or Attempts rounds are over. It
// always returns the rows, in the winners' order; the error says why it ended early: the context's, one that wraps ErrServer
// or ErrUnreachable, or the daemon's. After a cancelled context the mail under way is finished first.
func (r *Run) All(ctx context.Context, winners []Winner) ([]Row, error) {
	rows, err := r.begin(ctx, winners)
	if err != nil {
		return rows, err
	}
	var last error
	for round := 0; round < max(r.Attempts, 1); round++ {
		if left(rows) == 0 {
			return rows, nil
		}
		if round > 0 {
			if err := r.sleep(ctx, pause(round)); err != nil {
				return rows, err
			}
		}
		last = r.round(ctx, rows, winners)
		if last != nil && !errors.Is(last, ErrUnreachable) {
			return rows, last
		}
	}
	return rows, last
}

// pause grows from one second, doubling.
func pause(round int) time.Duration { return min(time.Second<<min(round-1, 20), longestPause) }

func left(rows []Row) int {
	n := 0
	for _, row := range rows {
		if row.State == pending && row.Note != noteReplaced && !row.busy {
			n++
		}
	}
	return n
}

// begin learns the states, and settles what needs no mail: replaced winners, missing addresses, and what an earlier run left
// in the middle.
func (r *Run) begin(ctx context.Context, winners []Winner) ([]Row, error) {
	list, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(winners))
	for i, w := range winners {
		n := list[[2]int{w.Line.Stratum, w.Line.Rank}]
		if n == nil {
			return nil, fmt.Errorf("stratum %d rank %d: the daemon has no notice of this winner; is it the daemon that prepared the release?", w.Line.Stratum, w.Line.Rank)
		}
		rows[i] = Row{Stratum: w.Line.Stratum, Rank: w.Line.Rank, Tier: w.Line.Seat, State: n.State, winner: i, seen: n.Attempts}
	}
	for i := range rows {
		if err := r.settle(ctx, &rows[i], winners[i], list[[2]int{rows[i].Stratum, rows[i].Rank}]); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// settle is begin for one notice.
func (r *Run) settle(ctx context.Context, row *Row, w Winner, n *fairlotv1.Notification) error {
	switch {
	case row.State == sending && r.Now().Sub(n.UpdateTime.AsTime()) < Abandoned:
		row.busy = true
		return nil
	case row.State == sending:
		if ok, err := r.step(ctx, row, unknown); !ok || err != nil {
			return err
		}
		row.Note = "an earlier run ended while sending it"
	case row.State == unknown && r.ResendUnknown && w.Vacated == "":
		if ok, err := r.step(ctx, row, pending); !ok || err != nil {
			return err
		}
	}
	if w.Vacated != "" {
		row.Note = noteReplaced
	} else if row.State == pending && w.Contact.Email == "" {
		_, err := r.step(ctx, row, noAddress)
		return err
	}
	return nil
}

// list returns the notices by stratum and rank.
func (r *Run) list(ctx context.Context) (map[[2]int]*fairlotv1.Notification, error) {
	res, err := r.Service.ListNotifications(ctx, &fairlotv1.ListNotificationsRequest{Parent: r.Parent})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	all := map[[2]int]*fairlotv1.Notification{}
	for _, n := range res.Notifications {
		all[[2]int{int(n.Stratum), int(n.Rank)}] = n
	}
	return all, nil
}

// step is report for a step that another run may have taken first: ok is false then, and the notice is left to it.
func (r *Run) step(ctx context.Context, row *Row, to fairlotv1.NotificationState) (ok bool, err error) {
	err = r.report(row, to)
	if status.Code(err) != codes.Aborted {
		return err == nil, err
	}
	_, err = r.unmoved(ctx, row)
	row.busy, row.Note = true, noteBusy
	return false, err
}

// unmoved looks whether a notice is as this run left it. If not, the row shows what it is now and is left to the other run.
// State alone would not tell: another run may have sent it, lost the answer, and come back to the same state.
func (r *Run) unmoved(ctx context.Context, row *Row) (bool, error) {
	list, err := r.list(ctx)
	if err != nil {
		return false, err
	}
	n := list[[2]int{row.Stratum, row.Rank}]
	if n == nil {
		return false, fmt.Errorf("stratum %d rank %d: the daemon has no notice of this winner any more", row.Stratum, row.Rank)
	}
	if n.State == row.State && n.Attempts == row.seen {
		return true, nil
	}
	row.State, row.seen, row.busy, row.Note = n.State, n.Attempts, true, noteBusy
	return false, nil
}

// round tries each pending message once.
func (r *Run) round(ctx context.Context, rows []Row, winners []Winner) error {
	var s *session
	defer func() { s.close() }()
	for i := range rows {
		row := &rows[i]
		if row.State != pending || row.Note == noteReplaced || row.busy {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if s == nil {
			fresh, err := r.Server.dial(ctx)
			if err != nil {
				return err
			}
			s = fresh
		}
		good, err := r.one(ctx, s, row, winners[row.winner])
		if !good {
			s.drop()
			s = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// one sends one message, unless another run is at it. The state SENDING is durable before a byte of it leaves.
func (r *Run) one(ctx context.Context, s *session, row *Row, w Winner) (good bool, err error) {
	m, err := r.Notices.Message(w, r.Now())
	if errors.Is(err, errAddress) {
		row.Note = errAddress.Error()
		_, err = r.step(ctx, row, noAddress)
		return true, err
	}
	if err != nil {
		return true, err
	}
	if ok, err := r.unmoved(ctx, row); !ok || err != nil {
		return true, err
	}
	if ok, err := r.step(ctx, row, sending); !ok || err != nil {
		return true, err
	}
	row.Attempts++
	f, code, good := s.send(m)
	row.Note = ""
	if f != accepted && code > 0 {
		row.Note = fmt.Sprintf("mail server said %d", code)
	}
	switch f {
	case accepted:
		err = r.report(row, sent)
	case putOff:
		if code == 0 {
			row.Note = "connection lost before the message"
		}
		err = r.report(row, pending)
	case refused:
		err = r.report(row, rejected)
	case barred:
		if err = r.report(row, pending); err == nil {
			err = fmt.Errorf("%w: it refuses the sender with %d; check --from, --smtp-user and the password", ErrServer, code)
		}
	default:
		row.Note = "connection lost after the message was begun"
		err = r.report(row, unknown)
	}
	return good, err
}

// report moves a notice. It is not stopped by the run's context: a state that was reached must be said.
func (r *Run) report(row *Row, to fairlotv1.NotificationState) error {
	ctx, cancel := context.WithTimeout(context.Background(), reportTimeout)
	defer cancel()
	n, err := r.Service.ReportNotification(ctx, &fairlotv1.ReportNotificationRequest{
		Parent: r.Parent, Stratum: int32(row.Stratum), Rank: int64(row.Rank), From: row.State, To: to})
	if err != nil {
		return fmt.Errorf("report stratum %d rank %d as %s: %w", row.Stratum, row.Rank, StateName(to), err)
	}
	row.State, row.seen = n.State, n.Attempts
	if r.Tell != nil {
		r.Tell(*row)
	}
	return nil
}

func (r *Run) sleep(ctx context.Context, d time.Duration) error {
	if r.Sleep != nil {
		return r.Sleep(ctx, d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// StateName is a state in small letters, as people read it.
func StateName(s fairlotv1.NotificationState) string {
	switch s {
	case pending:
		return "pending"
	case sending:
		return "sending"
	case sent:
		return "sent"
	case rejected:
		return "refused"
	case unknown:
		return "unknown"
	case noAddress:
		return "no address"
	}
	return "unspecified"
}
