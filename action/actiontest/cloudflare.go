package actiontest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Cloudflare is a server that keeps a list of addresses as Cloudflare's Lists API does
// (https://developers.cloudflare.com/waf/tools/lists/lists-api/ and the reference at https://developers.cloudflare.com/api/resources/rules/).
// A request that the API does not have fails the test.
type Cloudflare struct {
	// URL is where the API is; Token, Account and List are what has to be asked with and for.
	URL, Token, Account, List string

	t  *testing.T
	id string // of the list

	mu sync.Mutex
	// items are what is on the list; made counts them all, for their ids.
	items map[netip.Prefix]CloudflareItem
	made  int
	// limit is how many there may be, takes how long an operation does.
	limit int
	takes time.Duration
	// operation is the latest.
	operation cloudflareOperation
	// rules is how many refer to the list.
	rules    int
	fault    func(http.ResponseWriter, *http.Request) bool
	requests []string
}

// CloudflareItem is what is on the list.
type CloudflareItem struct {
	ID      string `json:"id"`
	IP      string `json:"ip"`
	Comment string `json:"comment,omitempty"`
	// Created is when it was put there.
	Created time.Time `json:"created_on"`
}

// cloudflareOperation changes items after a while. They have numbers, from 1 on.
type cloudflareOperation struct {
	id    int
	due   time.Time
	apply func() // nil: it is done
}

// NewCloudflare starts a server with an empty list "gaol", for 10,000 items, to which one rule refers.
func NewCloudflare(t *testing.T) *Cloudflare {
	s := &Cloudflare{
		Token: "t0ken-of-the-account", Account: strings.Repeat("a1", 16), List: "gaol", t: t, id: strings.Repeat("0c", 16),
		items: map[netip.Prefix]CloudflareItem{}, limit: 10_000, rules: 1,
	}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.URL = server.URL + "/client/v4"
	return s
}

// Items are what is on the list: the comment of each address or network.
func (s *Cloudflare) Items() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked()
	items := make(map[string]string, len(s.items))
	for _, it := range s.items {
		items[it.IP] = it.Comment
	}
	return items
}

// Put puts something on the list by hand.
func (s *Cloudflare) Put(ip, comment string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := itemPrefix(ip)
	if err != nil {
		s.t.Fatal(err)
	}
	s.putLocked(p, ip, comment)
}

// Take takes something from the list by hand; nothing: everything.
func (s *Cloudflare) Take(ips ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, it := range s.items {
		if len(ips) == 0 || slices.Contains(ips, it.IP) {
			delete(s.items, p)
		}
	}
}

// Limit is how many items there may be from now on.
func (s *Cloudflare) Limit(n int) { s.mu.Lock(); defer s.mu.Unlock(); s.limit = n }

// Rules is how many rules refer to the list from now on.
func (s *Cloudflare) Rules(n int) { s.mu.Lock(); defer s.mu.Unlock(); s.rules = n }

// Takes is how long an operation takes from now on.
func (s *Cloudflare) Takes(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.takes = d }

// Fault answers requests before the server does, unless it returns false; nil: none.
func (s *Cloudflare) Fault(f func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests are those since the last call, as in "POST items 3".
func (s *Cloudflare) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.requests
	s.requests = nil
	return all
}

// CloudflareFault answers as the API does when something is wrong.
func CloudflareFault(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"success": false, "result": nil, "messages": []string{}, "errors": []any{map[string]any{"code": code, "message": message}},
	})
}

func answerCloudflare(w http.ResponseWriter, result any, cursor string) {
	w.Header().Set("Content-Type", "application/json")
	info := map[string]any{"cursors": map[string]string{"after": cursor}}
	_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "result": result, "result_info": info, "errors": []string{}, "messages": []string{}})
}

func (s *Cloudflare) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked()
	path, inAccount := strings.CutPrefix(r.URL.Path, "/client/v4/accounts/"+s.Account+"/rules/lists")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+s.Token:
		CloudflareFault(w, http.StatusForbidden, 10000, "Authentication error with "+r.Header.Get("Authorization"))
	case !inAccount:
		CloudflareFault(w, http.StatusNotFound, 7003, "Could not route to "+r.URL.Path)
	case path == "" && r.Method == http.MethodGet:
		s.requests = append(s.requests, "GET lists")
		answerCloudflare(w, []map[string]any{
			{"id": strings.Repeat("f", 32), "name": "elsewhere", "kind": "redirect", "num_items": 0, "num_referencing_filters": 0},
			{"id": s.id, "name": s.List, "kind": "ip", "num_items": len(s.items), "num_referencing_filters": s.rules},
		}, "")
	case strings.HasPrefix(path, "/bulk_operations/") && r.Method == http.MethodGet:
		s.requests = append(s.requests, "GET operation")
		s.operationLocked(w, strings.TrimPrefix(path, "/bulk_operations/"))
	case path == "/"+s.id+"/items":
		s.itemsLocked(w, r)
	default:
		s.t.Errorf("the API has no %s %s", r.Method, r.URL)
		CloudflareFault(w, http.StatusNotFound, 7003, "Could not route")
	}
}
