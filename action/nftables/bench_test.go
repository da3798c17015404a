package nftables_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/nftables"
)

func benchSet(b *testing.B) *nftables.Set {
	actiontest.IsolateBenchmark(b)
	s, err := nftables.New(nftables.Options{Rule: action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}}})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkBan(b *testing.B)  { actiontest.BenchmarkBan(b, benchSet(b)) }
func BenchmarkLoad(b *testing.B) { actiontest.BenchmarkLoad(b, benchSet(b)) }

func BenchmarkCheck(b *testing.B) { actiontest.BenchmarkCheck(b, benchSet(b)) }

// BenchmarkLoadNFT is the rival: nft -f fed the same.
func BenchmarkLoadNFT(b *testing.B) {
	actiontest.Need(b, "nft")
	actiontest.IsolateBenchmark(b)
	var script bytes.Buffer
	script.WriteString("table inet x { set addr4 { type ipv4_addr; flags timeout; counter; }; set addr6 { type ipv6_addr; flags timeout; counter; }; }\n")
	for _, v6 := range []bool{false, true} {
		set := "addr4"
		if v6 {
			set = "addr6"
		}
		fmt.Fprintf(&script, "add element inet x %s { ", set)
		for _, p := range actiontest.LoadPrefixes() {
			if p.Addr().Is6() == v6 {
				fmt.Fprintf(&script, "%s timeout 1h, ", p.Addr())
			}
		}
		script.WriteString("}\n")
	}
	for b.Loop() {
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = bytes.NewReader(script.Bytes())
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("nft: %v: %s", err, out)
		}
		b.StopTimer()
		if out, err := exec.Command("nft", "flush", "ruleset").CombinedOutput(); err != nil {
			b.Fatalf("nft: %v: %s", err, out)
		}
		b.StartTimer()
	}
}
