package daemon

import (
	"strings"
	"testing"
	"time"

	"gaol/action"
)

func TestLossesAreAProblemWhenTheyAreFrequent(t *testing.T) {
	var l losses
	at := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for range lossesAtMost {
		l.add(action.Loss{Restored: at, By: "nft"})
	}
	if got := l.problem(at); got != "" {
		t.Errorf("at the limit: %s", got)
	}
	l.add(action.Loss{Restored: at, By: "nft"})
	if got := l.problem(at.Add(time.Minute)); !strings.Contains(got, "another program (nft) keeps changing") {
		t.Errorf("above the limit: %q", got)
	}
	if got := l.problem(at.Add(11 * time.Minute)); got != "" {
		t.Errorf("later: %s", got)
	}
}
