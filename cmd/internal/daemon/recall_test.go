package daemon

import (
	"errors"
	"log/slog"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/config"
	"gaol/jail"
	"gaol/jail/store"
)

// TestFirewallOfAJailThatCannotBegin checks that what has begun to enforce the bans of a jail while they were read is gone again
// if the jail has to stay out.
func TestFirewallOfAJailThatCannotBegin(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	now := time.Now()
	stored, err := store.Open(filepath.Join(t.TempDir(), "gaol.sqlite3"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stored.Close()
	ban := jail.Ban{Jail: "app", Prefix: netip.MustParsePrefix("203.0.113.1/32"), Start: now, End: now.Add(time.Hour), Count: 1, By: "jail"}
	if err := stored.Commit(t.Context(), store.Changes{Bans: []jail.Ban{ban}}); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	d := &Daemon{opts: Options{Now: time.Now, Logger: log}, bgCtx: t.Context(), store: stored}
	d.engine = &engine{log: log, events: newHub(), cells: map[string]*cell{}, problems: newProblems(log, func(string, string) {})}
	d.writer = newWriter(stored, func(string) {}, d.inForce)
	conf := config.Jail{
		Name: "app", Enabled: true, Enforce: true, BanAction: "nftables", Rule: action.Rule{Jail: "app"},
		MaxRetry: 5, FindTime: time.Minute, BanTime: time.Minute,
	}
	tr := &transition{Daemon: d, start: true, after: map[string][]func(){}, wishes: []wish{{Jail: conf}}}
	tr.recall(t.Context(), nil)
	w := tr.wishes[0]
	if err := w.cell.firewall.Sync(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if rules := ruleset(t); !strings.Contains(rules, "203.0.113.1") {
		t.Errorf("the ban is not in force once it is read:\n%s", rules)
	}
	w.err = errors.New("it can't be")
	d.mu.Lock()
	tr.jailLocked(w)
	d.mu.Unlock()
	tr.settle()
	if rules := ruleset(t); rules != "" {
		t.Errorf("left in the firewall:\n%s", rules)
	}
	if len(d.cells) > 0 || len(tr.reply.Problems) != 1 {
		t.Errorf("%d jails run, problems: %q", len(d.cells), tr.reply.Problems)
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
