package daemon_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
)

func TestRefusedPacketsWithNFTables(t *testing.T) {
	t.Parallel()
	countRefused(t, "nftables", "", "nft flush ruleset")
}

func TestRefusedPacketsWithIPTables(t *testing.T) {
	t.Parallel()
	countRefused(t, "iptables", "iptables-nft", "iptables-nft -F; iptables-nft -X")
}

func TestRefusedPacketsWithLegacyIPTables(t *testing.T) {
	t.Parallel()
	countRefused(t, "iptables", "iptables-legacy", "iptables-legacy -F; iptables-legacy -X")
}

func TestRefusedPacketsWithRules(t *testing.T) {
	t.Parallel()
	countRefused(t, "iptables-rules", "iptables-nft", "iptables-nft -F; iptables-nft -X")
}

// countRefused has packets of both families refused, and compares what status and metrics say of them, through a reload and a
// loss of the rules.
func countRefused(t *testing.T, backend, iptables, lose string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "iptables-legacy", "ipset", "nft")
	server, bad := actiontest.Own(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"}, bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	server.Serve(t, "tcp", ":80")
	conf := oneJail("app", fmt.Sprintf("port = [80]\nbantime = \"1h\"\nbanaction = %q", backend))
	s := newSite(t, conf)
	path := os.Getenv("PATH")
	if iptables != "" {
		path = only(t, iptables, "ip6"+strings.TrimPrefix(iptables, "ip")) + ":" + path
	}
	s.start("PATH=" + path)
	for _, c := range clients {
		s.append("app.log", failures(5, c.address))
		s.waitBanned(c.address)
	}
	var last uint64
	// more waits until n packets more are counted, and no fewer than before at any time.
	more := func(what string, n uint64) {
		t.Helper()
		want := last + n
		s.wait(what, func() error {
			a := s.jail("app").Actions[0]
			if a.Packets == nil || a.Bytes == nil {
				return fmt.Errorf("not counted")
			}
			if *a.Packets < last || *a.Bytes < 40**a.Packets {
				t.Fatalf("%s: %d packets of %d bytes after %d", what, *a.Packets, *a.Bytes, last)
			}
			if last = *a.Packets; last < want {
				return fmt.Errorf("got %d packets, want %d", last, want)
			}
			return nil
		})
	}
	for _, c := range clients {
		refused(t, bad, c)
	}
	more("both families", 2)
	s.reload(strings.Replace(conf, "[80]", "[80, 443]", 1))
	refused(t, bad, clients[0])
	more("after a reload", 1)

	if out, err := exec.Command("sh", "-c", lose).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.wait("refused again", func() error {
		if _, err := bad.Ask("tcp", clients[0].server, 100*time.Millisecond); err == nil {
			return fmt.Errorf("served")
		}
		return nil
	})
	refused(t, bad, clients[0])
	more("after the rules were lost", 1)

	metrics := s.metrics()
	for _, want := range []string{"gaol_refused_packets_total", "gaol_refused_bytes_total"} {
		want += fmt.Sprintf("{action=%q,jail=\"app\"} ", backend)
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	s.stop()
}
