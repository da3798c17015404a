package action_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"gaol/action"
	"gaol/jail"
)

// sized is a firewall that tells how many members it holds, and whose lister can fail.
type sized struct {
	*lister
	more int // members that it counts and does not list
	fail error
}

func (s *sized) Size() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	members := s.more
	for _, held := range s.held {
		if held {
			members++
		}
	}
	return members, true
}

func (s *sized) List(ctx context.Context) ([]netip.Prefix, error) {
	list, err := s.lister.List(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	err, s.fail = errors.Join(err, s.fail), nil
	return list, err
}

func TestSizeTellsOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sized{lister: &lister{firewall: newFirewall()}}
		r := action.NewRunner(action.RunnerOptions{Name: "firewall", Action: s})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = r.Run(ctx) }()
		defer func() { cancel(); <-done }()
		ban := func(n int) jail.Ban {
			return jail.Ban{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}), 32), Start: time.Now(), End: time.Now().Add(time.Hour)}
		}
		for n := range 2000 {
			r.Ban([]jail.Ban{ban(n)})
		}
		settle := func() { time.Sleep(10 * time.Second); synctest.Wait() }
		settle()
		lists := s.lists
		expect := func(what string, more int) {
			t.Helper()
			settle()
			if s.lists != lists+more {
				t.Fatalf("%s: compared %d times, want %d", what, s.lists-lists, more)
			}
			lists = s.lists
		}
		expect("nothing happens", 0)
		for n := range 500 {
			r.Ban([]jail.Ban{ban(3000 + n), ban(n)})
			r.Unban([]jail.Ban{ban(1000 + n)})
			time.Sleep(10 * time.Millisecond)
		}
		expect("bans come and go", 0)
		s.mu.Lock()
		s.more = 30
		s.mu.Unlock()
		expect("more for an unknown reason", 1)
		s.mu.Lock()
		s.more = 0
		s.mu.Unlock()
		expect("as before", 0)

		s.set("198.51.100.1/32", true)
		expect("one more", 1)
		if s.has("198.51.100.1/32") {
			t.Error("it is still held")
		}
		s.set(ban(1800).Prefix.String(), false)
		settle()
		if !s.has(ban(1800).Prefix.String()) {
			t.Error("it is not held again")
		}
		settle()
		lists = s.lists
		s.mu.Lock()
		s.fail = fmt.Errorf("interrupted")
		s.mu.Unlock()
		s.set("198.51.100.1/32", true)
		expect("a listing that fails", 2)
		if s.has("198.51.100.1/32") {
			t.Error("it is still held")
		}
	})
}
