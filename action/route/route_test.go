package route_test

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/route"
)

func newSet(t testing.TB, rule action.Rule) *route.Set {
	t.Helper()
	s, err := route.New(route.Options{Rule: rule})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shell(lines string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		if out, err := exec.Command("sh", "-ec", lines).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", lines, err, out)
		}
	}
}

// left is what gaol has among routes and rules.
func left(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("sh", "-c", "ip rule; ip -6 rule; ip route show table all; ip -6 route show table all").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var ours []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "47147") || strings.Contains(line, "proto 147") {
			ours = append(ours, line)
		}
	}
	return strings.Join(ours, "")
}

func TestContract(t *testing.T) {
	actiontest.Need(t, "ip")
	if !actiontest.Isolate(t) {
		return
	}
	var before string
	actiontest.Test(t, actiontest.Suite{
		New: func(t *testing.T, jail string) action.Action {
			return newSet(t, action.Rule{Jail: jail, Block: action.Drop})
		},
		Prefixes: true,
		Refuses:  func(p netip.Prefix) bool { return p.Bits() == 0 },
		Dirt: map[string]func(*testing.T){
			"a rule of others at the same place": shell("ip rule add pref 147 table 99; ip rule del pref 147 table 99"),
			"a rule and no table":                shell("ip rule add pref 147 table 47147 protocol 147; ip -6 rule add pref 147 table 47147 protocol 147"),
			"a route of others in the table":     shell("ip route add blackhole 198.51.100.1 table 47147; ip route del 198.51.100.1 table 47147"),
		},
		Damage: map[string]func(*testing.T){
			"flushed rules":        shell("ip rule flush; ip rule add pref 32766 table main; ip rule add pref 32767 table default"),
			"flushed IPv6 rules":   shell("ip -6 rule del pref 147"),
			"a flushed table":      shell("ip route flush table 47147"),
			"a flushed IPv6 table": shell("ip -6 route flush table 47147"),
		},
		Empty: shell("ip route del 192.0.2.7 table 47147; ip -6 route del 2001:db8:0:7::/64 table 47147"),
		Clean: func(t *testing.T) {
			if got := left(t); got != before {
				t.Errorf("something is left:\n%s", got)
			}
		},
	})
	if got := left(t); got != "" {
		t.Errorf("left:\n%s", got)
	}
}

func TestJailsSideBySide(t *testing.T) {
	actiontest.Need(t, "ip")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.SideBySide(t, 50, func(t *testing.T, jail string) action.Action {
		return newSet(t, action.Rule{Jail: jail})
	})
	if got := left(t); got != "" {
		t.Errorf("left:\n%s", got)
	}
}

func TestComesBack(t *testing.T) {
	actiontest.Need(t, "ip")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.ComesBack(t, newSet(t, action.Rule{Jail: "web"}), map[string]func(*testing.T){
		"removed rules":  shell("ip rule del pref 147; ip -6 rule del pref 147"),
		"flushed tables": shell("ip route flush table 47147; ip -6 route flush table 47147"),
	})
}

func TestNewRefuses(t *testing.T) {
	for name, rule := range map[string]action.Rule{
		"no jail":             {},
		"an unknown protocol": {Jail: "web", Protocol: "icmp"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := route.New(route.Options{Rule: rule}); err == nil {
				t.Error("no error")
			}
		})
	}
}
