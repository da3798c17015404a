package jail_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/jail"
)

// recidive is a jail that counts bans of others: three within a day, for a week.
func recidive(t *testing.T) *jail.Jail {
	return newJail(t, jail.Options{Name: "recidive", MaxRetry: 3, FindTime: 24 * time.Hour, BanTime: 7 * 24 * time.Hour})
}

func TestRelapse(t *testing.T) {
	single := jail.Ban{Jail: "sshd", Prefix: prefix("192.0.2.6/32"), Start: noon, End: at(600), Count: 2, Failures: 5, User: "root", By: "jail"}
	for _, tt := range []struct {
		name   string
		change func(*jail.Ban)
		ok     bool
	}{
		{"by a jail", func(*jail.Ban) {}, true},
		{"over when it was found out", func(b *jail.Ban) { b.End = at(1) }, true},
		{"a network that a jail counts by", func(b *jail.Ban) { b.Prefix = prefix("2001:db8::/64") }, true},
		{"by hand", func(b *jail.Ban) { b.By = "hand" }, false},
		{"of a network, by escalation", func(b *jail.Ban) { b.Prefix, b.By = prefix("192.0.2.0/24"), "escalation" }, false},
		{"of an id", func(b *jail.Ban) { b.Prefix, b.ID = netip.Prefix{}, "bob" }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := single
			tt.change(&b)
			f, ok := b.Relapse(at(5), false)
			if ok != tt.ok {
				t.Fatalf("ok is %t", ok)
			}
			if ok && (!f.Time.Equal(noon) || !f.Read.Equal(at(5)) || f.Prefix != b.Prefix || f.Host != b.Target() || f.User != "root") {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// A ban by recidive says which jails banned when, and runs from the last of these bans.
func TestRelapsesLeadToABan(t *testing.T) {
	j := recidive(t)
	var ban *jail.Ban
	for n, name := range []string{"sshd", "web", "sshd"} {
		when := noon.Add(time.Duration(n) * 10 * time.Hour)
		b := jail.Ban{Jail: name, Prefix: prefix("192.0.2.6/32"), Start: when, Count: 1 + n/2, Failures: 5, By: "jail"}
		f, _ := b.Relapse(when.Add(time.Second), false)
		ban = j.Observe(f).Ban
	}
	if ban == nil || !ban.Start.Equal(noon.Add(20*time.Hour)) || !ban.End.Equal(ban.Start.Add(7*24*time.Hour)) || ban.Failures != 3 {
		t.Fatalf("got %+v", ban)
	}
	stamp := func(hours int) string { return noon.Add(time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339) }
	want := []string{
		stamp(0) + " sshd banned 192.0.2.6 (ban 1, 5 failures)",
		stamp(10) + " web banned 192.0.2.6 (ban 1, 5 failures)",
		stamp(20) + " sshd banned 192.0.2.6 (ban 2, 5 failures)",
	}
	if diff := cmp.Diff(want, ban.Lines); diff != "" {
		t.Errorf("its lines (-want +got):\n%s", diff)
	}
}

// Bans that come of lines read late count by their own time, whenever they are read.
func TestRelapsesReadLate(t *testing.T) {
	j := recidive(t)
	var outs []string
	for n, hours := range []int{0, 30, 40, 50} {
		b := jail.Ban{Jail: "sshd", Prefix: prefix("192.0.2.6/32"), Start: noon.Add(time.Duration(hours) * time.Hour), Count: n + 1, By: "jail"}
		f, _ := b.Relapse(noon.Add(60*time.Hour), true)
		out := j.Observe(f)
		switch {
		case out.Ban != nil:
			outs = append(outs, "ban until "+out.Ban.End.Sub(noon).String())
		case out.Counted != nil:
			outs = append(outs, "counted")
		}
	}
	if got := strings.Join(outs, ", "); got != "counted, counted, counted, ban until 218h0m0s" {
		t.Errorf("got %s", got)
	}
}
