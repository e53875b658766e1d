package custody

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"fairlot/crypto/seal"
)

func notice(e Entrant) Release {
	return Release{Open: e.Open, Campaign: e.Campaign, Draw: 1, Purpose: Notice, Kind: seal.Contact,
		Opened: [32]byte{7}, Threshold: e.Threshold, Total: e.To.Len()}
}

// The whole way: three entrants sealed, two custodians release two of them to
// two notifiers, each notifier reads, joins and opens just those.
func TestRelease(t *testing.T) {
	keys, to := newKeys(t, 3, false)
	notifierKeys, notifiers := newKeys(t, 2, false)
	base := entrant(to, 2)
	r := notice(base)
	var sealed []Sealed
	var heads []seal.Head
	for i := range 3 {
		e := base
		e.ID[15] = byte(i)
		sealed = append(sealed, mustSeal(t, e))
		heads = append(heads, r.Head(e.ID))
	}
	var files [][]byte
	for _, c := range []int{0, 2} {
		var shares []Share
		for _, w := range []int{0, 2} {
			s, err := OpenLock(keys[c], sealed[w].Lock[c], Want{Head: heads[w], Custodian: c + 1})
			if err != nil {
				t.Fatal(err)
			}
			shares = append(shares, s)
		}
		f, err := SealReleased(r, c+1, shares, notifiers)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for _, n := range notifierKeys {
		byID := map[[16]byte][]Share{}
		for _, f := range files {
			shares, err := ReadReleased(n, f, r)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range shares {
				byID[s.Head.ID] = append(byID[s.Head.ID], s)
			}
		}
		if len(byID) != 2 {
			t.Fatalf("%d entrants released, want 2", len(byID))
		}
		for _, w := range []int{0, 2} {
			text, _, err := OpenEntrant(sealed[w].Contact, byID[heads[w].ID], heads[w], openings.Person())
			if err != nil || !bytes.Equal(text, contactText) {
				t.Errorf("winner %d: %v", w, err)
			}
			// The shares of the contact do not open the identity.
			idHead := heads[w]
			idHead.Kind = seal.Identity
			if _, _, err := OpenEntrant(sealed[w].Identity, byID[heads[w].ID], idHead, openings.Person()); err == nil {
				t.Error("contact shares open an identity")
			}
		}
		if _, _, err := OpenEntrant(sealed[1].Contact, byID[heads[0].ID], heads[1], openings.Person()); err == nil {
			t.Error("a winner's shares open a non-winner")
		}
	}
	_, err := ReadReleased(keys[0], files[0], r)
	wantErr(t, err, ErrWrongKey)
}

func TestReleasedRefusals(t *testing.T) {
	keys, to := newKeys(t, 2, true)
	notifierKeys, notifiers := newKeys(t, 1, false)
	e := entrant(to, 2)
	r := notice(e)
	shares := mustOpen(t, keys, mustSeal(t, e).Lock, headOf(e, seal.Contact))
	file, err := SealReleased(r, 1, shares[:1], notifiers)
	if err != nil {
		t.Fatal(err)
	}
	read := func(change func(*Release)) error {
		w := r
		change(&w)
		_, err := ReadReleased(notifierKeys[0], file, w)
		return err
	}
	wantErr(t, read(func(*Release) {}), nil)
	wantField(t, read(func(r *Release) { r.Open[0]++ }), "open record")
	wantField(t, read(func(r *Release) { r.Campaign[0]++ }), "campaign")
	wantField(t, read(func(r *Release) { r.Draw++ }), "draw")
	wantField(t, read(func(r *Release) { r.Case[0]++ }), "case")
	wantField(t, read(func(r *Release) { r.Purpose = Claim }), "purpose")
	wantField(t, read(func(r *Release) { r.Kind = seal.Identity }), "kind")
	wantField(t, read(func(r *Release) { r.Opened[0]++ }), "opened record")
	wantField(t, read(func(r *Release) { r.Threshold = 1 }), "threshold")
	for i := 0; i < len(file); i += 29 {
		bad := bytes.Clone(file)
		bad[i] ^= 1
		if _, err := ReadReleased(notifierKeys[0], bad, r); err == nil {
			t.Fatalf("byte %d changed and still read", i)
		}
	}
	_, err = ReadReleased(notifierKeys[0], make([]byte, MaxReleased+1), r)
	wantErr(t, err, seal.ErrSize)

	sealAs := func(change func(*Release)) error {
		w := r
		change(&w)
		_, err := SealReleased(w, 1, shares[:1], notifiers)
		return err
	}
	wantField(t, sealAs(func(r *Release) { r.Purpose = Claim }), "kind")
	wantField(t, sealAs(func(r *Release) { r.Purpose = "fun" }), "purpose")
	wantField(t, sealAs(func(r *Release) { r.Purpose = Court }), "draw")
	wantField(t, sealAs(func(r *Release) { r.Purpose, r.Draw = Court, 0 }), "draw")
	wantErr(t, sealAs(func(r *Release) { r.Purpose, r.Draw, r.Case[0] = Court, 0, 1 }), nil)
	wantField(t, sealAs(func(r *Release) { r.Purpose, r.Draw, r.Case[0], r.Kind = Court, 0, 1, 0 }), "kind")
	wantField(t, sealAs(func(r *Release) { r.Purpose, r.Kind = Tax, seal.Identity }), "kind") // the shares are of contacts
	wantField(t, sealAs(func(r *Release) { r.Campaign[0]++ }), "campaign")
	for name, c := range map[string]struct {
		shares    []Share
		custodian int
	}{"another custodian's": {shares[1:], 1}, "two custodians'": {shares, 1}, "no": {nil, 1}, "custodian 3's": {shares[:1], 3},
		"the same twice": {[]Share{shares[0], shares[0]}, 1}} {
		if _, err := SealReleased(r, c.custodian, c.shares, notifiers); err == nil {
			t.Errorf("%s shares were sealed", name)
		}
	}
	bad := shares[0]
	bad.Value[31] = 0xff
	_, err = SealReleased(r, 1, []Share{bad}, notifiers)
	wantErr(t, err, ErrShare)
}

func TestReleasedText(t *testing.T) {
	e := entrant(Recipients{}, 2)
	r := notice(e)
	r.Total = 3
	s := Share{Head: r.Head(e.ID), Custodian: 1, Value: Scalar{5}}
	good := string(marshalReleased(r, 1, []Share{s}))
	want := "fairlot/v1 released shares\nopen 01" + strings.Repeat("00", 31) + "\ncampaign 02" + strings.Repeat("00", 15) +
		"\ndraw 1\npurpose notice\nkind contact\nopened 07" + strings.Repeat("00", 31) +
		"\ncustodian 1\nthreshold 2 3\ncount 1\nshare 03" + strings.Repeat("00", 15) + " 05" + strings.Repeat("00", 31) + "\n"
	if good != want {
		t.Fatalf("text %q", good)
	}
	if got, shares, err := parseReleased([]byte(good)); err != nil || got != r || len(shares) != 1 || shares[0] != s {
		t.Fatalf("read back %+v %+v %v", got, shares, err)
	}
	for _, c := range [][2]string{{"draw 1", "draw 01"}, {"draw 1", "draw 100"}, {"draw 1", "case 00"}, {"count 1", "count 2"},
		{"custodian 1", "custodian 4"}, {"custodian 1", "custodian 0"}, {"threshold 2 3", "threshold 4 3"}, {"notice", "Notice"},
		{"contact", "identity"}, {"share 03", "share 0A"}, {"\n", "\r\n"}, {"released", "Released"}, {"2 3", "2  3"}} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if _, _, err := parseReleased([]byte(bad)); err == nil {
			t.Errorf("%q for %q: accepted", c[1], c[0])
		}
	}
	twice := strings.Replace(good, "count 1", "count 2", 1) + good[strings.Index(good, "share 03"):]
	if _, _, err := parseReleased([]byte(twice)); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("an entrant twice: %v", err)
	}
	over := strings.TrimSuffix(good, strings.Repeat("0", 2)+"\n") + "ff\n"
	if _, _, err := parseReleased([]byte(over)); !errors.Is(err, ErrShare) {
		t.Errorf("share over the order: %v", err)
	}
}

func FuzzParseReleased(f *testing.F) {
	r := notice(entrant(Recipients{}, 2))
	r.Total = 3
	f.Add(marshalReleased(r, 1, []Share{{Head: r.Head([16]byte{1}), Custodian: 1, Value: Scalar{5}}}))
	r.Purpose, r.Draw, r.Case = Court, 0, [16]byte{1}
	f.Add(marshalReleased(r, 2, []Share{{Head: r.Head([16]byte{1}), Custodian: 2, Value: Scalar{5}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, shares, err := parseReleased(b)
		if err == nil && !bytes.Equal(marshalReleased(r, shares[0].Custodian, shares), b) {
			t.Fatal("two encodings")
		}
	})
}

func FuzzParseLock(f *testing.F) {
	h := headOf(entrant(Recipients{}, 2), seal.Contact)
	h.Total = 3
	f.Add(lockPayload(h, 1, [2][]Scalar{{{1}}, {{2}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseLock(b, Want{Head: h, Custodian: 1})
		if err != nil {
			return
		}
		shares := [2][]Scalar{nil, {s.Value}}
		if b[83]&1 == 1 {
			shares[0] = []Scalar{Scalar(b[84:116])}
		}
		if !bytes.Equal(lockPayload(h, 1, shares), b) {
			t.Fatal("two encodings")
		}
	})
}
