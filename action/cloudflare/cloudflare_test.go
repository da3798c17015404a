package cloudflare_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/cloudflare"
	"gaol/jail"
)

// quick is a list that never rests, and looks whenever it is checked.
func quick(s *actiontest.Cloudflare) cloudflare.Options {
	return cloudflare.Options{
		URL: s.URL, Token: action.Secret(s.Token), Account: s.Account, List: s.List, Host: "web1", Every: -1, Look: time.Nanosecond,
	}
}

func newList(t *testing.T, opts cloudflare.Options) *cloudflare.List {
	t.Helper()
	l, err := cloudflare.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	list := newList(t, quick(server))
	item := func(p netip.Prefix) string {
		p, _ = action.Normal(p)
		return strings.TrimSuffix(strings.TrimSuffix(p.String(), "/32"), "/128")
	}
	const soon = " until 2126-03-10T12:00:00Z"
	actiontest.Test(t, actiontest.Suite{
		New: func(t *testing.T, jail string) action.Action { return list.Set(jail) },
		// Holds asks the server, and expects that the action knows.
		Holds: func(t *testing.T, a action.Action, p netip.Prefix) bool {
			t.Helper()
			held, err := a.(action.Holder).Holds(t.Context(), p)
			must(t, err)
			if _, there := server.Items()[item(held.Member)]; held.Holds && !there {
				t.Errorf("it says that it holds %s, and the list is %v", p, server.Items())
			}
			return held.Holds
		},
		Prefixes: true,
		Refuses: func(p netip.Prefix) bool {
			return p.Addr().Is4() && p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 12
		},
		Many: 6000,
		Dirt: map[string]func(*testing.T){
			"bans of an earlier run": func(*testing.T) {
				server.Put("192.0.2.7", "gaol web1 web"+soon)
				server.Put("198.51.100.9", "gaol web1 web for ever")
			},
			"what is not its own": func(*testing.T) {
				server.Put("192.0.2.200", "by hand")
				server.Put("192.0.2.201", "gaol web2 web"+soon)
			},
		},
		Damage: map[string]func(*testing.T){
			"an empty list":         func(*testing.T) { server.Take() },
			"an item that is gone":  func(*testing.T) { server.Take("192.0.2.7") },
			"a list that was moved": func(*testing.T) { server.Take("192.0.2.7"); server.Put("192.0.2.8", "gaol web1 web for ever") },
		},
		Clean: func(t *testing.T) {
			for ip, comment := range server.Items() {
				if strings.HasPrefix(comment, "gaol web1 web ") {
					t.Errorf("%s (%s) is left on the list", ip, comment)
				}
			}
		},
	})
	must(t, list.Set("web6").Stop(t.Context()))
	server.Take("192.0.2.200", "192.0.2.201")
	if left := server.Items(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func bansOf(targets ...string) []jail.Ban {
	bans := make([]jail.Ban, len(targets))
	for i, target := range targets {
		bans[i] = actiontest.Ban(target, time.Hour)
	}
	return bans
}
