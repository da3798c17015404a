package iptables_test

import (
	"fmt"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/iptables"
	"gaol/jail"
)

func BenchmarkRulesNFT(b *testing.B) { benchmarkRules(b, variant{"iptables-nft", "ip6tables-nft"}) }
func BenchmarkRulesLegacy(b *testing.B) {
	benchmarkRules(b, variant{"iptables-legacy", "ip6tables-legacy"})
}

// benchmarkRules bans many at once, by rules and by sets, then one more, lets one in and looks whether all is there, and lets in
// all.
func benchmarkRules(b *testing.B, v variant) {
	actiontest.Need(b, v.v4, v.v6)
	actiontest.IsolateBenchmark(b)
	now := time.Now()
	var bans []jail.Ban
	for _, p := range actiontest.LoadPrefixes()[:10_001] {
		bans = append(bans, jail.Ban{Prefix: p, Start: now, End: now.Add(time.Hour)})
	}
	rule := action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}}
	for range b.N {
		for _, n := range []int{1000, 10_000} {
			for name, a := range map[string]interface {
				action.Action
				action.Checker
			}{"rules": v.newRules(b, rule), "sets": benchSets(b, v, rule)} {
				took := func(what string, do func() error) {
					began := time.Now()
					if err := do(); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(time.Since(began).Microseconds())/1000, fmt.Sprintf("ms/%s-%s-%d", what, name, n))
				}
				ctx := b.Context()
				took("start", func() error { return a.Start(ctx) })
				took("ban", func() error { return a.Ban(ctx, bans[:n], now) })
				took("one-more", func() error { return a.Ban(ctx, bans[n:n+1], now) })
				took("one-less", func() error { return a.Unban(ctx, bans[:1]) })
				took("look", func() error { return a.Check(ctx) })
				took("check", func() error { return a.Check(ctx) })
				took("unban", func() error { return a.Unban(ctx, bans[1:n]) })
				took("stop", func() error { return a.Stop(ctx) })
			}
		}
	}
}

func benchSets(b *testing.B, v variant, rule action.Rule) interface {
	action.Action
	action.Checker
} {
	s, err := iptables.New(iptables.Options{Rule: rule, IPTables: v.v4, IP6Tables: v.v6})
	if err != nil {
		b.Fatal(err)
	}
	return s
}
