package iptables_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/iptables"
)

func benchSet(b *testing.B, v4, v6 string) *iptables.Set {
	actiontest.Need(b, v4, v6)
	actiontest.IsolateBenchmark(b)
	s, err := iptables.New(iptables.Options{
		Rule:     action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}},
		IPTables: v4, IP6Tables: v6,
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkBan(b *testing.B) {
	actiontest.BenchmarkBan(b, benchSet(b, "iptables-nft", "ip6tables-nft"))
}

func BenchmarkLoad(b *testing.B) {
	actiontest.BenchmarkLoad(b, benchSet(b, "iptables-nft", "ip6tables-nft"))
}

func BenchmarkLoadLegacy(b *testing.B) {
	actiontest.BenchmarkLoad(b, benchSet(b, "iptables-legacy", "ip6tables-legacy"))
}

func BenchmarkCheck(b *testing.B) {
	actiontest.BenchmarkCheck(b, benchSet(b, "iptables-nft", "ip6tables-nft"))
}

// BenchmarkLoadIPSet is the rival: ipset restore fed the same.
func BenchmarkLoadIPSet(b *testing.B) {
	actiontest.Need(b, "ipset")
	actiontest.IsolateBenchmark(b)
	var script bytes.Buffer
	script.WriteString("create x4 hash:net timeout 0 counters maxelem 262144\ncreate x6 hash:net family inet6 timeout 0 counters maxelem 262144\n")
	for _, p := range actiontest.LoadPrefixes() {
		set := "x4"
		if p.Addr().Is6() {
			set = "x6"
		}
		fmt.Fprintf(&script, "add %s %s timeout 3600\n", set, p)
	}
	for b.Loop() {
		cmd := exec.Command("ipset", "restore")
		cmd.Stdin = bytes.NewReader(script.Bytes())
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("ipset: %v: %s", err, out)
		}
		b.StopTimer()
		if out, err := exec.Command("ipset", "destroy").CombinedOutput(); err != nil {
			b.Fatalf("ipset: %v: %s", err, out)
		}
		b.StartTimer()
	}
}
