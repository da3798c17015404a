package actiontest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
			s.beginLocked(w, func() {
				for p, it := range s.items {
					if gone[it.ID] {
						delete(s.items, p)
					}
				}
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
	s.beginLocked(w, func() {
		for _, it := range items {
			p, _ := itemPrefix(it.IP)
			s.putLocked(p, it.IP, it.Comment)
		}
	})
}

// beginLocked begins an operation, if none is under way.
func (s *Cloudflare) beginLocked(w http.ResponseWriter, apply func()) {
	if s.operation.apply != nil {
		CloudflareFault(w, http.StatusTooManyRequests, 10045, "another operation is still being processed")
		return
	}
	s.operation = cloudflareOperation{id: s.operation.id + 1, due: time.Now().Add(s.takes), apply: apply}
	answerCloudflare(w, map[string]string{"operation_id": fmt.Sprintf("%032x", s.operation.id)}, "")
	s.settleLocked()
}

// settleLocked does what is due.
func (s *Cloudflare) settleLocked() {
	if o := &s.operation; o.apply != nil && !time.Now().Before(o.due) {
		o.apply()
		o.apply = nil
	}
}

func (s *Cloudflare) operationLocked(w http.ResponseWriter, id string) {
	number, err := strconv.ParseInt(id, 16, 32)
	switch {
	case err != nil || number < 1 || int(number) > s.operation.id:
		s.t.Errorf("there is no operation %s", id)
		CloudflareFault(w, http.StatusNotFound, 10000, "no such operation")
	case int(number) == s.operation.id && s.operation.apply != nil:
		answerCloudflare(w, map[string]string{"id": id, "status": "running"}, "")
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
