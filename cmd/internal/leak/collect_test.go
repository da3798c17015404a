package leak_test

import (
	"net/netip"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/flows"
	"gaol/cmd/internal/leak"
)

// TestCollect asks for three addresses at once: each table is walked through once.
func TestCollect(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Crowd(t, 50)
	actiontest.Track(t, actiontest.Clients(100, netip.MustParseAddrPort("192.0.2.1:443")))
	web := action.Rule{Jail: "web", Ports: []action.Port{{First: 443, Last: 443}}}
	mail := action.Rule{Jail: "mail", Ports: []action.Port{{First: 25, Last: 25}}}
	ask := func(prefix string, rule action.Rule) leak.Question {
		trusts := func(addr netip.Addr) bool { return addr == netip.MustParseAddr("10.0.0.9") }
		return leak.Question{Prefix: netip.MustParsePrefix(prefix), Rule: rule, Trusts: trusts}
	}
	var tables flows.Tables
	facts := leak.Collect(t.Context(), &tables, []leak.Question{ask("127.1.0.7/32", web), ask("10.0.0.5/32", web), ask("203.0.113.7/32", mail)})
	// Those that listen and those that are connected, of two families each, and what is tracked.
	if tables.Walks != 5 {
		t.Errorf("%d walks", tables.Walks)
	}
	here, passed, nobody := facts[0], facts[1], facts[2]
	if here.Blind != nil || !here.Listening || len(here.Conns) != 1 || here.Conns[0].Port != 443 || !here.Conns[0].Open || here.Conns[0].Forwarded ||
		here.Through != "lo" || here.Connected != 149 {
		t.Errorf("to this host: %+v", here)
	}
	if len(passed.Conns) != 1 || !passed.Conns[0].Forwarded || !passed.Conns[0].Open || passed.Conns[0].To.String() != "192.0.2.1:443" ||
		len(passed.Peers) == 0 || passed.Peers[0].Addr.String() != "10.0.0.9" || !passed.Peers[0].Trusted {
		t.Errorf("passed on: %+v", passed)
	}
	if len(nobody.Conns) != 0 || nobody.Connected != 0 || nobody.Listening || !nobody.Tracked {
		t.Errorf("none: %+v", nobody)
	}
}
