package nftables_test

import (
	"os/exec"
	"strings"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/nftables"
)

func newSet(t *testing.T, rule action.Rule) action.Action {
	t.Helper()
	s, err := nftables.New(nftables.Options{Rule: rule})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nft runs an nft script.
func nft(t *testing.T, script string) {
	t.Helper()
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nft %s: %v: %s", script, err, out)
	}
}

func ruleset(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
	if err != nil {
		t.Fatalf("nft list ruleset: %v: %s", err, out)
	}
	return string(out)
}

func script(lines string) func(*testing.T) {
	return func(t *testing.T) { nft(t, lines) }
}

func TestContract(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Test(t, actiontest.Suite{
		New: func(t *testing.T, jail string) action.Action {
			return newSet(t, action.Rule{Jail: jail, Ports: []action.Port{{First: 80, Last: 80}, {First: 443, Last: 443}}})
		},
		Timed:    true,
		Prefixes: true,
		Dirt: map[string]func(*testing.T){
			"sets of other types": script(`table inet gaol {
				set addr4-web { type inet_service; flags interval; elements = { 1-9 }; }
				set addr6-web/64 { type ipv4_addr; }
				chain jail-web { type filter hook input priority 0; tcp dport @addr4-web drop; ip saddr @addr6-web/64 drop; }
			}`),
			"an empty table":    script("table inet gaol { }"),
			"a chain of others": script("table inet gaol { chain jail-webshop { type filter hook input priority 0; }; set addr4-webshop { type ipv4_addr; }; }\ntable inet gaol; delete table inet gaol; table ip other { }; delete table ip other"),
		},
		Damage: map[string]func(*testing.T){
			"a flushed ruleset": script("flush ruleset"),
			"a flushed chain":   script("flush chain inet gaol jail-web"),
			"a removed table":   script("delete table inet gaol"),
		},
		Empty: script("flush set inet gaol addr4-web; flush set inet gaol addr6-web/64"),
		Clean: func(t *testing.T) {
			if got := ruleset(t); strings.Contains(got, "-web ") || strings.Contains(got, "-web/") {
				t.Errorf("something is left:\n%s", got)
			}
		},
	})
	if got := ruleset(t); got != "" {
		t.Errorf("the last jail left the table:\n%s", got)
	}
}

func TestPackets(t *testing.T) {
	actiontest.Need(t, "iptables-nft", "ip6tables-nft")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Packets(t, actiontest.PacketSuite{New: newSet, IPTables: "iptables-nft", IP6Tables: "ip6tables-nft"})
}

func TestJailsSideBySide(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.SideBySide(t, 20, func(t *testing.T, jail string) action.Action {
		return newSet(t, action.Rule{Jail: jail, Ports: []action.Port{{First: 80, Last: 80}}})
	})
	if got := ruleset(t); got != "" {
		t.Errorf("left:\n%s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, rule := range map[string]action.Rule{
		"no jail":             {},
		"an unknown protocol": {Jail: "web", Protocol: "icmp"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := nftables.New(nftables.Options{Rule: rule}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestComesBack(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	a := newSet(t, action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}})
	actiontest.ComesBack(t, a, map[string]func(*testing.T){
		"a flushed ruleset": script("flush ruleset"),
		"emptied sets":      script("flush set inet gaol addr4-web; flush set inet gaol addr6-web/64"),
	})
}

func TestInterfaces(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Interfaces(t, newSet)
}
