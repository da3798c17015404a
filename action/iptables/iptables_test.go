package iptables_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/iptables"
	"gaol/jail"
)

// variant is one of the two programs called iptables.
type variant struct {
	v4, v6 string
}

func nftVariant(t *testing.T) variant {
	actiontest.Need(t, "iptables-nft", "ip6tables-nft", "ipset")
	return variant{"iptables-nft", "ip6tables-nft"}
}

func legacyVariant(t *testing.T) variant {
	actiontest.Need(t, "iptables-legacy", "ip6tables-legacy", "ipset")
	return variant{"iptables-legacy", "ip6tables-legacy"}
}

func (v variant) newSet(t *testing.T, rule action.Rule) *iptables.Set {
	t.Helper()
	s, err := iptables.New(iptables.Options{Rule: rule, IPTables: v.v4, IP6Tables: v.v6})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run runs a line of words; V4 and V6 stand for the variant's programs.
func (v variant) run(t *testing.T, lines ...string) string {
	t.Helper()
	var all strings.Builder
	for _, line := range lines {
		words := strings.Fields(strings.NewReplacer("V4", v.v4, "V6", v.v6).Replace(line))
		cmd := exec.Command(words[0], words[1:]...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all.Write(out)
	}
	return all.String()
}

func (v variant) script(lines ...string) func(*testing.T) {
	return func(t *testing.T) { v.run(t, lines...) }
}

func (v variant) left(t *testing.T) string {
	t.Helper()
	return v.run(t, "V4 -S", "V6 -S", "ipset list -n")
}

// ourNames matches what jail "web" has, and not what jail "web6" has.
var ourNames = regexp.MustCompile(`(?m)gaol-web6?~?( |$)`)

func TestContractNFT(t *testing.T)    { testContract(t, nftVariant(t)) }
func TestContractLegacy(t *testing.T) { testContract(t, legacyVariant(t)) }

func testContract(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	ports := []action.Port{{First: 80, Last: 80}, {First: 443, Last: 443}, {First: 8000, Last: 8010}}
	actiontest.Test(t, actiontest.Suite{
		New: func(t *testing.T, jail string) action.Action {
			return v.newSet(t, action.Rule{Jail: jail, Ports: ports})
		},
		Timed:    true,
		Prefixes: true,
		Checks:   30,
		Dirt: map[string]func(*testing.T){
			"a set of another type":   v.script("ipset create gaol-web bitmap:port range 1-9"),
			"a set of another family": v.script("ipset create gaol-web hash:net family inet6", "ipset create gaol-web6 hash:net"),
			"sets without timeouts":   v.script("ipset create gaol-web hash:net", "ipset add gaol-web 192.0.2.7", "ipset create gaol-web6 hash:net family inet6 counters"),
			"a set of another type in use": v.script(
				"ipset create gaol-web hash:ip", "ipset add gaol-web 192.0.2.7", "V4 -N gaol-web", "V4 -A gaol-web -j DROP",
				"V4 -I INPUT -p tcp -m set --match-set gaol-web src -j gaol-web",
				"V4 -A FORWARD -m set --match-set gaol-web src -j gaol-web"),
			"a spare set": v.script("ipset create gaol-web~ bitmap:port range 1-9", "ipset create gaol-web hash:net"),
			"jumps in several places, twice": v.script(
				"V4 -N gaol-web", "V4 -A INPUT -j ACCEPT", "V4 -A INPUT -j gaol-web", "V4 -A INPUT -j gaol-web",
				"V4 -A OUTPUT -p udp -j gaol-web", "V6 -N gaol-web", "V6 -I INPUT -j gaol-web"),
			"a jump with a comment":    v.script("V4 -N gaol-web", "V4 -A INPUT -m comment --comment gaol's,\\u00a0\"quoted\" -j gaol-web"),
			"a chain with other rules": v.script("V4 -N gaol-web", "V4 -A gaol-web -j ACCEPT", "V4 -A gaol-web -j DROP"),
		},
		Damage: map[string]func(*testing.T){
			"all rules flushed":      v.script("V4 -F"),
			"all IPv6 rules flushed": v.script("V6 -F"),
			"a flushed chain":        v.script("V4 -F gaol-web"),
			"a removed jump":         v.script("V4 -D INPUT 1"),
			"removed rules and sets": v.script("V4 -F", "V4 -X", "V6 -F", "V6 -X", "ipset destroy"),
			"a rule of others in the jump's place": func(t *testing.T) {
				v.run(t, "V4 -R INPUT 1 -m set --match-set gaol-web src")
				t.Cleanup(func() { v.run(t, "V4 -F INPUT") })
			},
			"an appearing DOCKER-USER": func(t *testing.T) {
				v.run(t, "V4 -N DOCKER-USER")
				t.Cleanup(func() { v.run(t, "V4 -F DOCKER-USER", "V4 -X DOCKER-USER") })
			},
		},
		Empty: v.script("ipset flush gaol-web", "ipset flush gaol-web6"),
		Clean: func(t *testing.T) {
			if got := v.left(t); ourNames.MatchString(got) {
				t.Errorf("something is left:\n%s", got)
			}
			v.run(t, "V4 -F") // what the dirt has put beside ours
		},
	})
	if got := v.left(t); strings.Contains(got, "gaol") {
		t.Errorf("something is left:\n%s", got)
	}
}

func TestRulesNFT(t *testing.T)    { testRules(t, nftVariant(t)) }
func TestRulesLegacy(t *testing.T) { testRules(t, legacyVariant(t)) }

// testRules compares what iptables -S says with what is meant, which is also
// what Start compares with to leave rules alone.
func testRules(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	var many []action.Port
	for i := range 9 {
		many = append(many, action.Port{First: uint16(1000 + 10*i), Last: uint16(1001 + 10*i)})
	}
	tests := []struct {
		name   string
		rule   action.Rule
		before []string
		want   string
	}{
		{
			name: "one port",
			rule: action.Rule{Ports: []action.Port{{First: 22, Last: 22}}},
			want: `-N gaol-web
-A INPUT -p tcp -m multiport --dports 22 -m set --match-set gaol-web src -j gaol-web
-A gaol-web -j REJECT --reject-with icmp-port-unreachable
`,
		},
		{
			name: "dropped, udp, ports unsorted and overlapping",
			rule: action.Rule{Protocol: "udp", Block: action.Drop, Ports: []action.Port{{First: 90, Last: 80}, {First: 53, Last: 53}, {First: 85, Last: 95}}},
			want: `-N gaol-web
-A INPUT -p udp -m multiport --dports 53,80:95 -m set --match-set gaol-web src -j gaol-web
-A gaol-web -j DROP
`,
		},
		{
			name: "reset, two interfaces",
			rule: action.Rule{Block: action.Reset, Interfaces: []string{"wg*", "eth0"}, Ports: []action.Port{{First: 22, Last: 22}}},
			want: `-N gaol-web
-A INPUT -i eth0 -p tcp -m multiport --dports 22 -m set --match-set gaol-web src -j gaol-web
-A INPUT -i wg+ -p tcp -m multiport --dports 22 -m set --match-set gaol-web src -j gaol-web
-A gaol-web -p tcp -j REJECT --reject-with tcp-reset
-A gaol-web -j REJECT --reject-with icmp-port-unreachable
`,
		},
		{
			name: "no ports",
			rule: action.Rule{},
			want: `-N gaol-web
-A INPUT -m set --match-set gaol-web src -j gaol-web
-A gaol-web -j REJECT --reject-with icmp-port-unreachable
`,
		},
		{
			name:   "nine ranges, Docker",
			rule:   action.Rule{Ports: many},
			before: []string{"V4 -N DOCKER-USER"},
			want: `-N DOCKER-USER
-N gaol-web
-A INPUT -p tcp -m multiport --dports 1000:1001,1010:1011,1020:1021,1030:1031,1040:1041,1050:1051,1060:1061 -m set --match-set gaol-web src -j gaol-web
-A INPUT -p tcp -m multiport --dports 1070:1071,1080:1081 -m set --match-set gaol-web src -j gaol-web
` + func() string {
				var b strings.Builder
				for i := range 9 {
					fmt.Fprintf(&b, "-A DOCKER-USER -p tcp -m conntrack --ctorigdstport 10%d0:10%d1 --ctdir ORIGINAL -m set --match-set gaol-web src -j gaol-web\n", i, i)
				}
				return b.String()
			}() + "-A DOCKER-USER -p tcp -m conntrack --ctstate INVALID -m set --match-set gaol-web src -j gaol-web\n-A gaol-web -j REJECT --reject-with icmp-port-unreachable\n",
		},
		{
			name:   "chains of the user's",
			rule:   action.Rule{Ports: []action.Port{{First: 22, Last: 22}}, Chains: []string{"FORWARD", "mine"}},
			before: []string{"V4 -N mine", "V4 -A mine -j RETURN"},
			want: `-N gaol-web
-N mine
-A FORWARD -p tcp -m conntrack --ctorigdstport 22 --ctdir ORIGINAL -m set --match-set gaol-web src -j gaol-web
-A FORWARD -p tcp -m conntrack --ctstate INVALID -m set --match-set gaol-web src -j gaol-web
-A gaol-web -j REJECT --reject-with icmp-port-unreachable
-A mine -p tcp -m multiport --dports 22 -m set --match-set gaol-web src -j gaol-web
-A mine -j RETURN
`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v.run(t, "V4 -F", "V4 -X")
			v.run(t, tt.before...)
			tt.rule.Jail = "web"
			s := v.newSet(t, tt.rule)
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			check := func(when string) {
				t.Helper()
				if got := withoutPolicies(v.run(t, "V4 -S")); sorted(got) != sorted(tt.want) {
					t.Errorf("%s:\n%s\nwant:\n%s", when, got, tt.want)
				}
			}
			check("after Start")
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			check("after a second Start")
			if err := s.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := v.left(t); strings.Contains(got, "gaol") {
				t.Errorf("after Stop:\n%s", got)
			}
		})
	}
}

func TestPacketsNFT(t *testing.T)    { testPackets(t, nftVariant(t)) }
func TestPacketsLegacy(t *testing.T) { testPackets(t, legacyVariant(t)) }

func testPackets(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Packets(t, actiontest.PacketSuite{
		New:       func(t *testing.T, rule action.Rule) action.Action { return v.newSet(t, rule) },
		IPTables:  v.v4,
		IP6Tables: v.v6,
	})
}

func TestWithoutIP6Tables(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	v.v6 = "gaol-no-such-program"
	s := v.newSet(t, action.Rule{Jail: "web"})
	bans := []jail.Ban{actiontest.Ban("192.0.2.7", time.Hour), actiontest.Ban("2001:db8:0:7::/64", time.Hour)}
	if err := errors.Join(s.Start(t.Context()), s.Check(t.Context()), s.Ban(t.Context(), bans, time.Now())); err != nil {
		t.Fatal(err)
	}
	if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "IPv6 addresses are not banned") {
		t.Errorf("notes: %q", notes)
	}
	if missing, err := s.Missing(t.Context(), []netip.Prefix{bans[0].Prefix, bans[1].Prefix}); err != nil || len(missing) != 0 {
		t.Errorf("missing: %v, %v", missing, err)
	}
	if held, err := s.Holds(t.Context(), bans[1].Prefix); err != nil || held.Holds {
		t.Errorf("Holds: %+v, %v", held, err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestStartFails(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	s := v.newSet(t, action.Rule{Jail: "web", Chains: []string{"nowhere"}})
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "no chain [nowhere]") {
		t.Errorf("with a chain that is not there: %v", err)
	}
	if err := s.Ban(t.Context(), []jail.Ban{actiontest.Ban("192.0.2.7", 0)}, time.Now()); err == nil {
		t.Error("Ban after a failed Start: no error")
	}
	v.v4 = "gaol-no-such-program"
	if err := v.newSet(t, action.Rule{Jail: "web"}).Start(t.Context()); !errors.Is(err, iptables.ErrNoProgram) {
		t.Errorf("without iptables: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, rule := range map[string]action.Rule{
		"no jail":             {},
		"an unknown protocol": {Jail: "web", Protocol: "icmp"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := iptables.New(iptables.Options{Rule: rule}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestJailsSideBySideNFT(t *testing.T)    { testJailsSideBySide(t, nftVariant(t)) }
func TestJailsSideBySideLegacy(t *testing.T) { testJailsSideBySide(t, legacyVariant(t)) }

func testJailsSideBySide(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	v.run(t, "V4 -A INPUT -i lo -j ACCEPT", "V4 -A INPUT -p icmp -j ACCEPT")
	actiontest.SideBySide(t, 3, func(t *testing.T, jail string) action.Action {
		return v.newSet(t, action.Rule{Jail: jail, Ports: []action.Port{{First: 80, Last: 80}}})
	})
	want := "-A INPUT -i lo -j ACCEPT\n-A INPUT -p icmp -j ACCEPT\n"
	if got := withoutPolicies(v.left(t)); got != want {
		t.Errorf("left:\n%s\nwant:\n%s", got, want)
	}
}

func TestComesBackNFT(t *testing.T)    { testComesBack(t, nftVariant(t)) }
func TestComesBackLegacy(t *testing.T) { testComesBack(t, legacyVariant(t)) }

func testComesBack(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	a := v.newSet(t, action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}})
	actiontest.ComesBack(t, a, map[string]func(*testing.T){
		"flushed rules":          v.script("V4 -F", "V4 -X"),
		"emptied sets":           v.script("ipset flush"),
		"removed rules and sets": v.script("V4 -F", "V4 -X", "V6 -F", "V6 -X", "ipset destroy"),
	})
}
