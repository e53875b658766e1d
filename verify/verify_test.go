package verify_test

import (
	"archive/tar"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/draw/vectors"
	"fairlot/verify"
)

// TestScene: what the writer writes verifies, the same bytes every time, as archive and as unpacked folder.
func TestScene(t *testing.T) {
	s := makeScene(t, 40)
	b := s.tar(t)
	if !bytes.Equal(b, s.tar(t)) {
		t.Error("the same parts give other bytes")
	}
	got, _, out, err := runTar(b)
	if got != "3 beacon" {
		t.Fatalf("got %s (%v), want 3 beacon", got, err)
	}
	d := out.Draws[0]
	if !d.InTime || !slices.Equal(d.Witnesses, []string{"custodian"}) || d.Quicknet || d.State != verify.StateDrawn {
		t.Errorf("%+v", d)
	}
	if len(d.Winners) != 3 || d.Winners[1].Rank != 3 || d.Winners[2].Rank != 4 || d.Called != 4 || len(d.Audit) != 2 {
		t.Errorf("winners %v, called %d, audit %v", d.Winners, d.Called, d.Audit)
	}
	dir := t.TempDir()
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Mode != 0o644 || h.ModTime.Unix() != 0 || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" {
			t.Errorf("%s tells more than its name: %+v", h.Name, h)
		}
		name := filepath.Join(dir, filepath.FromSlash(h.Name))
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, out2, err := run(os.DirFS(dir), verify.Options{}); got != "3 beacon" || claims(out2) != claims(out) {
		t.Errorf("unpacked: %s (%v)", got, err)
	}
	if err := os.Symlink("log.bin", filepath.Join(dir, "draw", "1", "ranking.lnk")); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := run(os.DirFS(dir), verify.Options{}); got != "1 bundle" {
		t.Errorf("a symbolic link in the folder: %s", got)
	}
}

type member struct {
	header tar.Header
	data   []byte
}

func members(t *testing.T, b []byte) []member {
	var list []member
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, member{*h, data})
	}
}

func pack(t *testing.T, list []member) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range list {
		m.header.Size = int64(len(m.data))
		if err := w.WriteHeader(&m.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTarForms(t *testing.T) {
	good := makeScene(t, 10).tar(t)
	if !bytes.Equal(pack(t, members(t, good)), good) {
		t.Fatal("packing again gives other bytes: the rest of this test would be worth nothing")
	}
	edit := func(f func(l []member) []member) []byte { return pack(t, f(members(t, good))) }
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"good":       {good, "3 beacon"},
		"more zeros": {append(slices.Clone(good), make([]byte, 4096)...), "3 beacon"},
		"owner and time": {edit(func(l []member) []member {
			l[0].header.Uid, l[0].header.Uname, l[0].header.Mode = 1000, "ann", 0o600
			return l
		}), "3 beacon"},
		"order":         {edit(func(l []member) []member { l[0], l[1] = l[1], l[0]; return l }), "1 bundle"},
		"ranking first": {edit(func(l []member) []member { n := len(l); l[n-1], l[n-2] = l[n-2], l[n-1]; return l }), "1 bundle"},
		"duplicate":     {edit(func(l []member) []member { return append(l[:1:1], l...) }), "1 bundle"},
		"later again":   {edit(func(l []member) []member { return append(l, l[len(l)-1]) }), "1 bundle"},
		"missing":       {edit(func(l []member) []member { return l[:len(l)-1] }), "1 bundle"},
		"extra": {edit(func(l []member) []member {
			m := l[0]
			m.header.Name = "readme.txt"
			return append(l, m)
		}), "1 bundle"},
		"dot slash": {edit(func(l []member) []member { l[0].header.Name = "./log.bin"; return l }), "1 bundle"},
		"draw 01":   {edit(func(l []member) []member { l[len(l)-1].header.Name = "draw/01/ranking.txt"; return l }), "1 bundle"},
		"folder member": {edit(func(l []member) []member {
			return append([]member{{header: tar.Header{Typeflag: tar.TypeDir, Name: "draw/", Mode: 0o755, Format: tar.FormatUSTAR}}}, l...)
		}), "1 bundle"},
		"link": {edit(func(l []member) []member {
			n := len(l) - 1
			l[n] = member{header: tar.Header{Typeflag: tar.TypeSymlink, Name: l[n].header.Name, Linkname: "x", Format: tar.FormatUSTAR}}
			return l
		}), "1 bundle"},
		"pax": {edit(func(l []member) []member {
			l[0].header.Format, l[0].header.PAXRecords = tar.FormatPAX, map[string]string{"comment": "x"}
			return l
		}), "1 bundle"},
		"gnu":             {edit(func(l []member) []member { l[0].header.Format = tar.FormatGNU; return l }), "1 bundle"},
		"one zero block":  {good[:len(good)-512], "1 bundle"},
		"no zero block":   {good[:len(good)-1024], "1 bundle"},
		"cut":             {good[:len(good)/2], "1 bundle"},
		"empty":           {nil, "1 bundle"},
		"bytes at end":    {append(slices.Clone(good), 1), "1 bundle"},
		"second archive":  {append(slices.Clone(good), good...), "1 bundle"},
		"bytes in filler": {func() []byte { b := slices.Clone(good); b[512+len(members(t, good)[0].data)] = 1; return b }(), "1 bundle"},
	} {
		if got, _, _, err := runTar(c.b); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
}

// TestTarHeader holds the header to the fields of SPEC section 8, byte by byte.
func TestTarHeader(t *testing.T) {
	good := makeScene(t, 10).tar(t)
	o := fmt.Sprintf("%o", len(members(t, good)[0].data))
	for _, c := range []struct {
		at    int
		field string
		want  string
	}{
		{124, (o + strings.Repeat("\x00", 12))[:12], "3 beacon"},
		{124, (o + strings.Repeat(" ", 12))[:12], "3 beacon"},
		{124, (o + " \x00" + strings.Repeat(" ", 12))[:12], "3 beacon"},
		{124, fmt.Sprintf("%011s ", o), "3 beacon"},
		{124, fmt.Sprintf("%012s", o), "1 bundle"},
		{124, (" " + o + strings.Repeat("\x00", 12))[:12], "1 bundle"},
		{124, ("+" + o + strings.Repeat("\x00", 12))[:12], "1 bundle"},
		{124, ("0o" + o + strings.Repeat("\x00", 12))[:12], "1 bundle"},
		{124, (o[:1] + "_" + o[1:] + strings.Repeat("\x00", 12))[:12], "1 bundle"},
		{124, (o + "\x00x" + strings.Repeat("\x00", 12))[:12], "1 bundle"},
		{124, strings.Repeat("\x00", 12), "1 bundle"},
		{124, "77777777777\x00", "1 bundle"},
		{8, "zz", "1 bundle"},
		{156, "\x00", "1 bundle"},
		{257, "ustar  \x00", "1 bundle"},
		{345, "x", "1 bundle"},
		{346, "evil", "1 bundle"}, // archive/tar takes the NUL before it for the end of the prefix
		{499, "x", "1 bundle"},
		{500, "passed over", "3 beacon"},
		{157, "passed over", "3 beacon"},
	} {
		b := slices.Clone(good)
		copy(b[c.at:], c.field)
		mendSum(b)
		if got, _, _, err := runTar(b); got != c.want {
			t.Errorf("%q at %d: got %s (%v), want %s", c.field, c.at, got, err, c.want)
		}
	}
	sum := fmt.Sprintf("%06o", headerSum(good))
	for field, want := range map[string]string{sum + "\x00 ": "3 beacon", sum + "  ": "3 beacon", "0" + sum + "\x00": "3 beacon", "00" + sum: "1 bundle",
		" " + sum + "\x00": "1 bundle", sum + "\x00x": "1 bundle", sum[:1] + "_" + sum[1:] + "\x00": "1 bundle"} {
		b := slices.Clone(good)
		copy(b[148:], field)
		if got, _, _, err := runTar(b); got != want {
			t.Errorf("sum %q: got %s (%v), want %s", field, got, err, want)
		}
	}
}

func TestFolderWithLinkToFolder(t *testing.T) {
	v := byName(t, "worked-example")
	fsys := mapFS(v.Parts)
	fsys["x"] = &fstest.MapFile{Data: []byte("/etc"), Mode: fs.ModeSymlink | 0o777}
	if got, _, err := run(fsys, options(v)); got != "1 bundle" {
		t.Errorf("got %s (%v), want 1 bundle", got, err)
	}
}

func TestWriteTarRefusesOtherLengths(t *testing.T) {
	for _, by := range []int64{-1, 1} {
		p := makeScene(t, 4).parts()
		p.Draws[0].EntrantsSize += by
		if err := verify.WriteTar(io.Discard, p); err == nil {
			t.Errorf("a reader that is off by %d bytes passes", -by)
		}
	}
}

// TestMutations: no flipped byte of a file outside checkpoints, and no dropped, doubled or exchanged record, verifies; nothing
// anywhere verifies with another claim. In a checkpoint a changed line may be one that counts for nothing.
func TestMutations(t *testing.T) {
	for _, name := range []string{"worked-example", "replaced", "void-in-time", "strata"} {
		v := byName(t, name)
		_, before, err := run(mapFS(v.Parts), options(v))
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range v.Parts {
			for at := 0; at < len(p.Data); at += 1 + len(p.Data)/60 {
				for _, flip := range []byte{0x01, 0x20, 0x80} {
					changed := slices.Clone(v.Parts)
					changed[i].Data = slices.Clone(p.Data)
					changed[i].Data[at] ^= flip
					got, out, _ := run(mapFS(changed), options(v))
					if out != nil && (claims(out) != claims(before) || !strings.HasPrefix(p.Path, "checkpoints/")) {
						t.Errorf("%s: byte %d of %s changed by %#x: %s", name, at, p.Path, flip, got)
					}
				}
			}
			changed := slices.Delete(slices.Clone(v.Parts), i, i+1)
			got, out, _ := run(mapFS(changed), options(v))
			if out != nil && (claims(out) != claims(before) || !strings.HasPrefix(p.Path, "checkpoints/")) {
				t.Errorf("%s: without %s: %s", name, p.Path, got)
			}
		}
		log, _ := v.Part("log.bin")
		records, err := ledger.ReadLog(bytes.NewReader(log))
		if err != nil {
			t.Fatal(err)
		}
		for i := range records {
			variants := [][][]byte{
				slices.Delete(slices.Clone(records), i, i+1),
				slices.Insert(slices.Clone(records), i, records[i]),
			}
			if i > 0 && !bytes.Equal(records[i], records[i-1]) {
				exchanged := slices.Clone(records)
				exchanged[i], exchanged[i-1] = exchanged[i-1], exchanged[i]
				variants = append(variants, exchanged)
			}
			for n, records := range variants {
				var b bytes.Buffer
				if err := ledger.WriteLog(&b, records); err != nil {
					t.Fatal(err)
				}
				m := mapFS(v.Parts)
				m["log.bin"].Data = b.Bytes()
				if got, out, _ := run(m, options(v)); out != nil {
					t.Errorf("%s: record %d, variant %d: %s", name, i, n, got)
				}
			}
		}
	}
}

// TestMemory: five times the leaves, the same memory. Both lists are read in parts.
func TestMemory(t *testing.T) {
	spent := func(n int) int64 {
		b := makeScene(t, n).tar(t)
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, _, _, err := runTar(b)
		runtime.ReadMemStats(&after)
		if got != "3 beacon" {
			t.Fatal(got, err)
		}
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	spent(100)
	small, large := spent(10_000), spent(50_000)
	if large > small+32<<10 {
		t.Errorf("10,000 leaves allocate %d bytes, 50,000 allocate %d", small, large)
	}
}

func TestReceipt(t *testing.T) {
	s := makeScene(t, 40)
	_, files, out, err := runTar(s.tar(t))
	if err != nil {
		t.Fatal(err)
	}
	give := func(i int) (receipt.Receipt, draw.Leaf) {
		leaf := s.leaves[s.secrets[i].R().EntrantID(s.openHash)]
		return receipt.Receipt{Open: s.openHash, ID: leaf.ID, Person: leaf.Person, Stratum: leaf.Stratum, Chances: max(leaf.Chances, 1)}, leaf
	}
	ranks := map[int64]bool{}
	seats := 0
	for i := range s.secrets {
		r, leaf := give(i)
		st, err := verify.Receipt(files, out, s.receipts(r))
		if err != nil {
			t.Fatal(err)
		}
		d := st.Draws[0]
		if d.Leaf != leaf || !d.Listed || d.Counted != (i%4 != 0) || st.Saved {
			t.Errorf("entrant %d: %+v", i, d)
		}
		if !d.Counted {
			if !slices.Equal(d.Reasons, []string{"duplicate"}) || d.Rank != 0 {
				t.Errorf("entrant %d, not counted: %+v", i, d)
			}
			continue
		}
		if d.Of != 30 || d.Rank < 1 || d.Rank > 30 || ranks[d.Rank] {
			t.Errorf("entrant %d has rank %d of %d", i, d.Rank, d.Of)
		}
		ranks[d.Rank] = true
		if d.Seat > 0 {
			seats++
		}
		if want := d.Rank == 1 || d.Rank == 3 || d.Rank == 4; want != (d.Seat > 0) {
			t.Errorf("rank %d: seat %d", d.Rank, d.Seat)
		}
		if want := d.Rank > 3 && d.Rank <= 6; want != d.Alternate {
			t.Errorf("rank %d: alternate %v", d.Rank, d.Alternate)
		}
	}
	if seats != 3 {
		t.Errorf("%d seats held, want 3", seats)
	}

	r, _ := give(1)
	key := s.secrets[1].R()
	saved := receipt.Saved{S: s.secrets[1], Draws: true, Identity: key.IdentityKey().Commit(nil), Contact: key.ContactKey().Commit(nil),
		Note: s.receipts(r)}
	copyText, err := saved.Format()
	if err != nil {
		t.Fatal(err)
	}
	if st, err := verify.Receipt(files, out, copyText); err != nil || !st.Saved {
		t.Errorf("saved copy: %v", err)
	}
	change := func(f func(*receipt.Receipt)) []byte {
		x := r
		f(&x)
		return s.receipts(x)
	}
	other := makeScene(t, 4)
	for name, c := range map[string]struct {
		note []byte
		want error
	}{
		"missing":        {change(func(x *receipt.Receipt) { x.ID[0] ^= 1 }), verify.ErrMissing},
		"person":         {change(func(x *receipt.Receipt) { x.Person[0] ^= 1 }), verify.ErrDiffers},
		"stratum":        {change(func(x *receipt.Receipt) { x.Stratum = 2 }), verify.ErrDiffers},
		"chances":        {change(func(x *receipt.Receipt) { x.Chances = 3 }), verify.ErrDiffers},
		"not counted":    {change(func(x *receipt.Receipt) { x.Chances = 0 }), nil},
		"other campaign": {change(func(x *receipt.Receipt) { x.Open[0] ^= 1 }), verify.ErrOtherCampaign},
		"other key":      {other.receipts(r), receipt.ErrSignature},
		"no receipt":     {[]byte("hello\n"), receipt.ErrReceipt},
	} {
		if _, err := verify.Receipt(files, out, c.note); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// units runs f over the vectors of a kind.
func units(t *testing.T, kind string, least int, f func(v vectors.Vector) (map[string]string, error)) {
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range all {
		if v.Kind != kind {
			continue
		}
		n++
		t.Run(v.Name, func(t *testing.T) {
			got, err := f(v)
			if (err == nil) != (v.Expect == "ok") {
				t.Fatalf("%s\nwant %s, got error %v", v.About, v.Expect, err)
			}
			for key, want := range v.Want {
				if got[key] != want {
					t.Errorf("%s: got %q, want %q", key, got[key], want)
				}
			}
		})
	}
	if n < least {
		t.Errorf("%d vectors of kind %s, want at least %d", n, kind, least)
	}
}

func TestReceiptVectors(t *testing.T) {
	units(t, "receipt", 10, func(v vectors.Vector) (map[string]string, error) {
		note, _ := v.Part("note")
		if bytes.HasPrefix(note, []byte("fairlot/v1 saved receipt")) {
			saved, err := receipt.ParseSaved(note)
			if err != nil {
				return nil, err
			}
			r, err := saved.Check(v.Have["vkey"])
			return map[string]string{"id": hex.EncodeToString(r.ID[:])}, err
		}
		r, err := receipt.Verify(v.Have["vkey"], note)
		return map[string]string{"id": hex.EncodeToString(r.ID[:])}, err
	})
}

func TestPolicyVectors(t *testing.T) {
	units(t, "policy", 20, func(v vectors.Vector) (map[string]string, error) {
		text, _ := v.Part("policy")
		p, err := ledger.ParsePolicy(text)
		if err != nil {
			return nil, err
		}
		names := strings.Split(v.Have["satisfied"], ",")
		met := p.Satisfied(func(name string) bool { return slices.Contains(names, name) })
		return map[string]string{"result": map[bool]string{true: "yes", false: "no"}[met]}, nil
	})
}

func FuzzTar(f *testing.F) {
	f.Add(make([]byte, 1024))
	v := byName(f, "worked-example")
	var p verify.Parts
	p.Checkpoints = map[int64][]byte{}
	for _, part := range v.Parts {
		var size int64
		if _, err := fmt.Sscanf(part.Path, "checkpoints/%d", &size); err == nil {
			p.Checkpoints[size] = part.Data
		}
	}
	p.Log = strings.NewReader("")
	var b bytes.Buffer
	if err := verify.WriteTar(&b, p); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		files, err := verify.Tar(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		// What is taken is what archive/tar sees too.
		r := tar.NewReader(bytes.NewReader(b))
		for _, name := range files.Names() {
			h, err := r.Next()
			if size, _ := files.Has(name); err != nil || h.Name != name || h.Size != size || h.Typeflag != tar.TypeReg {
				t.Fatalf("archive/tar sees another member than %s: %+v, %v", name, h, err)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatalf("archive/tar sees more: %v", err)
		}
	})
}

func BenchmarkBundle1e5(b *testing.B) {
	file := makeScene(b, 100_000).tar(b)
	for b.Loop() {
		if got, _, _, err := runTar(file); err != nil {
			b.Fatal(got, err)
		}
	}
}
