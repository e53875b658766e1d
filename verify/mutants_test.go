package verify_test

import (
	"archive/tar"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fairlot/draw"
	"fairlot/draw/vectors"
)

// byteMutants alter some bytes or lines of one file of a bundle.
func byteMutants(t *testing.T, rnd *rand.Rand, n int) (cases []otherCase) {
	all := bundles(t)
	for range n {
		cases = append(cases, caseOf(pick(rnd, all)).with("bytes", func(parts map[string][]byte) {
			path := pick(rnd, slices.Sorted(maps.Keys(parts)))
			switch rnd.IntN(8) {
			case 0:
				delete(parts, path)
			case 1:
				to := pick(rnd, []string{"draw/2/entrants.bin", "draw/0/entrants.bin", "draw/100/ranking.txt", "draw/99/ranking.txt", "checkpoints/0",
					"checkpoints/9007199254740992", "checkpoints/9007199254740991", "checkpoints/1", "files/" + strings.Repeat("0", 64), "Log.bin"})
				if _, taken := parts[to]; !taken {
					parts[to] = parts[path]
				}
			case 2:
				parts[path] = []byte(lineMutant(rnd, string(parts[path])))
			default:
				parts[path] = flipped(rnd, parts[path])
			}
		}))
	}
	return cases
}

func flipped(rnd *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	if len(b) == 0 {
		return []byte{0}
	}
	at := rnd.IntN(len(b))
	switch rnd.IntN(4) {
	case 0:
		return slices.Delete(b, at, at+1)
	case 1:
		return slices.Insert(b, at, byte(rnd.IntN(256)))
	case 2:
		return b[:at]
	}
	b[at] ^= 1 << rnd.IntN(8)
	return b
}

var number = regexp.MustCompile(`\b[0-9]{1,16}\b`)

// lineMutant alters a text of lines in one place.
func lineMutant(rnd *rand.Rand, text string) string {
	l := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	i, j := rnd.IntN(len(l)), rnd.IntN(len(l))
	if strings.HasPrefix(l[i], "beacon ") { // the Python verifier has no BLS: what another key does to a signature it cannot know
		return text
	}
	switch rnd.IntN(9) {
	case 0:
		l = slices.Delete(l, i, i+1)
	case 1:
		l = slices.Insert(l, i, l[i])
	case 2:
		l[i], l[j] = l[j], l[i]
	case 3, 4, 5:
		if at := number.FindAllStringIndex(l[i], -1); at != nil {
			p := pick(rnd, at)
			l[i] = l[i][:p[0]] + pick(rnd, []string{"0", "1", "2", "3", "4", "5", "99", "100", "1000", "1001", "9007199254740991", "9007199254740992",
				"18446744073709551615", "01", "-1", "+1", "1000000", "1000001", "none", "٣"}) + l[i][p[1]:]
		}
	case 6:
		p := rnd.IntN(len(l[i]) + 1)
		l[i] = l[i][:p] + pick(rnd, []string{" ", "\t", "\u00a0", "\u200b", "\r", "é", "e\u0301", "\U0001fae8", "\u1100\u1161", "\ufeff", "\x00", "\u3000", "\u0345", "\x7f", "\xff"}) + l[i][p:]
	case 7:
		for _, w := range []string{"yes no", "no yes", "replace forfeit", "in out", "notice claim", "claim tax", "declined late", "token none", "operator custodian-1"} {
			old, with, _ := strings.Cut(w, " ")
			if strings.HasSuffix(l[i], " "+old) {
				l[i] = strings.TrimSuffix(l[i], old) + with
				break
			}
		}
	case 8:
		l = slices.Insert(l, i, pick(rnd, []string{"x y", "audit 0", "batch 1", "note", "round 1000", "unproven no", "", "zero duplicate 1"}))
	}
	return strings.Join(l, "\n") + "\n"
}

// The vectors' keys are made from public words (spec/scene.py).
func wordKey(word string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("fairlot vectors key " + word))
	return ed25519.NewKeyFromSeed(seed[:])
}

const vectorOrigin = "log.example.org/fairlot"

func signLine(word string, alg byte, message, before []byte) string {
	key := wordKey(word)
	k := append([]byte{alg}, key.Public().(ed25519.PublicKey)...)
	hash := sha256.Sum256(append([]byte(word+"\n"), k...))
	return "— " + word + " " + base64.StdEncoding.EncodeToString(slices.Concat(hash[:4], before, ed25519.Sign(key, message))) + "\n"
}

// signedMutants alter a record, the rules, the policy or an entry list and mend what hangs on it: hashes of earlier records in
// later ones, file names, roots, signatures of log and witnesses. So they get past step 4.
func signedMutants(t *testing.T, rnd *rand.Rand, n int) (cases []otherCase) {
	var all []vectors.Vector
	for _, v := range bundles(t) {
		if !strings.HasPrefix(v.Expect, "1 bundle") && !strings.HasPrefix(v.Expect, "1 record") && !strings.HasPrefix(v.Expect, "1 log") {
			all = append(all, v)
		}
	}
	for range n {
		cases = append(cases, caseOf(pick(rnd, all)).with("signed again", func(parts map[string][]byte) {
			records := splitLog(parts["log.bin"])
			was := slices.Clone(records)
			kind := rnd.IntN(12)
			switch { // kinds 3 and up: a record, most often not the first
			case kind == 0:
				remade(rnd, parts, records, "fairlot/v1 rules\n")
			case kind == 1:
				remade(rnd, parts, records, "log "+vectorOrigin)
			case kind == 2:
				if list := parts["draw/1/entrants.bin"]; len(list) > 0 {
					parts["draw/1/entrants.bin"] = flipped(rnd, list)
				}
			case kind == 3 && len(records) > 1:
				i := 1 + rnd.IntN(len(records)-1)
				records = slices.Insert(records, i, records[1+rnd.IntN(len(records)-1)])
				was = slices.Clone(records)
			default:
				i := rnd.IntN(len(records))
				if i == 0 && rnd.IntN(3) > 0 {
					i = len(records) - 1 - rnd.IntN(min(2, len(records)))
				}
				records[i] = []byte(lineMutant(rnd, string(records[i])))
			}
			resign(parts, was, records)
		}))
	}
	return cases
}

// remade alters the file of files/ that begins so, gives it its name and lets open records name it.
func remade(rnd *rand.Rand, parts map[string][]byte, records [][]byte, begins string) {
	for _, path := range slices.Sorted(maps.Keys(parts)) {
		if strings.HasPrefix(path, "files/") && bytes.HasPrefix(parts[path], []byte(begins)) {
			b := []byte(lineMutant(rnd, string(parts[path])))
			delete(parts, path)
			name := draw.HashOf(b).String()
			parts["files/"+name] = b
			for i, r := range records {
				records[i] = bytes.ReplaceAll(r, []byte(strings.TrimPrefix(path, "files/")), []byte(name))
			}
			return
		}
	}
}

func splitLog(log []byte) (records [][]byte) {
	for len(log) >= 2 {
		n := 2 + int(binary.BigEndian.Uint16(log))
		records = append(records, log[2:min(n, len(log))])
		log = log[min(n, len(log)):]
	}
	return records
}

func resign(parts map[string][]byte, was, records [][]byte) {
	var log []byte
	for i := range records {
		for j := range i {
			old, now := draw.HashOf(was[j]).String(), draw.HashOf(records[j]).String()
			records[i] = bytes.ReplaceAll(records[i], []byte(old), []byte(now))
		}
		log = append(binary.BigEndian.AppendUint16(log, uint16(len(records[i]))), records[i]...)
	}
	parts["log.bin"] = log
	largest := ""
	for path := range parts {
		if strings.HasPrefix(path, "checkpoints/") && (len(path) > len(largest) || len(path) == len(largest) && path > largest) {
			largest = path
		}
	}
	if whole := fmt.Sprintf("checkpoints/%d", len(records)); largest != "" && largest != whole {
		parts[whole] = parts[largest] // a record was added
		delete(parts, largest)
	}
	for path, note := range parts {
		var size int
		if _, err := fmt.Sscanf(path, "checkpoints/%d", &size); err != nil || size > len(records) {
			continue
		}
		var tree draw.Tree
		for _, r := range records[:size] {
			tree.Add(r)
		}
		root := tree.Root()
		text := fmt.Sprintf("%s\n%d\n%s\n", vectorOrigin, size, base64.StdEncoding.EncodeToString(root[:]))
		out := text + "\n"
		_, lines, _ := strings.Cut(string(note), "\n\n")
		for line := range strings.Lines(lines) {
			w := strings.Fields(line)
			raw, err := base64.StdEncoding.DecodeString(w[len(w)-1])
			switch {
			case err != nil || len(w) != 3:
				out += line
			case w[1] == vectorOrigin:
				out += signLine(w[1], 1, []byte(text), nil)
			case len(raw) == 4+8+64:
				at := binary.BigEndian.Uint64(raw[4:])
				out += signLine(w[1], 4, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), raw[4:12])
			default:
				out += line
			}
		}
		parts[path] = []byte(out)
	}
}

// lineMutants put one more line under a checkpoint, of many forms.
func lineMutants(t *testing.T) (cases []otherCase) {
	v := caseOf(byName(t, "one-tier"))
	var path string
	for p := range v.Parts {
		if strings.HasPrefix(p, "checkpoints/") && p > path {
			path = p
		}
	}
	note := string(v.Parts[path])
	text, lines, _ := strings.Cut(note, "\n\n")
	first, _, _ := strings.Cut(lines, "\n")
	forms := []string{"", "\n", " ", "—", "— ", "— s", "— s ", "—  AAAAAAA=", "- s AAAAAAA=", "— s AAAAAAA=x", "— s AAAAAA==", "— s AAAAAAAA", "— s AAAAAAA=",
		"— s AAAAAAB=", "— s AAAAAAA", "— s AAAA\rAAA=", "— s AAAAAAA=\r", "— s AAAAAAA= ", " — s AAAAAAA=", "—\u00a0s AAAAAAA=", "— s\u00a0AAAAAAA=", "— s AAAA-_A=",
		"— s AAAAAAA= x", "— s+t AAAAAAA=", "\ufeff— s AAAAAAA=", "— " + strings.Repeat("s", 128) + " AAAAAAA=", "— " + strings.Repeat("s", 129) + " AAAAAAA=",
		"— s " + base64.StdEncoding.EncodeToString(make([]byte, 40000)), "— s " + base64.StdEncoding.EncodeToString(make([]byte, 60000)),
		"— " + vectorOrigin + " AAAAAAA=", "— city.example.org AAAAAAA=", first, first + "\n" + first, strings.Replace(first, "=", "", 1),
		strings.TrimRight(strings.Repeat("— s AAAAAAA=\n", 99), "\n"), strings.TrimRight(strings.Repeat("— s AAAAAAA=\n", 100), "\n"),
		"— city.example.org " + strings.Fields(first)[2], signLine("city.example.org", 4, []byte("else"), make([]byte, 8)),
		strings.TrimSuffix(signLine("city.example.org", 4, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", uint64(1<<63), text), binary.BigEndian.AppendUint64(nil, 1<<63)), "\n"),
		strings.TrimSuffix(signLine("city.example.org", 1, []byte(text+"\n"), nil), "\n"), strings.TrimSuffix(signLine(vectorOrigin, 4, []byte(text+"\n"), make([]byte, 8)), "\n")}
	for r := range rune(0x3100) { // controls and spaces, and some of everything else
		if r <= 0x20 || r == 0x2b || r >= 0x7e && r <= 0xa1 && r%3 < 2 || r >= 0x2000 && r < 0x2010 || slices.Contains([]rune{0x85, 0xa0, 0x1680, 0x180e, 0x2028, 0x2029, 0x202f, 0x205f, 0x2060, 0x3000}, r) || r%1997 == 0 {
			forms = append(forms, "— a"+string(r)+"b AAAAAAA=")
		}
	}
	forms = append(forms, "— a\xffb AAAAAAA=", "— a\xc0\x80b AAAAAAA=", "— a\xed\xa0\x80b AAAAAAA=")
	for i, f := range forms {
		name := fmt.Sprintf("line %d, %.20q", i, f)
		cases = append(cases, v.with(name, func(parts map[string][]byte) { parts[path] = []byte(note + f + "\n") }))
		if i%8 == 0 {
			cases = append(cases, v.with(name+" first", func(parts map[string][]byte) { parts[path] = []byte(text + "\n\n" + f + "\n" + lines) }))
		}
	}
	return cases
}

// unitMutants alter records, policies and receipts that stand alone.
func unitMutants(t *testing.T, rnd *rand.Rand, n int) (cases []otherCase) {
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var units []otherCase
	for _, v := range all {
		if v.Kind == "record" || v.Kind == "policy" || v.Kind == "receipt" {
			units = append(units, caseOf(v))
		}
	}
	for range n {
		cases = append(cases, pick(rnd, units).with("altered", func(parts map[string][]byte) {
			for path, b := range parts {
				if rnd.IntN(4) == 0 {
					parts[path] = flipped(rnd, b)
				} else {
					parts[path] = []byte(lineMutant(rnd, string(b)))
				}
			}
		}))
	}
	return cases
}

// keyMutants are origin records with a key of any 32 bytes: small y, y near p, any y.
func keyMutants(rnd *rand.Rand, n int) (cases []otherCase) {
	for i := range n {
		k := make([]byte, 33)
		k[0] = 1
		switch i % 4 {
		case 0:
			k[1] = byte(i / 4)
		case 1: // p is 2^255 − 19
			for j := range k[1:] {
				k[1+j] = 0xff
			}
			k[1], k[32] = byte(0xe0+i/4), 0x7f
		default:
			for j := range k[1:] {
				k[1+j] = byte(rnd.IntN(256))
			}
		}
		if rnd.IntN(2) == 0 {
			k[32] ^= 0x80
		}
		hash := sha256.Sum256(append([]byte("log.example.org\n"), k...))
		record := fmt.Sprintf("fairlot/v1 origin\nlog log.example.org+%x+%s\nold old.example.org\nold-size 0\nold-root %064d\n",
			hash[:4], base64.StdEncoding.EncodeToString(k), 0)
		cases = append(cases, otherCase{name: fmt.Sprintf("key %x", k[1:]), Kind: "record", Parts: map[string][]byte{"record": []byte(record)}})
	}
	return cases
}

// tarMutants alter headers, padding and end of an archive; the header's sum is mended, unless it is what is altered.
func tarMutants(t *testing.T, rnd *rand.Rand, n int) (cases []otherCase) {
	v := byName(t, "worked-example")
	base := caseOf(v)
	base.Kind = "archive"
	good := archiveOf(t, v)
	size := len(v.Parts[0].Data)
	add := func(name string, archive []byte) {
		cases = append(cases, base.with("archive, "+name, func(parts map[string][]byte) {
			clear(parts)
			parts["archive"] = archive
		}))
	}
	header := func(name string, at int, field string) {
		a := slices.Clone(good)
		copy(a[at:], field)
		if at < 148 || at >= 156 {
			mendSum(a)
		}
		add(name, a)
	}
	add("plain", good)
	o := fmt.Sprintf("%o", size)
	for _, f := range []string{o, "0" + o, "0o" + o, "+" + o, "-" + o, " " + o, o[:1] + "_" + o[1:], o + " ", o + " \x00 ", o + "\x00x", o + "x", "00000000000"[len(o):] + o,
		"000000000000"[len(o):] + o, "\x80\x00\x00\x00", "8", "", " ", "77777777777", "777777777777"} {
		header(fmt.Sprintf("length %q", f), 124, (f + strings.Repeat("\x00", 12))[:12])
		header(fmt.Sprintf("length %q, then spaces", f), 124, (f + strings.Repeat(" ", 12))[:12])
	}
	sum := fmt.Sprintf("%o", headerSum(good))
	for _, f := range []string{sum, "0" + sum, "00" + sum, "000" + sum, "0000" + sum, " " + sum, "  " + sum, "+" + sum, "-" + sum, "0o" + sum, sum[:1] + "_" + sum[1:], sum + " ", sum + "  ", sum + "x", "", "0"} {
		header(fmt.Sprintf("sum %q", f), 148, (f + strings.Repeat("\x00", 8))[:8])
		header(fmt.Sprintf("sum %q, then spaces", f), 148, (f + strings.Repeat(" ", 8))[:8])
	}
	for at, field := range map[int]string{345: "x", 346: "x", 347: "evil", 499: "x", 500: "junk", 511: "x", 157: "link", 256: "x", 257: "ustar  \x00", 262: " ", 263: "01", 264: "\x00",
		100: "junk", 108: "x", 116: "x", 136: "xx", 265: "root", 297: "root", 329: "dev", 337: "dev", 7: "\x00zz", 8: "\x00zz", 99: "x", 50: "x", 0: "./", 1: "\x00"} {
		header(fmt.Sprintf("%q at %d", field, at), at, field)
	}
	for flag := range 256 {
		if flag < 10 || flag >= '0' && flag <= '9' || flag%37 == 0 || flag == 'g' || flag == 'x' || flag == 'L' {
			header(fmt.Sprintf("type %#02x", flag), 156, string([]byte{byte(flag)}))
		}
	}
	padded := (size + 511) / 512 * 512
	for at := 512 + size; at < 512+padded; at += 101 {
		a := slices.Clone(good)
		a[at] = 'x'
		add(fmt.Sprintf("padding at %d", at), a)
	}
	trimmed := bytes.TrimRight(good, "\x00")
	for _, zeros := range []int{0, 1, 511, 512, 513, 1023, 1024, 1025, 1536, 4000, 10240} {
		a := append(slices.Clone(trimmed), make([]byte, zeros)...)
		add(fmt.Sprintf("%d zeros", zeros), a)
		add(fmt.Sprintf("%d zeros and more", zeros), append(a, 'x'))
	}
	for range n {
		a := slices.Clone(good)
		at := rnd.IntN(512)
		a[at] ^= 1 << rnd.IntN(8)
		if at < 148 || at >= 156 {
			mendSum(a)
		}
		add(fmt.Sprintf("a bit at %d", at), a)
	}
	return cases
}

// archiveOf is a vector's bundle in one file.
func archiveOf(t *testing.T, v vectors.Vector) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, p := range v.Parts {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: p.Path, Size: int64(len(p.Data)), Mode: 0o644, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(p.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func headerSum(a []byte) (sum int) {
	for i, c := range a[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	return sum
}

func mendSum(a []byte) { copy(a[148:156], fmt.Sprintf("%06o\x00 ", headerSum(a))) }
