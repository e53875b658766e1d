package verify

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"fairlot/draw"
)

const block = 512

// noPrefix is a ustar prefix field that holds nothing. A NUL at its start would be enough for archive/tar.
var noPrefix = string(make([]byte, 155))

// Tar is a bundle in one file of size bytes: an uncompressed ustar archive of regular members in the order of SPEC section 8. The
// archive is only indexed here; r must stay open. Owner, mode and time of members are passed over. An error is a
// *StepError of step 1, or one of reading.
func Tar(r io.ReaderAt, size int64) (*Files, error) {
	var names []string
	sizes := map[string]int64{}
	at := map[string]int64{}
	pos := int64(0)
	for {
		var b [block]byte
		if err := readAt(r, b[:], pos, size); err != nil {
			return nil, err
		}
		pos += block
		if b == [block]byte{} {
			break
		}
		name, length, err := member(b[:])
		if err != nil {
			return nil, failed(1, 0, "archive: "+err.Error())
		}
		if length > size-pos {
			return nil, failed(1, 0, fmt.Sprintf("archive ends inside %q", name))
		}
		if _, twice := sizes[name]; twice {
			return nil, failed(1, 0, fmt.Sprintf("file %q stands twice or out of order", name))
		}
		names = append(names, name)
		sizes[name], at[name] = length, pos
		padded := (length + block - 1) / block * block
		if err := zeros(r, pos+length, pos+padded, size); err != nil {
			return nil, err
		}
		pos += padded
	}
	if pos+block > size {
		return nil, failed(1, 0, "archive does not end with two zero blocks")
	}
	if err := zeros(r, pos, size, size); err != nil {
		return nil, err
	}
	return newFiles(names, sizes, func(name string) (File, error) {
		return memberFile{io.NewSectionReader(r, at[name], sizes[name])}, nil
	})
}

type memberFile struct{ *io.SectionReader }

func (memberFile) Close() error { return nil }

func readAt(r io.ReaderAt, b []byte, pos, size int64) error {
	if pos+int64(len(b)) > size {
		return failed(1, 0, "archive ends too early")
	}
	if _, err := io.ReadFull(io.NewSectionReader(r, pos, int64(len(b))), b); err != nil {
		return fmt.Errorf("read bundle: %w", err)
	}
	return nil
}

func zeros(r io.ReaderAt, from, to, size int64) error {
	buf := make([]byte, min(to-from, 64<<10))
	for from < to {
		b := buf[:min(to-from, int64(len(buf)))]
		if err := readAt(r, b, from, size); err != nil {
			return err
		}
		if len(bytes.Trim(b, "\x00")) > 0 {
			return failed(1, 0, "archive holds bytes outside its members")
		}
		from += int64(len(b))
	}
	return nil
}

// member reads a ustar header. It is stricter than archive/tar, which also takes other formats and extended headers: two
// programs must never see two archives in one.
func member(b []byte) (name string, size int64, err error) {
	if string(b[257:265]) != "ustar\x0000" {
		return "", 0, errors.New("a member has no ustar header")
	}
	sum := int64(0)
	for i, c := range b {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	if got, ok := octal(b[148:156]); !ok || got != sum {
		return "", 0, errors.New("a header's checksum is wrong")
	}
	name, rest, _ := strings.Cut(string(b[:100]), "\x00")
	if strings.Trim(rest, "\x00") != "" || string(b[345:500]) != noPrefix {
		return "", 0, errors.New("a member's name is malformed")
	}
	if b[156] != '0' {
		return "", 0, fmt.Errorf("member %q is not a regular file", name)
	}
	size, ok := octal(b[124:136])
	if !ok {
		return "", 0, fmt.Errorf("member %q has a malformed size", name)
	}
	return name, size, nil
}

// octal reads digits ended by NULs or spaces, and at least one of those.
func octal(b []byte) (int64, bool) {
	s := string(b)
	t := strings.TrimRight(s, " \x00")
	n, err := strconv.ParseInt(t, 8, 64)
	return n, err == nil && n >= 0 && len(t) < len(s) && strings.Trim(t, "01234567") == ""
}

// Parts is what a bundle is written from. Nothing is checked but sizes: whoever writes a bundle can verify it.
type Parts struct {
	Log         io.Reader        // log.bin
	LogSize     int64            // its length in bytes
	Checkpoints map[int64][]byte // signed notes by tree size; at least one
	Files       [][]byte         // rules, notice, policy
	Draws       []DrawParts      // those that have a close record, ascending
}

// DrawParts is one draw's files. Ranking is nil without a result; a ranking without lines is empty, not nil.
type DrawParts struct {
	N            int
	Entrants     io.Reader // entrants.bin
	EntrantsSize int64     // its length in bytes
	Ranking      []byte
}

// WriteTar writes a bundle as one file. The same parts give the same bytes: members carry mode 0644, time 0 and no owner. It
// streams log and entry lists; a reader that gives fewer or more bytes than stated is an error.
func WriteTar(w io.Writer, p Parts) error {
	tw := tar.NewWriter(w)
	if err := addMember(tw, logFile, p.LogSize, p.Log); err != nil {
		return err
	}
	for _, size := range slices.Sorted(maps.Keys(p.Checkpoints)) {
		if err := addBytes(tw, fmt.Sprintf("checkpoints/%d", size), p.Checkpoints[size]); err != nil {
			return err
		}
	}
	byHash := map[string][]byte{}
	for _, b := range p.Files {
		byHash["files/"+draw.HashOf(b).String()] = b
	}
	for _, name := range slices.Sorted(maps.Keys(byHash)) {
		if err := addBytes(tw, name, byHash[name]); err != nil {
			return err
		}
	}
	for _, d := range p.Draws {
		if err := addMember(tw, drawFile(d.N, "entrants.bin"), d.EntrantsSize, d.Entrants); err != nil {
			return err
		}
		if d.Ranking != nil {
			if err := addBytes(tw, drawFile(d.N, "ranking.txt"), d.Ranking); err != nil {
				return err
			}
		}
	}
	if err := tw.Close(); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

func addBytes(tw *tar.Writer, name string, b []byte) error {
	return addMember(tw, name, int64(len(b)), bytes.NewReader(b))
}

func addMember(tw *tar.Writer, name string, size int64, r io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatUSTAR}
	if err := tw.WriteHeader(h); err != nil {
		return fmt.Errorf("write bundle: %s: %w", name, err)
	}
	n, err := io.Copy(tw, r)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("write bundle: %s: %w", name, err)
	}
	return nil
}
