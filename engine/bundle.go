package engine

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"slices"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/store"
	"fairlot/verify"
)

// WriteBundle writes a campaign's bundle (SPEC section 8) as one file, streaming the log and the entry lists. It holds the log up to one checkpoint, and of
// each draw what that much of the log says. Nothing is written before the campaign is found. Reason: CAMPAIGN_NOT_FOUND, also for drafts.
func (e *Engine) WriteBundle(ctx context.Context, id store.CampaignID, w io.Writer) error {
	drawings, err := e.statedDrawings(ctx, id)
	if err != nil {
		return err
	}
	c, err := e.Registry.Campaign(ctx, id)
	if err != nil {
		return e.fault(err)
	}
	record, err := draw.ParseRecord(c.OpenRecord)
	if err != nil {
		return err
	}
	open := record.(*draw.Open)
	size, checkpoints, err := e.checkpointsFor(ctx)
	if err != nil {
		return err
	}
	parts := verify.Parts{Checkpoints: checkpoints}
	for _, h := range []draw.Hash{open.Rules, open.Notice, open.Policy} {
		b, err := e.Registry.File(ctx, store.Hash(h))
		if err != nil {
			return e.fault(err)
		}
		if !slices.ContainsFunc(parts.Files, func(o []byte) bool { return bytes.Equal(o, b) }) {
			parts.Files = append(parts.Files, b)
		}
	}
	ctx, stop := context.WithCancel(ctx) // ends the streams that a broken connection leaves half read
	defer stop()
	for _, d := range drawings {
		p, err := e.drawParts(ctx, d, size)
		if err != nil {
			return err
		}
		if p != nil {
			parts.Draws = append(parts.Draws, *p)
		}
	}
	if parts.LogSize, err = e.writeLog(ctx, io.Discard, size); err != nil {
		return e.fault(err)
	}
	parts.Log = stream(ctx, func(w io.Writer) error { _, err := e.writeLog(ctx, w, size); return err })
	return verify.WriteTar(w, parts)
}

// checkpointsFor returns the newest checkpoint's size, and with it the notes that somebody cosigned.
func (e *Engine) checkpointsFor(ctx context.Context) (int64, map[int64][]byte, error) {
	sizes, err := e.Registry.CheckpointSizes(ctx)
	if err != nil || len(sizes) == 0 {
		return 0, nil, e.fault(err)
	}
	newest := sizes[len(sizes)-1]
	out := map[int64][]byte{}
	for _, size := range sizes {
		note, err := e.Registry.Checkpoint(ctx, size)
		if err != nil {
			return 0, nil, e.fault(err)
		}
		if size == newest || bytes.Count(note, []byte("\n— ")) > 1 {
			out[size] = note
		}
	}
	return newest, out, nil
}

// drawParts is what the first size records say of a draw; nil before its close.
func (e *Engine) drawParts(ctx context.Context, d *drawing, size int64) (*verify.DrawParts, error) {
	records, err := e.loggedAbout(ctx, d.openHash, d.row.N)
	if err != nil {
		return nil, err
	}
	var closing *draw.Close
	drawn := false
	for _, l := range records {
		if l.index >= size {
			break
		}
		switch r := l.record.(type) {
		case *draw.Close:
			closing = r
		case *draw.Result:
			drawn = true
		}
	}
	if closing == nil {
		return nil, nil
	}
	leaves, err := e.leavesOf(ctx, d)
	if err != nil {
		return nil, err
	}
	p := &verify.DrawParts{N: d.row.N, EntrantsSize: closing.Entrants * draw.LeafSize,
		Entrants: stream(ctx, func(w io.Writer) error {
			return leaves.Each(func(l draw.Leaf) error {
				b := l.Bytes()
				_, err := w.Write(b[:])
				return err
			})
		})}
	if drawn {
		p.Ranking = append([]byte{}, d.row.Ranking...)
		if d.row.State != store.DrawDrawn { // the result came after the row was read
			rows, err := e.Registry.Draws(ctx, d.campaign.ID)
			if err != nil {
				return nil, e.fault(err)
			}
			p.Ranking = append([]byte{}, rows[d.row.N-1].Ranking...)
		}
	}
	return p, nil
}

// writeLog writes the first size records as log.bin and returns its length in bytes.
func (e *Engine) writeLog(ctx context.Context, w io.Writer, size int64) (int64, error) {
	var total int64
	var buf []byte
	for start := int64(0); start < size; {
		page, err := e.Registry.LogRecords(ctx, start, int(min(recordPage, size-start)))
		if err != nil {
			return total, err
		}
		if len(page) == 0 {
			return total, io.ErrUnexpectedEOF
		}
		for _, r := range page {
			if buf, err = ledger.AppendRecord(buf[:0], r); err != nil {
				return total, err
			}
			if _, err := w.Write(buf); err != nil {
				return total, err
			}
			total += int64(len(buf))
		}
		start += int64(len(page))
	}
	return total, nil
}

// lazyStream is a reader that starts its writer at the first read, and ends it with ctx.
type lazyStream struct {
	ctx   context.Context
	write func(io.Writer) error
	r     *io.PipeReader
}

func stream(ctx context.Context, write func(io.Writer) error) io.Reader {
	return &lazyStream{ctx: ctx, write: write}
}

func (s *lazyStream) Read(p []byte) (int, error) {
	if s.r == nil {
		r, w := io.Pipe()
		s.r = r
		context.AfterFunc(s.ctx, func() { r.CloseWithError(context.Cause(s.ctx)) })
		go func() {
			buffered := bufio.NewWriterSize(w, 64<<10)
			err := s.write(buffered)
			if err == nil {
				err = buffered.Flush()
			}
			w.CloseWithError(err)
		}()
	}
	return s.r.Read(p)
}
