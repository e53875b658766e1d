package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"fairlot/crypto/ledger"
)

var (
	// ErrRefused means that a witness did not cosign, for a reason that may pass.
	ErrRefused = errors.New("the witness did not cosign")
	// ErrLied means an answer that is no cosignature of the witness on what it was asked for.
	ErrLied = errors.New("the witness's answer is no cosignature of its key")
	// ErrAhead means that the witness has cosigned more records than the log has now: the log is an old copy, or there is another one.
	ErrAhead = errors.New("the witness has cosigned more records than the log has")
)

// maxAnswer is the longest answer read, in bytes.
const maxAnswer = 64 << 10

// Other is a witness as its log knows it. It is for one goroutine.
type Other struct {
	Name string // the policy's
	Key  ledger.VKey
	URL  string // submission prefix: without /add-checkpoint

	Client *http.Client
	size   int64 // cosigned last, as far as is known
}

// Ask has a witness cosign a checkpoint of the log and returns the checkpoint with the verified cosignature added. prove gives the proof
// between two sizes of the log, and is not asked for one from 0. Errors wrap ErrRefused, ErrLied, ErrAhead, ErrFork (the witness says
// that the log does not continue what it cosigned), or are those of the network.
func (o *Other) Ask(ctx context.Context, logKey string, checkpoint []byte, prove func(old, size int64) ([]ledger.Hash, error)) ([]byte, error) {
	c, err := ledger.VerifyCheckpoint(logKey, checkpoint)
	if err != nil {
		return nil, err
	}
	bare, err := ledger.Bare(logKey, checkpoint)
	if err != nil {
		return nil, err
	}
	for range 3 { // another daemon of this log may ask at the same time
		if o.size > c.Size {
			return nil, fmt.Errorf("witness %s: %w: %d, not %d", o.Name, ErrAhead, o.size, c.Size)
		}
		r := Request{Old: o.size, Checkpoint: bare}
		if o.size > 0 {
			if r.Proof, err = prove(o.size, c.Size); err != nil {
				return nil, err
			}
		}
		status, answer, err := o.post(ctx, r.Marshal())
		if err != nil {
			return nil, fmt.Errorf("ask witness %s: %w", o.Name, err)
		}
		switch status {
		case http.StatusOK:
			note, err := o.take(logKey, checkpoint, answer)
			if err == nil {
				o.size = c.Size
			}
			return note, err
		case http.StatusConflict:
			size, err := strconv.ParseInt(strings.TrimSuffix(string(answer), "\n"), 10, 64)
			if err != nil || size < 0 {
				return nil, fmt.Errorf("witness %s: %w: status 409 without a size", o.Name, ErrLied)
			}
			if size == c.Size && o.size == c.Size {
				return nil, fmt.Errorf("witness %s: %w", o.Name, ErrFork)
			}
			o.size = size
		case http.StatusUnprocessableEntity:
			return nil, fmt.Errorf("witness %s: %w", o.Name, ErrFork)
		default:
			return nil, fmt.Errorf("witness %s: %w: status %d", o.Name, ErrRefused, status)
		}
	}
	return nil, fmt.Errorf("witness %s: %w: it names another size each time", o.Name, ErrRefused)
}

func (o *Other) post(ctx context.Context, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(o.URL, "/")+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("User-Agent", "fairlot")
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	res, err := o.Client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return res.StatusCode, answer, err
}

// take adds the line of this witness's key; lines of other keys are passed over, as the protocol says.
func (o *Other) take(logKey string, checkpoint, answer []byte) ([]byte, error) {
	for line := range strings.Lines(string(answer)) {
		note, err := ledger.AddCosignature(logKey, checkpoint, line, []string{o.Key.String()})
		if err == nil {
			return note, nil
		}
	}
	return nil, fmt.Errorf("witness %s: %w", o.Name, ErrLied)
}
