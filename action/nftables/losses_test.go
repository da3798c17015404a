package nftables_test

import (
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
)

func TestLosses(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Losses(t, newSet, map[string]func(*testing.T){
		"nft flush ruleset":   script("flush ruleset"),
		"nft delete table":    script("delete table inet gaol"),
		"nft flush set":       script("flush set inet gaol addr4-web"),
		"nft flush chain":     script("flush chain inet gaol jail-web"),
		"nft delete element":  script("delete element inet gaol addr4-web { 10.0.1.2 }"),
		"nft -f foreign file": script("flush ruleset\ntable inet filter { chain input { type filter hook input priority 0; policy accept; }; }"),
	})
}

func TestLossesFirewalld(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	for _, backend := range []string{"nftables", "iptables"} {
		t.Run(backend, func(t *testing.T) {
			command := actiontest.StartFirewalld(t, backend)
			command(t, "--add-port=53/udp")
			command(t, "--runtime-to-permanent")
			actiontest.Losses(t, newSet, map[string]func(*testing.T){
				"firewalld reload":          func(t *testing.T) { command(t, "--reload") },
				"firewalld complete reload": func(t *testing.T) { command(t, "--complete-reload") },
			})
		})
	}
}

func TestLossesUFW(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	command := actiontest.UFW(t)
	command(t, "allow", "53/udp")
	command(t, "--force", "enable")
	actiontest.Losses(t, newSet, map[string]func(*testing.T){
		"ufw reload": func(t *testing.T) { command(t, "reload") },
	})
}

func TestReconciles(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Reconciles(t, newSet(t, action.Rule{Jail: "web"}),
		script("add element inet gaol addr4-web { 198.51.100.1 }"), script("delete element inet gaol addr4-web { 192.0.2.1 }"))
}
