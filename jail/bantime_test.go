package jail_test

import (
	"testing"
	"time"

	"gaol/jail"
	"gaol/jail/formula"
)

func TestBanTime(t *testing.T) {
	half := func() float64 { return 0.5 }
	for _, tt := range []struct {
		name string
		inc  jail.Increment
		base float64   // seconds
		want []float64 // by the number of earlier bans, from 0
	}{
		{"off", jail.Increment{Factor: 7, MaxTime: 1}, 600, []float64{600, 600, 600}},
		{"doubling", jail.Increment{Enabled: true}, 600, []float64{600, 1200, 2400, 4800, 9600, 19200}},
		{"up to a limit", jail.Increment{Enabled: true, MaxTime: time.Hour}, 600, []float64{600, 1200, 2400, 3600, 3600, 3600}},
		{"factor 2", jail.Increment{Enabled: true, Factor: 2}, 600, []float64{600, 2400, 4800, 9600, 19200, 38400}},
		{"factor 0.5 never shortens", jail.Increment{Enabled: true, Factor: 0.5}, 600, []float64{600, 600, 1200, 2400, 4800, 9600}},
		{"multipliers, the last one repeated", jail.Increment{Enabled: true, Multipliers: []int{1, 5, 30}}, 60, []float64{60, 300, 1800, 1800, 1800, 1800}},
		{"multipliers may shorten", jail.Increment{Enabled: true, Factor: 0.5, Multipliers: []int{1, 1}}, 60, []float64{60, 30, 30}},
		{"a limit below the base does not touch the first ban", jail.Increment{Enabled: true, MaxTime: time.Minute}, 600, []float64{600, 60, 60}},
		{"a random part on top of the limit, not for the first", jail.Increment{Enabled: true, MaxTime: time.Hour, RndTime: time.Minute}, 3000, []float64{3000, 3630, 3630}},
		{"a formula", jail.Increment{Enabled: true, Formula: formulaOf(t, "time * (1 + count)")}, 600, []float64{600, 1200, 1800, 2400}},
		{"a formula with a factor", jail.Increment{Enabled: true, Factor: 3, Formula: formulaOf(t, "time * factor")}, 600, []float64{600, 1800, 1800}},
		{"a formula up to a limit", jail.Increment{Enabled: true, MaxTime: time.Hour, Formula: formulaOf(t, "count < 2 ? time * 3 : 1d")}, 600, []float64{600, 1800, 3600}},
		{"a formula never shortens", jail.Increment{Enabled: true, Formula: formulaOf(t, "time / 2")}, 600, []float64{600, 600, 600}},
		{"a formula below zero", jail.Increment{Enabled: true, Formula: formulaOf(t, "-time * count")}, 600, []float64{600, 600, 600}},
		{"a formula without a number", jail.Increment{Enabled: true, Formula: formulaOf(t, "sqrt(-count)")}, 600, []float64{600, 600, 600}},
		{"a formula below all numbers", jail.Increment{Enabled: true, Formula: formulaOf(t, "log(0)")}, 600, []float64{600, 600, 600}},
		{"a formula above all numbers", jail.Increment{Enabled: true, MaxTime: time.Hour, Formula: formulaOf(t, "1 / 0")}, 600, []float64{600, 3600, 3600}},
		{"multipliers stand over a formula", jail.Increment{Enabled: true, Multipliers: []int{1, 2}, Formula: formulaOf(t, "1d")}, 600, []float64{600, 1200}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := time.Duration(tt.base * float64(time.Second))
			for earlier, seconds := range tt.want {
				want := time.Duration(seconds * float64(time.Second))
				if got := tt.inc.BanTime(base, earlier, half); got != want {
					t.Errorf("after %d bans: got %s, want %s", earlier, got, want)
				}
			}
		})
	}
}

func formulaOf(t *testing.T, text string) *formula.Formula {
	t.Helper()
	f, err := formula.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A ban that is longer than a time can say lasts more than a century, whatever makes it.
func TestBanTimeOverflow(t *testing.T) {
	for _, text := range []string{"1 / 0", "exp(700)", "time * pow(10, 20)"} {
		inc := jail.Increment{Enabled: true, Formula: formulaOf(t, text), RndTime: time.Hour}
		got := inc.BanTime(time.Hour, 1, func() float64 { return 0.999 })
		if got < 100*365*24*time.Hour {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

func TestBanTimeAtTheEdges(t *testing.T) {
	inc := jail.Increment{Enabled: true}
	if got := inc.BanTime(jail.Forever, 3, nil); got != jail.Forever {
		t.Errorf("got %s, want for ever", got)
	}
	if got, want := inc.BanTime(time.Second, 1000, nil), (1<<20)*time.Second; got != want {
		t.Errorf("got %s after 1000 bans, want %s", got, want)
	}
	if got := inc.BanTime(1e6*time.Hour, 1000, nil); got <= 0 {
		t.Errorf("got %s, want no overflow", got)
	}
}

func TestEarlierBansOfOtherJails(t *testing.T) {
	for _, tt := range []struct {
		overall bool
		want    time.Duration
	}{{false, time.Hour}, {true, 2 * time.Hour}} {
		opts := options()
		opts.MaxRetry, opts.Increment = 1, jail.Increment{Enabled: true, OverallJails: tt.overall}
		j := newJail(t, opts)
		other := jail.Ban{Jail: "other", Prefix: failed("192.0.2.6", noon).Prefix}
		j.Note(other)
		ban := j.Observe(failed("192.0.2.6", noon)).Ban
		j.Note(*ban) // its own is known already
		if got := ban.End.Sub(ban.Start); got != tt.want || ban.Count != 1 {
			t.Errorf("overall %t: got %s and ban %d, want %s and the first of the jail", tt.overall, got, ban.Count, tt.want)
		}
	}
}

func TestEarlierBansAreForgotten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before float64 // seconds after noon
		begin  func(j *jail.Jail)
		want   time.Duration // of the next ban, which doubles with each earlier one; 0: none is made
	}{
		{"over just then", 3600, func(j *jail.Jail) { j.Observe(failed("192.0.2.6", noon)) }, 2 * time.Hour},
		{"over before", 3601, func(j *jail.Jail) { j.Observe(failed("192.0.2.6", noon)) }, time.Hour},
		{"made longer by hand", 3601, func(j *jail.Jail) {
			j.Observe(failed("192.0.2.6", noon))
			j.Ban(prefix("192.0.2.6/32"), 2*time.Hour, noon)
		}, 2 * time.Hour},
		{"for ever, by hand", 1e9, func(j *jail.Jail) {
			j.Ban(prefix("192.0.2.6/32"), jail.Forever, noon)
			j.Pardon()
		}, 0}, // it is still in force
		{"of another jail", 3599, func(j *jail.Jail) {
			j.Note(jail.Ban{Jail: "web", Prefix: prefix("192.0.2.6/32"), Start: noon, End: at(3600)})
		}, 2 * time.Hour},
		{"of another jail, over before", 3601, func(j *jail.Jail) {
			j.Note(jail.Ban{Jail: "web", Prefix: prefix("192.0.2.6/32"), Start: noon, End: at(3600)})
		}, time.Hour},
		{"known since a restart", 60, func(j *jail.Jail) {
			j.Restore(nil, map[jail.Key]int{{Prefix: prefix("192.0.2.6/32")}: 4}, at(60))
		}, 16 * time.Hour},
		{"of others, known since a restart", 60, func(j *jail.Jail) {
			j.Restore(nil, map[jail.Key]int{{Prefix: prefix("192.0.2.6/32")}: 1}, at(60))
			j.RestoreOthers(map[jail.Key]int{{Prefix: prefix("192.0.2.6/32")}: 2}, at(60))
		}, 8 * time.Hour},
		{"known since a restart long ago", 61, func(j *jail.Jail) {
			j.Restore(nil, map[jail.Key]int{{Prefix: prefix("192.0.2.6/32")}: 4}, at(60))
		}, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := options()
			opts.MaxRetry, opts.Increment = 1, jail.Increment{Enabled: true, OverallJails: true}
			j := newJail(t, opts)
			tt.begin(j)
			j.ForgetEarlier(at(tt.before))
			out := j.Observe(failed("192.0.2.6", at(36_000)))
			switch {
			case tt.want == 0 && !out.AlreadyBanned:
				t.Errorf("got %+v, want it banned already", out)
			case tt.want > 0 && (out.Ban == nil || out.Ban.End.Sub(out.Ban.Start) != tt.want):
				t.Errorf("got %+v, want a ban for %s", out.Ban, tt.want)
			}
		})
	}
}
