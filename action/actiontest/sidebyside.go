package actiontest

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// SideBySide has four jails start, ban and stop, all at once and rounds times, and
// fails the test if one disturbs another.
func SideBySide(t *testing.T, rounds int, newAction func(t *testing.T, jail string) action.Action) {
	t.Helper()
	var jails sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprintf("web-%d", i)
		a := newAction(t, name)
		jails.Go(func() {
			for round := range rounds {
				if err := comeAndGo(t, a); err != nil {
					t.Errorf("jail %s, round %d: %v", name, round+1, err)
					return
				}
			}
		})
	}
	jails.Wait()
}

func comeAndGo(t *testing.T, a action.Action) error {
	bans := []jail.Ban{Ban("192.0.2.7", time.Hour), Ban("2001:db8:0:7::/64", time.Hour)}
	if err := a.Start(t.Context()); err != nil {
		return err
	}
	err := errors.Join(
		a.Ban(t.Context(), bans, time.Now()),
		a.(action.Checker).Check(t.Context()),
	)
	missing, missingErr := a.(action.Prober).Missing(t.Context(), []netip.Prefix{bans[0].Prefix, bans[1].Prefix})
	if len(missing) > 0 {
		err = errors.Join(err, fmt.Errorf("%v are missing", missing))
	}
	return errors.Join(err, missingErr, a.Stop(t.Context()))
}
