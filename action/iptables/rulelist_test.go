package iptables_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/iptables"
	"gaol/jail"
)

func (v variant) newRules(t testing.TB, rule action.Rule) *iptables.Rules {
	t.Helper()
	r, err := iptables.NewRules(iptables.Options{Rule: rule, IPTables: v.v4, IP6Tables: v.v6})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRulesContractNFT(t *testing.T)    { testRulesContract(t, nftVariant(t)) }
func TestRulesContractLegacy(t *testing.T) { testRulesContract(t, legacyVariant(t)) }

func testRulesContract(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	ours := regexp.MustCompile(`(?m)gaol-web6?~?( |$)`)
	set := func(t *testing.T) {
		s := v.newSet(t, action.Rule{Jail: "web"})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Ban(t.Context(), []jail.Ban{actiontest.Ban("192.0.2.7", time.Hour)}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	actiontest.Test(t, actiontest.Suite{
		New: func(t *testing.T, jail string) action.Action {
			return v.newRules(t, action.Rule{Jail: jail, Ports: []action.Port{{First: 80, Last: 80}, {First: 8000, Last: 8010}}})
		},
		Prefixes: true,
		Checks:   30,
		Dirt: map[string]func(*testing.T){
			"rules and sets of a jail with ipset": set,
			"addresses of an earlier run": v.script("V4 -N gaol-web~", "V4 -A gaol-web~ -j DROP", "V4 -N gaol-web",
				"V4 -A gaol-web -s 192.0.2.7 -j gaol-web~", "V4 -A INPUT -j gaol-web"),
			"a chain with other rules": v.script("V4 -N gaol-web", "V4 -A gaol-web -j ACCEPT", "V4 -A gaol-web -j DROP"),
		},
		Damage: map[string]func(*testing.T){
			"all rules flushed":         v.script("V4 -F"),
			"all IPv6 rules flushed":    v.script("V6 -F"),
			"flushed addresses":         v.script("V4 -F gaol-web"),
			"a flushed verdict":         v.script("V4 -F gaol-web~"),
			"a removed jump":            v.script("V4 -D INPUT 1"),
			"an address of somebody's":  v.script("V4 -A gaol-web -s 198.51.100.1 -j gaol-web~"),
			"a rule that lets in":       v.script("V4 -I gaol-web -j ACCEPT"),
			"an address taken out":      v.script("V4 -D gaol-web -s 192.0.2.7 -j gaol-web~"),
			"removed rules":             v.script("V4 -F", "V4 -X", "V6 -F", "V6 -X"),
			"one address more and less": v.script("V4 -D gaol-web 1", "V4 -A gaol-web -s 192.0.2.8 -j gaol-web~"),
			"the same address, let in":  v.script("V4 -R gaol-web 1 -s 192.0.2.7 -j RETURN"),
			"an appearing DOCKER-USER": func(t *testing.T) {
				v.run(t, "V4 -N DOCKER-USER")
				t.Cleanup(func() { v.run(t, "V4 -F DOCKER-USER", "V4 -X DOCKER-USER") })
			},
		},
		Clean: func(t *testing.T) {
			if got := v.left(t); ours.MatchString(got) {
				t.Errorf("something is left:\n%s", got)
			}
		},
	})
	if got := v.left(t); strings.Contains(got, "gaol") {
		t.Errorf("something is left:\n%s", got)
	}
}

func TestRulesPacketsNFT(t *testing.T)    { testRulesPackets(t, nftVariant(t)) }
func TestRulesPacketsLegacy(t *testing.T) { testRulesPackets(t, legacyVariant(t)) }

func testRulesPackets(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Packets(t, actiontest.PacketSuite{
		New:       func(t *testing.T, rule action.Rule) action.Action { return v.newRules(t, rule) },
		IPTables:  v.v4,
		IP6Tables: v.v6,
		Untimed:   true,
	})
}

func TestRulesAdjustNFT(t *testing.T)    { testRulesAdjust(t, nftVariant) }
func TestRulesAdjustLegacy(t *testing.T) { testRulesAdjust(t, legacyVariant) }

func testRulesAdjust(t *testing.T, of func(*testing.T) variant) {
	actiontest.TestAdjust(t, func(t *testing.T, rule action.Rule) actiontest.Adjustable { return of(t).newRules(t, rule) })
}

func TestRulesComeBackNFT(t *testing.T)    { testRulesComeBack(t, nftVariant(t)) }
func TestRulesComeBackLegacy(t *testing.T) { testRulesComeBack(t, legacyVariant(t)) }

func testRulesComeBack(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	a := v.newRules(t, action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}})
	actiontest.ComesBack(t, a, map[string]func(*testing.T){
		"flushed rules":         v.script("V4 -F", "V4 -X"),
		"an emptied chain":      v.script("V4 -F gaol-web"),
		"an address taken out":  v.script("V6 -D gaol-web -s 2001:db8:0:7::/64 -j gaol-web~"),
		"removed rules of both": v.script("V4 -F", "V4 -X", "V6 -F", "V6 -X"),
	})
}

func TestRulesSideBySideNFT(t *testing.T)    { testRulesSideBySide(t, nftVariant(t)) }
func TestRulesSideBySideLegacy(t *testing.T) { testRulesSideBySide(t, legacyVariant(t)) }

func testRulesSideBySide(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.SideBySide(t, 3, func(t *testing.T, jail string) action.Action {
		return v.newRules(t, action.Rule{Jail: jail, Ports: []action.Port{{First: 80, Last: 80}}})
	})
	if got := withoutPolicies(v.left(t)); got != "" {
		t.Errorf("left:\n%s", got)
	}
}

// TestUnbanAfterTheOthers lifts bans whose rules another program has taken out.
func TestUnbanAfterTheOthers(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	r := v.newRules(t, action.Rule{Jail: "web"})
	one, two := actiontest.Ban("192.0.2.7", time.Hour), actiontest.Ban("192.0.2.8", time.Hour)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Ban(t.Context(), []jail.Ban{one, two}, time.Now()); err != nil {
		t.Fatal(err)
	}
	v.run(t, "V4 -F gaol-web")
	if err := r.Unban(t.Context(), []jail.Ban{one}); err != nil {
		t.Fatal(err)
	}
	missing, err := r.Missing(t.Context(), []netip.Prefix{one.Prefix, two.Prefix})
	if err != nil || len(missing) != 1 || missing[0] != one.Prefix {
		t.Errorf("missing: %v, %v, want the one that was unbanned", missing, err)
	}
}
