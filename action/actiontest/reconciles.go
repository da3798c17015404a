package actiontest

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Reconciles has a Runner keep 50,000 bans in force with a, a firewall action. put has another program add
// 198.51.100.1 to its set, and take has it take 192.0.2.1 out. The test fails if either is so after twenty
// seconds, or if bans take longer than others do while all is compared.
func Reconciles(t *testing.T, a action.Action, put, take func(t *testing.T)) {
	t.Helper()
	losses := make(chan action.Loss, 16)
	r := action.NewRunner(action.RunnerOptions{
		Name: "firewall", Jail: "web", Action: a, Restored: func(l action.Loss) { losses <- l },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	defer func() {
		cancel()
		<-done
		if err := r.Stop(context.Background(), true); err != nil {
			t.Error(err)
		}
	}()
	bans := []jail.Ban{Ban("192.0.2.1", time.Hour)}
	for i := range 50_000 {
		bans = append(bans, Ban(netip.AddrFrom4([4]byte{10, 1 + byte(i>>16), byte(i >> 8), byte(i)}).String(), time.Hour))
	}
	r.Ban(bans)
	if err := r.Sync(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	n := 0
	ban := func() time.Duration {
		n++
		began := time.Now()
		r.Ban([]jail.Ban{Ban(fmt.Sprintf("172.16.%d.%d", n>>8&255, n&255), time.Hour)})
		if err := r.Sync(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		defer time.Sleep(time.Millisecond)
		return time.Since(began)
	}
	time.Sleep(3 * time.Second) // the comparison after the start is over, and another may begin
	var before, took []time.Duration
	for range 300 {
		before = append(before, ban())
	}
	put(t)
	take(t)
	var foreign, missing int
	for began := time.Now(); foreign == 0 || missing == 0; {
		// A comparison that took long, as on a busy machine, is not made again at once.
		if time.Since(began) > 5*time.Minute {
			t.Fatalf("after five minutes: %d foreign members were removed, %d bans put back", foreign, missing)
		}
		select {
		case l := <-losses:
			foreign += l.Foreign
			missing += l.Missing
			t.Logf("%s after the damage: %s", time.Since(began), l)
		default:
		}
		took = append(took, ban())
	}
	t.Logf("%d bans before: %s; %d bans meanwhile: %s", len(before), spread(before), len(took), spread(took))
	// The budget is 10 ms; a machine on which tests run side by side is several times as slow.
	// A ban that waited for the whole comparison would take seconds; a busy machine takes some time of its own.
	if p99 := took[(len(took)*99-1)/100]; p99 > time.Second {
		t.Errorf("99 %% of the bans took up to %s", p99)
	}
	kept := make([]netip.Prefix, 0, 1000)
	for _, b := range bans[:1000] {
		kept = append(kept, b.Prefix)
	}
	if gone, err := a.(action.Prober).Missing(t.Context(), kept); err != nil || len(gone) > 0 {
		t.Errorf("%d bans are missing: %v", len(gone), err)
	}
	alien := netip.MustParsePrefix("198.51.100.1/32")
	if gone, err := a.(action.Prober).Missing(t.Context(), []netip.Prefix{alien}); err != nil || len(gone) != 1 {
		t.Errorf("%s is still held: %v", alien, err)
	}
}
