package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxBody bounds a request: a ban of 100,000 addresses fits.
const maxBody = 8 << 20

const (
	// bodyWait is how long a client may take to send a request.
	bodyWait = 10 * time.Second
	// listenerWait is how long a listener may leave an event unread before it is cut off.
	listenerWait = 30 * time.Second
)

// Daemon is what is served. Its methods are called from several goroutines; an
// [*Error] chooses the HTTP status, any other error is a 500.
type Daemon interface {
	Status(ctx context.Context, jail string) (Status, error)
	Banned(ctx context.Context, addrs []string) ([]Ban, error)
	Why(ctx context.Context, address string) (Why, error)
	Ban(ctx context.Context, r BanRequest) (BanReply, error)
	Unban(ctx context.Context, r UnbanRequest) (UnbanReply, error)
	Reload(ctx context.Context) (ReloadReply, error)
	Version(ctx context.Context) (Version, error)
	// Backup returns a copy of the store, at its beginning, and its size in bytes.
	Backup(ctx context.Context) (copied io.ReadCloser, size int64, err error)
	// Events hands each event to f until ctx ends or f fails; it calls listening
	// once it will miss none. A listener that is too slow misses events and is told
	// so by one of What "problem".
	Events(ctx context.Context, listening func(), f func(Event) error) error
}

// Handler serves d below /v1/, and its figures for Prometheus at /metrics.
func Handler(d Daemon) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", answer(func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return d.Status(r.Context(), r.URL.Query().Get("jail"))
	}))
	mux.HandleFunc("GET /v1/banned", answer(func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return d.Banned(r.Context(), r.URL.Query()["address"])
	}))
	mux.HandleFunc("GET /v1/why", answer(func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return d.Why(r.Context(), r.URL.Query().Get("address"))
	}))
	mux.HandleFunc("POST /v1/ban", answer(func(w http.ResponseWriter, r *http.Request) (any, error) {
		return withBody(w, r, d.Ban)
	}))
	mux.HandleFunc("POST /v1/unban", answer(func(w http.ResponseWriter, r *http.Request) (any, error) {
		return withBody(w, r, d.Unban)
	}))
	mux.HandleFunc("POST /v1/reload", answer(func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return d.Reload(r.Context())
	}))
	mux.HandleFunc("GET /v1/version", answer(func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return d.Version(r.Context())
	}))
	mux.HandleFunc("GET /v1/backup", func(w http.ResponseWriter, r *http.Request) { backup(w, r, d) })
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) { stream(w, r, d) })
	mux.HandleFunc("GET /v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// An error here means that the client has gone.
		_, _ = w.Write(OpenAPI)
	})
	mux.Handle("GET /metrics", Metrics(d))
	return notingOperators(d, mux)
}

func withBody[Request, Reply any](w http.ResponseWriter, r *http.Request, f func(context.Context, Request) (Reply, error)) (any, error) {
	var request Request
	if err := readBody(w, r, &request); err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		return nil, &Error{Status: status, Message: fmt.Sprintf("reading the request: %v", err)}
	}
	return f(r.Context(), request)
}

// readBody reads one JSON value, and nothing else, from whoever sends it fast enough.
func readBody(w http.ResponseWriter, r *http.Request, to any) error {
	// Where a deadline can't be had, there is no network to be slow on.
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(bodyWait))
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows behind its end")
	}
	return nil
}

func answer(f func(http.ResponseWriter, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		reply, err := f(w, r)
		if err != nil {
			refused := refusal(err)
			w.WriteHeader(refused.Status)
			reply = refused
		}
		// An error here means that the client has gone.
		_ = json.NewEncoder(w).Encode(reply)
	}
}

func refusal(err error) *Error {
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused
	}
	return &Error{Status: http.StatusInternalServerError, Message: err.Error()}
}

// backup sends a copy of the store. Its length goes first: a client that gets less knows.
func backup(w http.ResponseWriter, r *http.Request, d Daemon) {
	copied, size, err := d.Backup(r.Context())
	if err != nil {
		answer(func(http.ResponseWriter, *http.Request) (any, error) { return nil, err })(w, r)
		return
	}
	defer copied.Close()
	w.Header().Set("Content-Type", "application/vnd.sqlite3")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	conn := http.NewResponseController(w)
	for {
		// Whoever does not read must not keep the copy's space for ever.
		_ = conn.SetWriteDeadline(time.Now().Add(listenerWait))
		if _, err := io.CopyN(w, copied, 1<<20); err != nil {
			return // the end, or the client has gone
		}
	}
}

// stream writes one JSON document a line for each event.
func stream(w http.ResponseWriter, r *http.Request, d Daemon) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	flusher := http.NewResponseController(w)
	enc := json.NewEncoder(w)
	// The header tells a client that from now on it will miss nothing. That it has gone
	// already shows at the first event.
	listening := func() { _ = flusher.Flush() }
	// The error is the client's having gone, or the daemon's stop.
	_ = d.Events(r.Context(), listening, func(e Event) error {
		if err := flusher.SetWriteDeadline(time.Now().Add(listenerWait)); err != nil {
			return err
		}
		if err := enc.Encode(e); err != nil {
			return err
		}
		return flusher.Flush()
	})
}
