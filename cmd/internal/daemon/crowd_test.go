package daemon_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestCrowdIsAProblemWhileItLasts lets more hosts fail than a jail may track.
func TestCrowdIsAProblemWhileItLasts(t *testing.T) {
	s := newSite(t, oneJail("app", "maxhosts = 100\nfindtime = \"10m\""))
	s.run(nil)
	s.append("app.log", failures(4, "203.0.113.1"))
	s.waitFailures("app", 4)
	var crowd strings.Builder
	for i := range 500 {
		crowd.WriteString(failures(1, fmt.Sprintf("198.51.%d.%d", i/250, i%250)))
	}
	s.append("app.log", crowd.String())
	s.waitProblem("app", "maxhosts allows for, which is 100")
	if h := s.jail("app").Hosts; h.Current != 100 || h.Limit != 100 || h.Forgotten != 401 {
		t.Errorf("got %+v", h)
	}
	s.append("app.log", failures(1, "203.0.113.1"))
	s.waitDecided("203.0.113.1")

	s.reload(oneJail("app", "maxhosts = 1000"))
	s.wait("the problem is solved", func() error {
		if problems := s.jail("app").Problems; len(problems) > 0 {
			return fmt.Errorf("%q", problems)
		}
		return nil
	})
}
