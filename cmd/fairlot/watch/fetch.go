// Package watch follows public logs over HTTP for `fairlot log monitor`: it fetches heads, records and bundles, keeps in a file what
// it saw, and has package monitor judge.
//
// A head counts as seen only once its signature and the tree of the records under it were computed here. What could not be
// fetched is an error and never a finding; what was signed and contradicts itself is a finding and never an error.
//
// First calls: Read for the state, then Watcher.Look, then State.Write.
package watch

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// Limits of what is fetched, in bytes, and of one request.
const (
	maxPage     = 8 << 20   // a page holds at most 1 MiB of records, longer in JSON
	maxLog      = 512 << 20 // of records, each counted with 100 more for what it takes to keep it
	maxPapers   = 64 << 20  // of a bundle's checkpoints and files
	timeAllowed = 2 * time.Minute
)

// door is one address under which a log is shown.
type door struct {
	url    string
	client *http.Client
}

// errEmpty says that no record was logged yet.
var errEmpty = errors.New("the log is empty")

func (d door) get(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "fairlot")
	req.Header.Set("Cache-Control", "no-cache")
	res, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, nil
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
	if res.StatusCode == http.StatusNotFound && bytes.Contains(b, []byte(`"CAMPAIGN_NOT_FOUND"`)) {
		return nil, errEmpty
	}
	return nil, fmt.Errorf("get %s%s: the server answers with status %d", d.url, path, res.StatusCode)
}

func (d door) message(ctx context.Context, path string, m proto.Message) error {
	ctx, cancel := context.WithTimeout(ctx, timeAllowed)
	defer cancel()
	body, err := d.get(ctx, path)
	if err != nil {
		return err
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, maxPage+1))
	if err != nil {
		return fmt.Errorf("get %s%s: %w", d.url, path, err)
	}
	if len(b) > maxPage {
		return fmt.Errorf("get %s%s: the answer is longer than %d bytes", d.url, path, maxPage)
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, m); err != nil {
		return fmt.Errorf("get %s%s: the answer is not what a log of Fairlot gives", d.url, path)
	}
	return nil
}

// head fetches the newest signed checkpoint; errEmpty if there is none.
func (d door) head(ctx context.Context) ([]byte, error) {
	var c fairlotv1.Checkpoint
	if err := d.message(ctx, "/v1/log/checkpoint", &c); err != nil {
		return nil, err
	}
	return []byte(c.Note), nil
}

// records fetches records from index from up to size; fewer come if the server has no more.
func (d door) records(ctx context.Context, from, size int64) ([][]byte, error) {
	var all [][]byte
	total := 0
	for at := from; at < size; {
		var page fairlotv1.ListRecordsResponse
		if err := d.message(ctx, fmt.Sprintf("/v1/log/records?start=%d&pageSize=100", at), &page); err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			if total += len(r) + 100; total > maxLog {
				return nil, fmt.Errorf("get %s: the log is longer than %d bytes", d.url, maxLog)
			}
			all = append(all, []byte(r))
		}
		at += int64(len(page.Records))
		if len(page.Records) == 0 || page.NextStart == 0 {
			break
		}
	}
	return all[:min(int64(len(all)), size-from)], nil
}

// papers is the front of a campaign's bundle: what comes before the entry lists, which are not fetched.
type papers struct {
	differs     int64 // the first entry that is another one in the log; −1: none
	longer      bool  // the bundle's log goes on after the log's last record
	checkpoints [][]byte
	files       map[draw.Hash][]byte
}

// papers fetches the front of a bundle, compares its log with the records of the log, and breaks off at the first entry list.
func (d door) papers(ctx context.Context, id draw.CampaignID, records [][]byte) (*papers, error) {
	ctx, cancel := context.WithTimeout(ctx, timeAllowed)
	defer cancel()
	path := "/bundles/" + id.String() + ".tar"
	body, err := d.get(ctx, path)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	p := &papers{differs: -1, files: map[draw.Hash][]byte{}}
	bad := func(what string) error { return fmt.Errorf("get %s%s: %s", d.url, path, what) }
	total := int64(0)
	for r := tar.NewReader(body); ; {
		h, err := r.Next()
		if err == io.EOF || err == nil && strings.HasPrefix(h.Name, "draw/") {
			return p, nil
		}
		if err != nil {
			return nil, bad(err.Error())
		}
		if h.Name == "log.bin" {
			if err := p.compare(ledger.NewRecordReader(r), records); err != nil {
				return nil, bad(err.Error())
			}
			continue
		}
		if total += h.Size + 100; total > maxPapers {
			return nil, bad("its checkpoints and files are longer than any campaign's")
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return nil, bad(err.Error())
		}
		if strings.HasPrefix(h.Name, "checkpoints/") {
			p.checkpoints = append(p.checkpoints, b)
		} else if strings.HasPrefix(h.Name, "files/") {
			p.files[draw.HashOf(b)] = b
		}
	}
}

func (p *papers) compare(log *ledger.RecordReader, records [][]byte) error {
	for i := 0; ; i++ {
		b, err := log.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case i >= len(records):
			p.longer = true
			return nil
		case !bytes.Equal(b, records[i]):
			p.differs = int64(i)
			return nil
		}
	}
}
