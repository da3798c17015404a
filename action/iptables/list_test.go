package iptables_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/iptables"
)

func (v variant) newList(t testing.TB, rule action.Rule) action.Blocker {
	t.Helper()
	l, err := iptables.NewList(iptables.Options{Rule: rule, IPTables: v.v4, IP6Tables: v.v6})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestListNFT(t *testing.T)    { testList(t, nftVariant(t)) }
func TestListLegacy(t *testing.T) { testList(t, legacyVariant(t)) }

func testList(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.TestList(t, actiontest.ListSuite{
		New: func(t *testing.T, rule action.Rule) action.Blocker { return v.newList(t, rule) },
		Damage: map[string]func(*testing.T){
			"flushed rules":   v.script("V4 -F", "V6 -F"),
			"emptied sets":    v.script("ipset flush"),
			"a removed jump":  v.script("V4 -F INPUT"),
			"destroyed sets":  v.script("V4 -F", "V6 -F", "sleep 0.2", "ipset destroy"),
			"one set emptied": v.script("ipset flush gaol:web6"),
		},
		Dirt: map[string]func(*testing.T){
			"a set of another type": v.script("ipset create gaol:web hash:ip", "ipset create gaol:web6~ hash:net"),
			"rules that look into another set": v.script("ipset create gaol:web hash:ip", "V4 -N gaol:web", "V4 -A gaol:web -j ACCEPT",
				"V4 -A INPUT -m set --match-set gaol:web src -j gaol:web"),
		},
		Clean: func(t *testing.T) {
			if got := v.left(t); strings.Contains(got, "web") {
				t.Errorf("something is left:\n%s", got)
			}
		},
	})
}

func TestListComesBack(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.ListComesBack(t, v.newList(t, action.Rule{Jail: "web"}), map[string]func(*testing.T){
		"flushed rules": v.script("V4 -F"),
		"emptied sets":  v.script("ipset flush"),
	})
}

func BenchmarkList(b *testing.B) {
	actiontest.IsolateBenchmark(b)
	v := variant{"iptables-nft", "ip6tables-nft"}
	bans, err := iptables.New(iptables.Options{Rule: action.Rule{Jail: "web"}, IPTables: v.v4, IP6Tables: v.v6})
	if err != nil {
		b.Fatal(err)
	}
	actiontest.BenchmarkList(b, v.newList(b, action.Rule{Jail: "web"}), bans)
}

// BenchmarkListIPSet is the rival: ipset restore fed the same.
func BenchmarkListIPSet(b *testing.B) {
	actiontest.Need(b, "ipset")
	actiontest.IsolateBenchmark(b)
	script := "create x4 hash:net maxelem 1000000\ncreate x6 hash:net family inet6 maxelem 1000000\n"
	script += actiontest.Script(actiontest.RandomPrefixes(actiontest.ListSize, 3), func(p netip.Prefix) string {
		if p.Addr().Is6() {
			return fmt.Sprintf("add x6 %s\n", p)
		}
		return fmt.Sprintf("add x4 %s\n", p)
	})
	actiontest.BenchmarkListTool(b, script, []string{"ipset", "restore"}, []string{"ipset", "destroy"})
}
