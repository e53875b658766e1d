// Package bundle brings a bundle in from a folder, an archive or an address, has package verify check it, and answers what
// custodians, notifiers and entrants ask of the checked one: records by hash, who holds a seat, one entrant's leaf.
//
// It checks nothing itself and never answers from a bundle that was not checked.
//
// First calls: Open, then Files.Check.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fairlot/verify"
)

// MaxDownload bounds what is fetched from an address, in bytes: a pool of ten million is about half a GiB.
const MaxDownload = 4 << 30

// ErrDownload says that an address gave no bundle.
var ErrDownload = errors.New("no bundle there")

// ErrNotBundle says that a file or folder is something else than a bundle, so that there was nothing to check.
var ErrNotBundle = errors.New("this is no bundle")

// how is what to give instead.
const how = "give the .tar as the campaign's page gives it, not compressed, or the folder of its files"

// Files is a bundle that was brought in. Close it.
type Files struct {
	*verify.Files
	close []func() error
}

// Close gives back what Open took; a downloaded file is removed.
func (f *Files) Close() error {
	var errs []error
	for _, c := range f.close {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// Progress is told how many bytes came so far and how many there will be, -1 if that is not known.
type Progress func(done, total int64)

// Open brings in a bundle from a folder, a .tar file, or an http or https address, which is downloaded to a temporary file
// first. The error wraps ErrNotBundle for a file that does not begin as a ustar archive and for a folder without log.bin;
// a *verify.StepError says that it is a bundle with a fault, which is evidence.
func Open(ctx context.Context, where string, progress Progress) (*Files, error) {
	if u, err := url.Parse(where); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return download(ctx, where, progress)
	}
	info, err := os.Stat(where)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if _, err := os.Stat(filepath.Join(where, "log.bin")); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open %s: %w: a bundle's folder holds a log.bin: %s", where, ErrNotBundle, how)
		}
		files, err := verify.Folder(os.DirFS(where))
		if err != nil {
			return nil, err
		}
		return &Files{Files: files}, nil
	}
	f, err := os.Open(where)
	if err != nil {
		return nil, err
	}
	files, err := archive(f, info.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Files{files, []func() error{f.Close}}, nil
}

// archive is verify.Tar for what begins as an archive does.
func archive(f *os.File, size int64) (*verify.Files, error) {
	magic := make([]byte, 5)
	n, err := f.ReadAt(magic, 257)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	if string(magic[:n]) != "ustar" {
		return nil, fmt.Errorf("%w: it does not begin as an archive of the kind ustar: %s", ErrNotBundle, how)
	}
	return verify.Tar(f, size)
}

func download(ctx context.Context, where string, progress Progress) (_ *Files, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "fairlot")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 30 * time.Second
	transport.DisableCompression = true
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, fmt.Errorf("get bundle: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get bundle from %s: %w: the server says %s", where, ErrDownload, res.Status)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return nil, fmt.Errorf("get bundle from %s: %w: it is a web page; the address of a bundle ends in /bundles/ID.tar", where, ErrDownload)
	}
	f, err := os.CreateTemp("", "fairlot-bundle-*.tar")
	if err != nil {
		return nil, err
	}
	remove := func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	defer func() {
		if err != nil {
			remove()
		}
	}()
	size, err := io.Copy(f, io.LimitReader(&counter{r: res.Body, total: res.ContentLength, tell: progress}, MaxDownload+1))
	if err != nil {
		return nil, fmt.Errorf("get bundle: %w", err)
	}
	if size > MaxDownload {
		return nil, fmt.Errorf("get bundle from %s: %w: it is longer than %d bytes", where, ErrDownload, int64(MaxDownload))
	}
	files, err := archive(f, size)
	if err != nil {
		return nil, err
	}
	return &Files{files, []func() error{remove}}, nil
}

type counter struct {
	r           io.Reader
	done, total int64
	tell        Progress
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.done += int64(n)
	if c.tell != nil {
		c.tell(c.done, c.total)
	}
	return n, err
}
