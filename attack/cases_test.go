package attack

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestCasesOpenNothingUnwanted asks a real daemon, in every way that staff and whoever writes its registry have, for locks and envelopes of people for whom there is no case that
// three persons want now. It gives out nothing, and announces nothing; for the case that is wanted it gives out exactly whom it names.
func TestCasesOpenNothingUnwanted(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		if opened := openUnwanted(t, newDaemonOn(t, on)); len(opened) > 0 {
			t.Errorf("opened although %s", strings.Join(opened, ", "))
		}
	})
}

// TestCasesOpenNothingUnwantedSees gives the same attack daemons that do not look whether a case is approved, has expired, is closed: each opens just that.
func TestCasesOpenNothingUnwantedSees(t *testing.T) {
	t.Parallel()
	program := brokenDaemon.built(t)
	for broken, want := range map[string][]string{"approval": {"nobody approved it", "one approved it"}, "expiry": {"it had expired"}, "close": {"it was closed"}} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			d := newDaemon(t)
			d.program, d.env = program, []string{"FAIRLOT_BROKEN=" + broken}
			if opened := openUnwanted(t, d); !slices.Equal(opened, want) {
				t.Errorf("opened although %v, want %v", opened, want)
			}
		})
	}
}

// caseEdits leave out what a case must be before anything is given out for it.
func caseEdits() []edit {
	const file = "engine/caserelease.go"
	return []edit{
		edit{file, "	\"errors\"\n", "	\"errors\"\n	\"os\"\n"},
		edit{file, "	case !c.Approved():\n", "	case !c.Approved() && os.Getenv(\"FAIRLOT_BROKEN\") != \"approval\":\n"},
		edit{file, "	case !now.Before(c.Expires):\n", "	case !now.Before(c.Expires) && os.Getenv(\"FAIRLOT_BROKEN\") != \"expiry\":\n"},
		edit{file, "	case c.Over:\n", "	case c.Over && os.Getenv(\"FAIRLOT_BROKEN\") != \"close\":\n"},
		without(file, "return ok && had.Case != nil && *had.Case == mark", "return ok && had.Case != nil && *had.Case == mark && !(BROKEN)", "announced twice"),
	}
}

// caller is a connection with somebody's token.
type caller struct {
	conn *grpc.ClientConn
	ctx  context.Context
}

func second(conn *grpc.ClientConn, ctx context.Context) caller { return caller{conn, ctx} }

// openUnwanted returns in which ways the daemon gave something out.
func openUnwanted(t *testing.T, d *daemon) (opened []string) {
	d.serve()
	var keys []*custody.Key
	c := d.openCampaign(5, time.Now().Add(time.Hour), func(c *fairlotv1.Campaign) {
		for i := range c.Custodians {
			key, err := custody.NewClassicKey()
			if err != nil {
				t.Fatal(err)
			}
			keys, c.Custodians[i].Recipient = append(keys, key), key.Recipient()
		}
	})
	var people []*person
	for i, token := range c.tokens(3) {
		p := c.newPerson(i, token)
		c.mustEnter(t, p)
		people = append(people, p)
	}
	conn, chen := d.as("officer", "Chen")
	defer func() { conn.Close() }()
	lin, wu := second(d.as("officer", "Lin")), second(d.as("notifier", "Wu"))
	svc := fairlotv1.NewCaseServiceClient(conn)
	open := func(entries ...string) *fairlotv1.Case {
		t.Helper()
		var id [16]byte
		rand.Read(id[:])
		x, err := svc.OpenCase(chen, &fairlotv1.OpenCaseRequest{Name: "cases/" + hex.EncodeToString(id[:]), Campaign: c.name, Kind: fairlotv1.CaseKind_CASE_KIND_COURT,
			Ground: fairlotv1.CaseGround_CASE_GROUND_JUDICIAL, Reference: "115 No. 1", Entries: entries, Opens: []fairlotv1.CaseEnvelope{fairlotv1.CaseEnvelope_CASE_ENVELOPE_CONTACT}})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	first, last := hex.EncodeToString(people[0].leaf.ID[:]), hex.EncodeToString(people[2].leaf.ID[:])
	approve := func(x *fairlotv1.Case) *fairlotv1.Case {
		t.Helper()
		for _, by := range []caller{lin, wu} {
			if _, err := svc.ApproveCase(by.ctx, &fairlotv1.ApproveCaseRequest{Name: x.Name, Digest: x.Digest}); err != nil {
				t.Fatal(err)
			}
		}
		return x
	}
	get := func(although string, x *fairlotv1.Case) *fairlotv1.ReleaseCaseResponse {
		t.Helper()
		res, err := svc.ReleaseCase(lin.ctx, &fairlotv1.ReleaseCaseRequest{Name: x.Name})
		if although != "" && (err == nil || len(res.GetEntrants()) > 0) {
			opened = append(opened, although)
		} else if although == "" && err != nil {
			t.Fatal(err)
		}
		return res
	}
	none, one, over := open(first), open(first), open(first)
	get("nobody approved it", none)
	if _, err := svc.ApproveCase(lin.ctx, &fairlotv1.ApproveCaseRequest{Name: one.Name, Digest: one.Digest}); err != nil {
		t.Fatal(err)
	}
	if _, err := svc.ApproveCase(chen, &fairlotv1.ApproveCaseRequest{Name: one.Name, Digest: one.Digest}); err == nil {
		opened = append(opened, "the requester approved it")
	}
	get("one approved it", one)
	if _, err := svc.CloseCase(chen, &fairlotv1.CloseCaseRequest{Name: approve(over).Name, Outcome: fairlotv1.CaseOutcome_CASE_OUTCOME_WITHDRAWN}); err != nil {
		t.Fatal(err)
	}
	get("it was closed", over)

	// The control: what is wanted comes out, for the custodians whom it takes, and nobody else's.
	wanted := approve(open(first, last))
	res := get("", wanted)
	if len(res.Entrants) != 2 {
		t.Fatalf("%d entrants of the case that is wanted", len(res.Entrants))
	}
	campaign, err := hex.DecodeString(c.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range res.Entrants {
		p := people[slices.IndexFunc(people, func(p *person) bool { return hex.EncodeToString(p.leaf.ID[:]) == e.EntryId })]
		head := seal.Head{Open: [32]byte(c.open), Campaign: [16]byte(campaign), ID: p.leaf.ID, Kind: seal.Contact, Threshold: 2, Total: len(keys)}
		var shares []custody.Share
		for i := range 2 {
			share, err := custody.OpenLock(keys[i], e.Locks[i], custody.Want{Head: head, Custodian: i + 1})
			if err != nil {
				t.Fatal(err)
			}
			shares = append(shares, share)
		}
		text, _, err := custody.OpenEntrant(e.ContactEnvelope, shares, head, [32]byte(e.Person))
		if err != nil || !strings.Contains(string(text), p.email) || len(e.IdentityEnvelope) > 0 || e.EntryId != first && e.EntryId != last {
			t.Errorf("entry %s: %v, %d bytes of identity", e.EntryId, err, len(e.IdentityEnvelope))
		}
	}
	// What somebody who writes the registry makes of approved cases while the daemon is down.
	expired, swapped, self := approve(open(first)), approve(open(first)), approve(open(first))
	conn.Close()
	lin.conn.Close()
	wu.conn.Close()
	d.stop()
	room := func(name string) *sql.DB {
		if d.on.admin != "" {
			return d.room(name)
		}
		return openRoom(t, d.rooms(), name) // not a copy: it is written to
	}
	bytes := func(b []byte) string { // as both engines write them
		if d.on.admin != "" {
			return fmt.Sprintf("'\\x%x'::bytea", b)
		}
		return fmt.Sprintf("X'%x'", b)
	}
	registry := room("registry")
	rewrite := func(x *fairlotv1.Case, from, to string) {
		t.Helper()
		id, _ := hex.DecodeString(strings.TrimPrefix(x.Name, "cases/"))
		var body []byte
		if err := registry.QueryRow("SELECT body FROM cases WHERE id = " + bytes(id)).Scan(&body); err != nil {
			t.Fatal(err)
		}
		now := regexp.MustCompile(from).ReplaceAllString(string(body), to)
		if now == string(body) {
			t.Fatalf("%s has no %s", body, from)
		}
		if _, err := registry.Exec("UPDATE cases SET body = " + bytes([]byte(now)) + " WHERE id = " + bytes(id)); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(expired, `"expires":"[^"]*"`, `"expires":"`+time.Now().Add(-time.Second).UTC().Truncate(time.Second).Format(time.RFC3339)+`"`)
	rewrite(self, `"Label":"Lin"`, `"Label":"chen"`)
	identity := room("identity")
	id, _ := hex.DecodeString(strings.TrimPrefix(swapped.Name, "cases/"))
	if _, err := identity.Exec("UPDATE case_entrants SET ids = " + bytes(people[2].leaf.ID[:]) + " WHERE id = " + bytes(id)); err != nil {
		t.Fatal(err)
	}
	registry.Close()
	identity.Close()
	d.serve()
	conn, chen = d.as("officer", "Chen")
	lin = second(d.as("officer", "Lin"))
	svc = fairlotv1.NewCaseServiceClient(conn)
	get("it had expired", expired)
	get("it names others than were approved", swapped)
	get("the requester approved it", self)
	get("", wanted)
	lin.conn.Close()

	announced := 0
	records, err := fairlotv1.NewLogServiceClient(conn).ListRecords(chen, &fairlotv1.ListRecordsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range records.Records {
		if o, err := draw.ParseRecord([]byte(b)); err == nil && o.Kind() == "opened" {
			announced++
		}
	}
	if announced != 1+len(opened) {
		t.Errorf("%d openings are announced, %d were given out unwanted", announced, len(opened))
	}
	return opened
}
