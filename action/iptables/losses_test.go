package iptables_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
)

func (v variant) newAction(t *testing.T, rule action.Rule) action.Action { return v.newSet(t, rule) }

// restore feeds rules to iptables-restore.
func (v variant) restore(rules string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		cmd := exec.Command(strings.Replace(v.v4, "iptables", "iptables-restore", 1))
		if v.v4 == "iptables-nft" || v.v4 == "iptables-legacy" {
			cmd = exec.Command(v.v4+"-restore", "--wait=5")
		}
		cmd.Stdin = strings.NewReader(rules)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("iptables-restore: %v: %s", err, out)
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
		"iptables -F, -X":  v.script(remove...),
		"iptables -D jump": v.script("V4 -D INPUT 1" + wait),
		"iptables-restore": v.restore("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n-A INPUT -p udp -j ACCEPT\n-A FORWARD -j DOCKER-USER\nCOMMIT\n"),
		"ipset flush":      v.script("ipset flush"),
		"a container engine's restart": v.script("V4 -F DOCKER-USER"+wait, "V4 -D FORWARD -j DOCKER-USER"+wait, "V4 -X DOCKER-USER"+wait,
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

// asIPTables has the programs called iptables be those of v for whoever is started from now on.
func (v variant) asIPTables(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, program := range []string{v.v4, v.v6} {
		plain, flavour, _ := strings.Cut(program, "-")
		for _, suffix := range []string{"", "-restore", "-save"} {
			path, err := exec.LookPath(plain + "-" + flavour + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(path, filepath.Join(dir, plain+suffix)); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
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
