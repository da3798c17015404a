package actiontest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
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
	fault     func(http.ResponseWriter, *http.Request) bool
	requests  []string
}

// CloudflareItem is what is on the list.
type CloudflareItem struct {
	ID      string `json:"id"`
	IP      string `json:"ip"`
	Comment string `json:"comment,omitempty"`
	// Created is when it was put there.
	Created time.Time `json:"created_on"`
}

// cloudflareOperation is done with items after a while.
type cloudflareOperation struct {
	id    int
	due   time.Time
	apply func() error // nil: it is done
	err   error
}

// NewCloudflare starts a server with an empty list "gaol", for 10,000 items.
func NewCloudflare(t *testing.T) *Cloudflare {
	s := &Cloudflare{
		Token: "t0ken-of-the-account", Account: strings.Repeat("a1", 16), List: "gaol", t: t, id: strings.Repeat("0c", 16),
		items: map[netip.Prefix]CloudflareItem{}, limit: 10_000,
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
			{"id": s.id, "name": s.List, "kind": "ip", "num_items": len(s.items), "num_referencing_filters": 1},
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

func (s *Cloudflare) itemsLocked(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		s.requests = append(s.requests, "GET items")
		s.pageLocked(w, r)
	case http.MethodPost:
		var items []struct{ IP, Comment string }
		if s.readLocked(w, r, &items) {
			s.requests = append(s.requests, fmt.Sprintf("POST items %d", len(items)))
			s.createLocked(w, items)
		}
	case http.MethodDelete:
		var body struct{ Items []struct{ ID string } }
		if s.readLocked(w, r, &body) {
			s.requests = append(s.requests, fmt.Sprintf("DELETE items %d", len(body.Items)))
			gone := map[string]bool{}
			for _, it := range body.Items {
				gone[it.ID] = true
			}
			s.beginLocked(w, func() error {
				for p, it := range s.items {
					if gone[it.ID] {
						delete(s.items, p)
					}
				}
				return nil
			})
		}
	default:
		s.t.Errorf("nobody may ask for %s, which would take out what others have put there", r.Method)
	}
}

// pageLocked answers with a part of the list; a cursor is the number of the items before.
func (s *Cloudflare) pageLocked(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.Atoi(r.FormValue("per_page"))
	if err != nil || size < 1 || size > 500 {
		CloudflareFault(w, http.StatusBadRequest, 10026, "per_page is from 1 to 500")
		return
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(r.FormValue("cursor"), "after-"))
	all := make([]CloudflareItem, 0, len(s.items))
	for _, it := range s.items {
		all = append(all, it)
	}
	slices.SortFunc(all, func(a, b CloudflareItem) int { return strings.Compare(a.IP, b.IP) })
	all, cursor := all[min(from, len(all)):], ""
	if len(all) > size {
		all, cursor = all[:size], fmt.Sprintf("after-%d", from+size)
	}
	answerCloudflare(w, all, cursor)
}

// createLocked takes all items or, if one of them is not good, none.
func (s *Cloudflare) createLocked(w http.ResponseWriter, items []struct{ IP, Comment string }) {
	fresh := map[netip.Prefix]bool{}
	more := 0
	for i, it := range items {
		p, err := itemPrefix(it.IP)
		switch {
		case err != nil:
			CloudflareFault(w, http.StatusBadRequest, 10035, fmt.Sprintf("invalid value for ip at position %d: %v", i, err))
			return
		case fresh[p]:
			CloudflareFault(w, http.StatusBadRequest, 10028, it.IP+" is a duplicate item value")
			return
		case len(it.Comment) > 500:
			CloudflareFault(w, http.StatusBadRequest, 10026, "the comment is too long")
			return
		}
		fresh[p] = true
		if _, there := s.items[p]; !there {
			more++
		}
	}
	if len(s.items)+more > s.limit {
		CloudflareFault(w, http.StatusBadRequest, 10034, "the maximum number of items is exceeded")
		return
	}
	s.beginLocked(w, func() error {
		for _, it := range items {
			p, _ := itemPrefix(it.IP)
			s.putLocked(p, it.IP, it.Comment)
		}
		return nil
	})
}

// beginLocked begins an operation, if none is under way.
func (s *Cloudflare) beginLocked(w http.ResponseWriter, apply func() error) {
	if s.operation.apply != nil {
		CloudflareFault(w, http.StatusTooManyRequests, 10045, "another operation is still being processed")
		return
	}
	s.operation = cloudflareOperation{id: s.operation.id + 1, due: time.Now().Add(s.takes), apply: apply}
	answerCloudflare(w, map[string]string{"operation_id": s.operationID()}, "")
	s.settleLocked()
}

// settleLocked does what is due.
func (s *Cloudflare) settleLocked() {
	if o := &s.operation; o.apply != nil && !time.Now().Before(o.due) {
		o.err, o.apply = o.apply(), nil
	}
}

func (s *Cloudflare) operationID() string { return fmt.Sprintf("%032x", s.operation.id) }

func (s *Cloudflare) operationLocked(w http.ResponseWriter, id string) {
	switch {
	case id != s.operationID():
		s.t.Errorf("asked for the operation %s, not for %s", id, s.operationID())
		CloudflareFault(w, http.StatusNotFound, 10000, "no such operation")
	case s.operation.apply != nil:
		answerCloudflare(w, map[string]string{"id": id, "status": "running"}, "")
	case s.operation.err != nil:
		answerCloudflare(w, map[string]string{"id": id, "status": "failed", "error": s.operation.err.Error()}, "")
	default:
		answerCloudflare(w, map[string]string{"id": id, "status": "completed"}, "")
	}
}

func (s *Cloudflare) putLocked(p netip.Prefix, ip, comment string) {
	s.made++
	s.items[p] = CloudflareItem{ID: fmt.Sprintf("%032x", s.made), IP: ip, Comment: comment, Created: time.Now().UTC()}
}

func (s *Cloudflare) readLocked(w http.ResponseWriter, r *http.Request, to any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil || r.Header.Get("Content-Type") != "application/json" {
		s.t.Errorf("%s %s: the body is not as it should be: %v", r.Method, r.URL, err)
		CloudflareFault(w, http.StatusBadRequest, 10026, "invalid JSON")
		return false
	}
	return true
}

// itemPrefix reads an item: an address, or a network from /8 (IPv4) or /12 (IPv6) on, without bits of hosts.
func itemPrefix(ip string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(ip)
	if addr, single := netip.ParseAddr(ip); single == nil {
		p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	switch {
	case err != nil:
		return p, err
	case p != p.Masked(), p.Addr().Is4In6(), p.Addr().Is4() && p.Bits() < 8, p.Addr().Is6() && p.Bits() < 12:
		return p, fmt.Errorf("%s is no address or network that a list takes", ip)
	}
	return p, nil
}
