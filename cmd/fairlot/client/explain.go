package client

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fairlot/cmd/instant"
)

// Refusal is a daemon's answer that was no success. Its text has one line, then one more for each field that is wrong and
// for what to do.
type Refusal struct {
	Act    string // what was tried
	Code   codes.Code
	Reason string // of the contract's ErrorReason, without prefix; empty if the daemon gave none
	Text   string
	Fields []Field
	Retry  time.Duration // when to try again; 0 if not said
	Hint   string
}

// Field is one field that is wrong.
type Field struct{ Path, Reason, Text string }

// Where is the field's place in a campaign file.
func (f Field) Where() string { return inFile(f.Path) }

// hints say what to do where the daemon's sentence cannot know this tool.
var hints = map[string]string{
	"STAFF_TOKEN_INVALID":   "name the file with your token: --token-file FILE, or the variable FAIRLOT_TOKEN_FILE; an admin makes tokens with `fairlot token create`",
	"ROLE_REFUSED":          "use a token of the other role, or ask somebody who has it",
	"ETAG_STALE":            "read it again with `fairlot campaign show NAME`, look at what changed, and repeat",
	"CAMPAIGN_NOT_FOUND":    "`fairlot campaign list` shows the names; drafts are shown to those who work on campaigns",
	"SLUG_TAKEN":            "to change the draft of this slug: `fairlot campaign update SLUG FILE`",
	"RULES_INVALID":         "correct the file; then `fairlot campaign update SLUG FILE` replaces the draft, or repeat the command if there is none yet",
	"FIELD_INVALID":         "correct what you gave, and repeat it",
	"DRAW_UNPROVEN":         "custodians cosign with `fairlot cosign` before the deadline; if it is too late, decide openly and repeat with --accept-unproven",
	"STAFF_TOKEN_NOT_FOUND": "`fairlot token list` shows the ids",
	"DRAW_NOT_FOUND":        "`fairlot campaign show NAME` shows a campaign's draws; they are numbered from 1",
	"DRAW_STATE":            "`fairlot draw show NAME N` shows where the draw stands, `fairlot todo` what waits",
	"SEAT_UNKNOWN":          "`fairlot draw show NAME N` shows who holds which seat",
	"COSIGNATURE_INVALID":   "upload the file that `fairlot cosign` wrote, to the daemon whose bundle it read",
	"RECEIPT_MISMATCH":      "the identity must be typed as at entry",
	"NOTIFICATION_STATE":    "somebody else is sending notices of this draw: let one finish, then repeat",
	"STORAGE_UNAVAILABLE":   "nothing was kept: repeat it when the daemon's disk and database are well",
	"HOLDER_AWAY":           "repeat it in a few seconds; if it stays, look at the daemons' logs for who holds the lease",
	"ROUND_NOT_YET":         "repeat it then",
	"BEACON_UNAVAILABLE":    "the round stays the same however late it is fetched: repeat it when a relay can be reached",
	"APPROVAL_NOT_FOUND":    "`fairlot approvals` shows those that wait",
	"APPROVAL_STATE":        "`fairlot approvals --all` shows how each ended",
	"APPROVAL_SELF":         "send the id to another person with the right role, who runs `fairlot approve ID`",
	"CASE_NOT_FOUND":        "`fairlot case list --all` shows them",
	"CASE_STATE":            "`fairlot case show ID` shows where it stands",
	"APPROVAL_CHANGED":      "whoever wants it asks for it again; then look at it again",
	"CAMPAIGN_DRAFT":        "`fairlot campaign open SLUG` asks for the opening, and another officer approves it",
	"CAMPAIGN_OPEN":         "what is open cannot change: make a new campaign",
}

// Explain turns the error of a call into a *Refusal; nil stays nil. act is what was tried, in the words of the command.
func Explain(act, server string, err error) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return fmt.Errorf("%s: %w", act, err)
	}
	r := &Refusal{Act: act, Code: st.Code(), Text: instant.In(st.Message())}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			r.Reason = strings.TrimPrefix(d.Reason, "ERROR_REASON_")
		case *errdetails.BadRequest:
			for _, v := range d.FieldViolations {
				if f := inWords(Field{v.Field, v.Reason, instant.In(v.Description)}); !slices.Contains(r.Fields, f) {
					r.Fields = append(r.Fields, f)
				}
			}
		case *errdetails.RetryInfo:
			r.Retry = d.RetryDelay.AsDuration()
		}
	}
	if r.Hint = hints[r.Reason]; strings.Contains(r.Text, r.Hint) { // nothing is said twice
		r.Hint = ""
	}
	if r.Reason == "FIELD_INVALID" && slices.ContainsFunc(r.Fields, func(f Field) bool { return strings.HasPrefix(f.Path, "campaign.") }) {
		r.Hint += "; a draft is replaced by `fairlot campaign update SLUG FILE`"
	}
	if r.Reason == "" {
		switch r.Code {
		case codes.Unavailable:
			r.Text = "no daemon answers at " + server
			r.Hint = "start it with `fairlotd serve`, or name another address with --server HOST:PORT"
		case codes.DeadlineExceeded:
			r.Text = "the daemon did not answer in time"
			r.Hint = "it may or may not have been done: look with `show`, then repeat; repeating does no harm"
		case codes.Canceled:
			r.Text = "interrupted"
			r.Hint = "it may or may not have been done: look with `show`, then repeat"
		case codes.Unauthenticated:
			r.Hint = hints["STAFF_TOKEN_INVALID"]
		case codes.Unimplemented:
			r.Hint = "this daemon is of another version than this tool"
		}
	}
	return r
}

var (
	custodianField = regexp.MustCompile(`^campaign\.custodians\[\d+\]\.(recipient|cosigner)$`)
	afterLine      = regexp.MustCompile(`_[a-z]`)
	listed         = regexp.MustCompile(`^(draw|consent|custodian|notifier)s\[(\d{1,3})\]`)
	notifierField  = regexp.MustCompile(`^campaign\.notifiers\[\d+\]$`)
)

// inFile is where a field of the contract stands in a campaign file: draws[1].drawTime (draw 2) for campaign.draws[1].draw_time.
func inFile(path string) string {
	rest, ok := strings.CutPrefix(path, "campaign.")
	if !ok {
		return path
	}
	name, where, deeper := strings.Cut(rest, " ") // what follows a space is a place inside of the survey
	name = afterLine.ReplaceAllStringFunc(name, func(s string) string { return strings.ToUpper(s[1:]) })
	name = strings.Replace(name, "surveyJson", "survey", 1)
	if deeper {
		name += " " + where
	}
	if m := listed.FindStringSubmatch(name); m != nil {
		if n, err := strconv.Atoi(m[2]); err == nil {
			name += fmt.Sprintf(" (%s %d)", m[1], n+1)
		}
	}
	return name
}

// inWords says of a key that has the wrong form where the right one comes from: the contract's pattern tells nobody.
func inWords(f Field) Field {
	switch {
	case !strings.HasPrefix(f.Reason, "string."):
	case custodianField.MatchString(f.Path):
		f.Text = "put the custodian's line here, from what `fairlot keys new custodian` printed; `fairlot campaign example --custodian FILE` fills it in"
	case f.Path == "campaign.slug":
		f.Text = "use a to z, 0 to 9 and -, beginning with a letter or a digit, 63 characters at most: it is the address of the page"
	case notifierField.MatchString(f.Path):
		f.Text = "put the notifier's line here, from what `fairlot keys new notifier` printed; `fairlot campaign example --notifier FILE` fills it in"
	}
	return f
}

// Unknown tells whether a call that ended in this error may have been done all the same, so that the same call is repeated.
func Unknown(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Internal, codes.ResourceExhausted:
		return true
	}
	return false
}

// Error is the text described at Refusal, without a final LF.
func (r *Refusal) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", r.Act, r.Text)
	if r.Reason != "" {
		fmt.Fprintf(&b, " (%s)", r.Reason)
	}
	for _, f := range r.Fields {
		fmt.Fprintf(&b, "\n  %s: %s", inFile(f.Path), f.Text)
		if f.Reason != "" {
			fmt.Fprintf(&b, " (%s)", f.Reason)
		}
	}
	if r.Retry > 0 {
		when := "in " + r.Retry.Round(time.Second).String()
		if r.Retry > time.Hour {
			when = "after " + instant.Text(time.Now().Add(r.Retry+time.Second))
		}
		fmt.Fprintf(&b, "\n  try again %s", when)
	}
	if r.Hint != "" {
		fmt.Fprintf(&b, "\n  what to do: %s", r.Hint)
	}
	return b.String()
}
