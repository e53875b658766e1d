package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// siteFile is one file of the site, read and compressed once at the start.
type siteFile struct {
	kind   string // media type
	etag   string
	plain  []byte
	zipped []byte // nil if compressing does not pay
}

// siteFiles are the site's files by name. They are a few, and never change while the daemon runs.
type siteFiles map[string]siteFile

func readSite(site fs.FS) (siteFiles, error) {
	all := siteFiles{}
	err := fs.WalkDir(site, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(site, name)
		if err != nil {
			return err
		}
		f := siteFile{kind: mime.TypeByExtension(path.Ext(name)), etag: fmt.Sprintf("%x", sha256.Sum256(b))[:32], plain: b}
		if f.kind == "" {
			f.kind = "application/octet-stream"
		}
		var zipped bytes.Buffer
		w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		if zipped.Len() < len(b)*9/10 {
			f.zipped = zipped.Bytes()
		}
		all[name] = f
		return nil
	})
	return all, err
}

func (s siteFiles) asset(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, strings.TrimPrefix(path.Clean(r.URL.Path), "/"))
}

// serve sends a file, compressed if the browser takes that. A browser that has it asks only whether it changed.
func (s siteFiles) serve(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := s[name]
	if !ok {
		s.missing(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	body, etag := f.plain, `"`+f.etag+`"`
	if f.zipped != nil && r.Header.Get("Range") == "" && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body, etag = f.zipped, `"`+f.etag+`-gz"`
	}
	h.Set("ETag", etag)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

// missing is the answer for every address that is none of the site's.
func (s siteFiles) missing(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this address takes GET alone", http.StatusMethodNotAllowed)
		return
	}
	f, ok := s["404.html"]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotFound)
	w.Write(f.plain)
}

// withoutSlash sends a campaign's address with a slash at its end to the one without, in the language asked for.
func withoutSlash(w http.ResponseWriter, r *http.Request) {
	to := url.URL{Path: "/c/" + r.PathValue("slug"), RawQuery: r.URL.RawQuery}
	http.Redirect(w, r, to.String(), http.StatusPermanentRedirect)
}

// acceptsGzip tells whether gzip stands in the list and not at quality 0 (RFC 9110, 12.5.3).
func acceptsGzip(list string) bool {
	for part := range strings.SplitSeq(list, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
