package iptables_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/jail"
)

func (v variant) newAction(t *testing.T, rule action.Rule) action.Action { return v.newSet(t, rule) }

// restore feeds rules to iptables-restore.
func (v variant) restore(rules string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		cmd := exec.Command(v.v4+"-restore", "--wait=5")
		cmd.Stdin = strings.NewReader(rules)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("iptables-restore: %v: %s", err, out)
		}
	}
}

// anyway runs lines that may fail, as gaol can be quicker than they are: a chain to which it jumps again cannot be removed.
func (v variant) anyway(lines ...string) func(*testing.T) {
	return func(*testing.T) {
		for _, line := range lines {
			words := strings.Fields(strings.NewReplacer("V4", v.v4, "V6", v.v6).Replace(line))
			_ = exec.Command(words[0], words[1:]...).Run()
		}
	}
}

func TestLossesNFT(t *testing.T)    { testLosses(t, nftVariant(t)) }
func TestLossesLegacy(t *testing.T) { testLosses(t, legacyVariant(t)) }

func testLosses(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	v.run(t, "V4 -N DOCKER-USER", "V4 -A FORWARD -j DOCKER-USER")
	const wait = " -w 5"
	flush := []string{"V4 -F" + wait, "V6 -F" + wait}
	remove := append(flush, "V4 -X gaol-web"+wait, "V6 -X gaol-web"+wait)
	ways := map[string]func(*testing.T){
		"iptables -F":      v.script(flush...),
		"iptables -F, -X":  v.anyway(remove...),
		"iptables -D jump": v.script("V4 -D INPUT 1" + wait),
		"iptables-restore": v.restore("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n-A INPUT -p udp -j ACCEPT\n-A FORWARD -j DOCKER-USER\nCOMMIT\n"),
		"ipset flush":      v.script("ipset flush"),
		"a container engine's restart": v.anyway("V4 -F DOCKER-USER"+wait, "V4 -D FORWARD -j DOCKER-USER"+wait, "V4 -X DOCKER-USER"+wait,
			"V4 -N DOCKER-USER"+wait, "V4 -A FORWARD -j DOCKER-USER"+wait),
		"ipset destroy": func(t *testing.T) {
			// gaol may be quicker than the one who destroys.
			for {
				v.run(t, flush...)
				if exec.Command("ipset", "destroy", "gaol-web").Run() == nil {
					return
				}
			}
		},
	}
	// Rules that were restored over DOCKER-USER's jump are made again for the ways that need it.
	for name, do := range ways {
		if name == "iptables-restore" || name == "a container engine's restart" {
			continue
		}
		ways[name] = func(t *testing.T) {
			do(t)
			if strings.Contains(v.run(t, "V4 -S FORWARD"), "-j DOCKER-USER") {
				return
			}
			v.run(t, "V4 -A FORWARD -j DOCKER-USER"+wait)
		}
	}
	actiontest.Losses(t, v.newAction, ways)
}

func TestLossesFirewalldNFT(t *testing.T) { testLossesFirewalld(t, nftVariant(t)) }

func testLossesFirewalld(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	for _, backend := range []string{"nftables", "iptables"} {
		t.Run(backend, func(t *testing.T) {
			command := actiontest.StartFirewalld(t, backend)
			command(t, "--add-port=53/udp")
			command(t, "--runtime-to-permanent")
			actiontest.Losses(t, v.newAction, map[string]func(*testing.T){
				"firewalld reload":          func(t *testing.T) { command(t, "--reload") },
				"firewalld complete reload": func(t *testing.T) { command(t, "--complete-reload") },
			})
		})
	}
}

// TestFirewalldBesideManyJails has firewalld reload its rules, step by step, while eight jails put back what it removes.
func TestFirewalldBesideManyJails(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	command := actiontest.StartFirewalld(t, "iptables")
	var runners []*action.Runner
	for i := range 8 {
		name := fmt.Sprintf("jail-%c", 'a'+i)
		a := v.newAction(t, action.Rule{Jail: name, Protocol: "tcp", Ports: []action.Port{{First: 53, Last: 53}}})
		r := action.NewRunner(action.RunnerOptions{Name: "firewall", Jail: name, Action: a})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			<-done
			if err := r.Stop(context.Background(), true); err != nil {
				t.Error(err)
			}
		})
		r.Ban([]jail.Ban{actiontest.Ban("10.0.1.2", time.Hour)})
		if err := r.Sync(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		runners = append(runners, r)
	}
	rounds, _ := actiontest.Rounds()
	for range rounds {
		command(t, "--reload")
		command(t, "--complete-reload")
	}
	for i, r := range runners {
		led := func() bool {
			return r.Status().Healthy && strings.Contains(v.run(t, "V4 -w 5 -S INPUT"), fmt.Sprintf("-j gaol-jail-%c\n", 'a'+i))
		}
		for began := time.Now(); !led(); time.Sleep(50 * time.Millisecond) { // it looks by itself
			if time.Since(began) > 20*time.Second {
				t.Fatalf("after 20 seconds: %+v\n%s", r.Status(), v.run(t, "V4 -S INPUT"))
			}
		}
		t.Logf("%d reloads: put back %d times", 2*rounds, r.Status().Losses.Restored)
	}
}

func TestLossesUFW(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	command := actiontest.UFW(t)
	command(t, "allow", "53/udp")
	command(t, "--force", "enable")
	actiontest.Losses(t, v.newAction, map[string]func(*testing.T){
		"ufw reload": func(t *testing.T) { command(t, "reload") },
	})
}
