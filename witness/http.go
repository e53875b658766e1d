package witness

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"fairlot/crypto/ledger"
)

// Outcomes are what Counts counts.
const (
	Cosigned  = "cosigned"
	Behind    = "conflict" // asked from another size than the one cosigned last, as every log does that begins to ask
	Forked    = "fork"     // the log showed two trees
	Refused   = "refused"  // malformed, unsigned, or of an unknown log
	Forgotten = "state"    // the witness distrusts what it remembers
	Failed    = "failed"   // could not be kept
)

// Counts are the answers of a handler by outcome, since it was made.
type Counts struct{ cosigned, behind, forked, refused, forgotten, failed atomic.Int64 }

// All are the counts by outcome.
func (c *Counts) All() map[string]int64 {
	return map[string]int64{Cosigned: c.cosigned.Load(), Behind: c.behind.Load(), Forked: c.forked.Load(), Refused: c.refused.Load(), Forgotten: c.forgotten.Load(), Failed: c.failed.Load()}
}

// Handler answers add-checkpoint over HTTP, with the status codes of C2SP tlog-witness. report is told of forks, with the request as
// evidence, and of what could not be kept; it gets no address of anybody.
func (w *Witness) Handler(report func(outcome string, err error, request []byte)) (http.Handler, *Counts) {
	counts := &Counts{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, MaxRequest))
		var line []byte
		if err != nil {
			var long *http.MaxBytesError
			if errors.As(err, &long) {
				counts.refused.Add(1)
				http.Error(rw, fmt.Sprintf("a request has at most %d bytes", MaxRequest), http.StatusRequestEntityTooLarge)
			}
			return
		}
		line, err = w.Add(body)
		var behind *Conflict
		said := func(n *atomic.Int64, status int) {
			n.Add(1)
			http.Error(rw, err.Error(), status)
		}
		switch {
		case err == nil:
			counts.cosigned.Add(1)
			rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
			rw.Write(line)
		case errors.As(err, &behind):
			if errors.Is(err, ErrFork) {
				counts.forked.Add(1)
				report(Forked, err, body)
			} else {
				counts.behind.Add(1)
			}
			rw.Header().Set("Content-Type", "text/x.tlog.size")
			rw.WriteHeader(http.StatusConflict)
			fmt.Fprintf(rw, "%d\n", behind.Size)
		case errors.Is(err, ErrFork):
			report(Forked, err, body)
			said(&counts.forked, http.StatusUnprocessableEntity)
		case errors.Is(err, ErrUnknownLog):
			said(&counts.refused, http.StatusNotFound)
		case errors.Is(err, ledger.ErrLogSignature):
			said(&counts.refused, http.StatusForbidden)
		case errors.Is(err, ErrRequest), errors.Is(err, ErrSize), errors.Is(err, ledger.ErrCheckpoint):
			said(&counts.refused, http.StatusBadRequest)
		case errors.Is(err, ErrState):
			report(Forgotten, err, nil)
			said(&counts.forgotten, http.StatusServiceUnavailable)
		default:
			report(Failed, err, nil)
			err = errors.New("the witness could not keep what it would sign: try again")
			said(&counts.failed, http.StatusInternalServerError)
		}
	})
	return mux, counts
}
