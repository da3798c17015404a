package nftables_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/nftables"
)

func newList(t testing.TB, rule action.Rule) action.Blocker {
	t.Helper()
	l, err := nftables.NewList(nftables.Options{Rule: rule})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestList(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.TestList(t, actiontest.ListSuite{
		New: func(t *testing.T, rule action.Rule) action.Blocker { return newList(t, rule) },
		Damage: map[string]func(*testing.T){
			"a flushed ruleset": script("flush ruleset"),
			"a flushed chain":   script("flush chain inet gaol list-web"),
			"emptied sets": func(t *testing.T) {
				for name := range strings.FieldsSeq(ruleset(t)) {
					if strings.HasPrefix(name, "list") && strings.Contains(name, "/") {
						nft(t, "flush set inet gaol "+name)
					}
				}
			},
		},
		Dirt: map[string]func(*testing.T){
			"other sets and another chain": script(`table inet gaol {
				set list4-web/0 { type inet_service; flags interval; elements = { 1-9 }; }
				set list6-web/1 { type ipv4_addr; }
				chain list-web { type filter hook input priority 0; tcp dport @list4-web/0 drop; ip saddr @list6-web/1 drop; }
			}`),
			"the bans of the jail": script("table inet gaol { chain jail-web { }; set addr4-web { type ipv4_addr; }; }\ndelete chain inet gaol jail-web; delete set inet gaol addr4-web"),
		},
		Clean: func(t *testing.T) {
			if got := ruleset(t); strings.Contains(got, "-web") {
				t.Errorf("something is left:\n%s", got)
			}
		},
	})
}

func TestListComesBack(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.ListComesBack(t, newList(t, action.Rule{Jail: "web"}), map[string]func(*testing.T){
		"a flushed ruleset": script("flush ruleset"),
	})
}

func BenchmarkList(b *testing.B) {
	actiontest.BenchmarkList(b, newListIn(b), benchSet(b))
}

// newListIn is newList in a namespace of the benchmark's own.
func newListIn(b *testing.B) action.Blocker {
	actiontest.IsolateBenchmark(b)
	return newList(b, action.Rule{Jail: "web"})
}

// BenchmarkListNFT is the rival: nft -f fed the same.
func BenchmarkListNFT(b *testing.B) {
	actiontest.Need(b, "nft")
	actiontest.IsolateBenchmark(b)
	prefixes := actiontest.RandomPrefixes(actiontest.ListSize, 3)
	script := "table inet x { set l4 { type ipv4_addr; flags interval; }; set l6 { type ipv6_addr; flags interval; }; }\n"
	for _, v6 := range []bool{false, true} {
		name := "l4"
		if v6 {
			name = "l6"
		}
		script += "add element inet x " + name + " { " + actiontest.Script(prefixes, func(p netip.Prefix) string {
			if p.Addr().Is6() != v6 {
				return ""
			}
			return fmt.Sprintf("%s, ", p)
		}) + "}\n"
	}
	actiontest.BenchmarkListTool(b, script, []string{"nft", "-f", "-"}, []string{"nft", "flush", "ruleset"})
}
