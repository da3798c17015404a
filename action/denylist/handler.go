package denylist

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"

	"gaol/action"
	"gaol/action/denyfile"
)

// Options say how a Handler answers. Lists and Misuse are required.
type Options struct {
	Lists  *Lists
	Misuse *Misuse
	// Proxies are whose questions are answered, by the addresses that they connect from. Where X-Forwarded-For names
	// several, these are passed over.
	Proxies []netip.Prefix
	// Token is what whoever reads the whole list has to show, as "Authorization: Bearer TOKEN"; "": Proxies may read
	// it, and nobody else.
	Token action.Secret
	// Observe says that nobody is denied, whatever is asked.
	Observe bool
}

// Handler answers over HTTP:
//
//	/check            200 if the client is let in, 403 if one of all jails has banned it
//	/check/JAIL,JAIL  the same for the bans of these jails
//	/denylist         all banned prefixes; ?jail=JAIL for those of one, ?format=deny or geo for nginx
//
// Jails are named in the path of a question, as Caddy hands on the query that the client has sent.
//
// A question that can't be answered, from somebody who is not listed or without an address, is answered by 200 and
// noted as a Misuse: a slip in somebody's configuration must not lock out everybody.
type Handler struct {
	opts Options
	mux  *http.ServeMux
}

// New makes a Handler.
func New(opts Options) *Handler {
	h := &Handler{opts: opts, mux: http.NewServeMux()}
	// Whatever the method: some proxies use that of the request that they ask about.
	h.mux.HandleFunc("/check", h.check)
	h.mux.HandleFunc("/check/{jails}", h.check)
	h.mux.HandleFunc("GET /denylist", h.list)
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

func (h *Handler) check(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if h.denies(r) {
		h.opts.Lists.denied.Add(1)
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	h.opts.Lists.allowed.Add(1)
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) denies(r *http.Request) bool {
	peer := peerOf(r)
	if !within(peer, h.opts.Proxies) {
		h.opts.Misuse.note("peer", func() string {
			return fmt.Sprintf("%s asks whether clients are banned and is not in [web] proxies: it is told that nobody is: add it if it is your proxy", peer)
		})
		return false
	}
	addrs, unknown, none := clients(r.Header, h.opts.Proxies)
	if none {
		h.opts.Misuse.note("header", func() string {
			return fmt.Sprintf("%s asks whether clients are banned and does not say which, so that nobody is denied: have it send X-Forwarded-For", peer)
		})
	}
	if unknown != "" {
		h.opts.Misuse.note("address", func() string {
			return fmt.Sprintf("%s asks about clients such as %.60q, which is no address, so that they are not denied: "+
				"have it send the client's address in X-Forwarded-For", peer, unknown)
		})
	}
	var jails []string
	if named := r.PathValue("jails"); named != "" {
		jails = strings.Split(named, ",")
	}
	denied, known := false, true
	for _, addr := range addrs {
		is, ok := h.opts.Lists.Denied(addr, jails...)
		denied, known = denied || is, known && ok
	}
	if !known && !h.opts.Observe {
		h.opts.Misuse.note("jail", func() string {
			return fmt.Sprintf("%s asks about bans of %.60q, and there is no such jail with the action caddy, traefik or web: see gaol check",
				peer, strings.Join(jails, ","))
		})
	}
	return denied
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) {
	if !h.mayRead(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "The list is for those in [web] proxies, or with the token of [web]", http.StatusUnauthorized)
		return
	}
	query := r.URL.Query()
	form := denyfile.Format(cmp.Or(query.Get("format"), string(denyfile.Plain)))
	if !form.Valid() {
		http.Error(w, "format: choose plain, deny or geo", http.StatusBadRequest)
		return
	}
	// Before the list is read: what changes meanwhile makes it another.
	tag := fmt.Sprintf("%q", fmt.Sprintf("%s-%d", h.opts.Lists.run, h.opts.Lists.version.Load()))
	header := w.Header()
	header.Set("ETag", tag)
	header.Set("Cache-Control", "no-cache")
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	prefixes, ok := h.opts.Lists.Prefixes(query["jail"]...)
	if !ok && !h.opts.Observe {
		header.Del("ETag")
		http.Error(w, "there is no such jail with the action caddy, traefik or web", http.StatusNotFound)
		return
	}
	header.Set("Content-Type", "text/plain; charset=utf-8")
	if len(prefixes) == 0 {
		_, _ = io.WriteString(w, "# nobody is banned\n") // an empty answer could be anybody's mistake
		return
	}
	_, _ = w.Write(form.Render(prefixes)) // who leaves early has not read it
}

func (h *Handler) mayRead(r *http.Request) bool {
	if h.opts.Token == "" {
		return within(peerOf(r), h.opts.Proxies)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(token), []byte(h.opts.Token)) == 1
}

// peerOf is who has connected.
func peerOf(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr().Unmap().WithZone("")
}

// matches says whether If-None-Match, a list (RFC 9110, 13.1.2), has the tag.
func matches(values []string, tag string) bool {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}
