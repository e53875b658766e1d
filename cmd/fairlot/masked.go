package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/private"
	"fairlot/draw"
)

// maskedHead begins a file of masked winners; the campaign's id follows.
const maskedHead = "fairlot masked winners 1 "

const maxMasked = 16 << 20

// masked is the desk's own file of what the public list may show of who has been there: masked when it is written, so that nothing more is ever in it. A line a seat:
//
//	DRAW STRATUM RANK ID TAB NAME TAB NUMBER
//
// nil keeps nothing.
type masked struct {
	path     string
	campaign draw.CampaignID
	rows     map[maskedSeat][2]string
}

type maskedSeat struct {
	draw, stratum, rank int
	id                  draw.EntrantID
}

// readMasked reads the file, or begins one; no path gives nil. Rules that announce no names let nobody begin one.
func readMasked(path string, c *bundle.Checked) (*masked, error) {
	if path == "" {
		return nil, nil
	}
	if c.Titles.ListName == "" && c.Titles.ListNumber == "" {
		return nil, errors.New("--masked: the public rules of this campaign announce no list with names or numbers (winnerList), so none is kept")
	}
	m := &masked{path: path, campaign: c.Outcome.Open.Campaign, rows: map[maskedSeat][2]string{}}
	return m, m.load()
}

// load takes in what the file holds, beside what was added.
func (m *masked) load() error {
	b, err := private.Read(m.path, maxMasked)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	bad := fmt.Errorf("read %s: want a file that --masked of this campaign made", m.path)
	head, rest, _ := strings.Cut(string(b), "\n")
	if head != maskedHead+m.campaign.String() {
		return bad
	}
	for line := range strings.Lines(rest) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		var s maskedSeat
		var id string
		if n, err := fmt.Sscan(f[0], &s.draw, &s.stratum, &s.rank, &id); err != nil || n != 4 || len(f) != 3 {
			return bad
		}
		if s.id, err = draw.ParseEntrantID(id); err != nil {
			return bad
		}
		if _, ok := m.rows[s]; !ok {
			m.rows[s] = [2]string{f[1], f[2]}
		}
	}
	return nil
}

// add notes what the rules let the public see of the holder of a seat.
func (m *masked) add(c *bundle.Checked, n int, l draw.Line, name, number string) {
	if m != nil {
		m.rows[maskedSeat{n, l.Stratum, l.Rank, l.ID}] = [2]string{c.Titles.ListName.Mask(name, c.Titles.ListCompounds), c.Titles.ListNumber.Mask(number)}
	}
}

// write puts the file in place of the one that was read.
func (m *masked) write() error {
	if m == nil {
		return nil
	}
	if err := m.load(); err != nil { // another desk may have written meanwhile
		return err
	}
	var lines []string
	for s, r := range m.rows {
		lines = append(lines, fmt.Sprintf("%d %d %d %s\t%s\t%s\n", s.draw, s.stratum, s.rank, s.id, r[0], r[1]))
	}
	slices.Sort(lines)
	var b bytes.Buffer
	b.WriteString(maskedHead + m.campaign.String() + "\n")
	for _, line := range lines {
		b.WriteString(line)
	}
	return private.Replace(m.path, b.Bytes())
}
