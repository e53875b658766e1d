package server

import (
	"errors"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"

	"fairlot/engine"
)

// serveHead serves the newest signed checkpoint as C2SP tlog-tiles wants it. It changes with each record, so nobody keeps it.
func serveHead(e *engine.Engine) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		note, err := e.Checkpoint(r.Context())
		if err != nil {
			tileFault(w, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(note)
	}
}

// serveTile serves tiles of hashes and of records. What stands at an address never changes, so it may be kept for ever; that nothing stands there may.
func serveTile(e *engine.Engine) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, err := e.Tile(r.Context(), "tile/"+r.PathValue("path"))
		if err != nil {
			tileFault(w, err)
			return
		}
		if b == nil {
			w.Header().Set("Cache-Control", "no-store")
			writeError(w, http.StatusNotFound, codes.NotFound, "the log has no such tile: /log/checkpoint says how many records there are", engine.FieldInvalid)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Write(b)
	}
}

func tileFault(w http.ResponseWriter, err error) {
	var own *engine.Error
	if !errors.As(err, &own) {
		own = &engine.Error{Reason: engine.StorageUnavailable, Text: "the log cannot be read now: try again"}
	}
	st := toStatus(own)
	w.Header().Set("Cache-Control", "no-store")
	writeStatus(w, runtime.HTTPStatusFromCode(st.Code()), st)
}
