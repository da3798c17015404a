package jail_test

import (
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// weighing is f of another weight.
func weighing(weight int, f filter.Failure) filter.Failure {
	f.Weight = weight
	return f
}

func TestWeights(t *testing.T) {
	type failure struct {
		seconds float64
		weight  int
	}
	for _, tt := range []struct {
		name     string
		failures []failure
		// banned is the index of the failure that leads to a ban, -1 for none; n is how many it tells of.
		banned, n int
	}{
		{"the sum is enough", []failure{{0, 3}, {1, 2}}, 1, 5},
		{"the sum is one short", []failure{{0, 3}, {1, 1}}, -1, 0},
		{"more than enough", []failure{{0, 4}, {1, 3}}, 1, 7},
		{"one alone", []failure{{0, 5}}, 0, 5},
		{"one that is more than enough", []failure{{0, 100}}, 0, 100},
		{"none given is one", []failure{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}}, 4, 5},
		{"the heavy one has left the window", []failure{{0, 4}, {600.5, 1}}, -1, 0},
		{"the heavy one is exactly findtime away", []failure{{0, 4}, {600, 1}}, 1, 5},
		{"a late one", []failure{{30, 2}, {0, 3}}, 1, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newJail(t, options())
			banned, n := -1, 0
			for i, f := range tt.failures {
				line := weighing(f.weight, failed("192.0.2.6", at(f.seconds)))
				line.Read = at(max(f.seconds, 30))
				if out := j.Observe(line); out.Ban != nil && banned < 0 {
					banned, n = i, out.Ban.Failures
				}
			}
			if banned != tt.banned || n != tt.n {
				t.Errorf("banned by failure %d for %d, want %d for %d", banned, n, tt.banned, tt.n)
			}
		})
	}
}

func TestWeightsOfIDs(t *testing.T) {
	j := newJail(t, options())
	f := weighing(4, filter.Failure{ID: "eve", Time: noon, Read: noon})
	if out := j.Observe(f); out.Counted == nil || out.Counted.Weight != 4 || out.Counted.ID != "eve" {
		t.Fatalf("got %+v", out)
	}
	if out := j.Observe(weighing(1, f)); out.Ban == nil || out.Ban.Failures != 5 || out.Ban.ID != "eve" {
		t.Errorf("got %+v, want a ban", out)
	}
}

func TestWeightsAreCountedEverywhere(t *testing.T) {
	j := newJail(t, options())
	j.Observe(weighing(3, failed("192.0.2.6", noon)))
	if c := j.Counts(); c.FailuresCurrent != 3 || c.FailuresTotal != 3 || c.Hosts != 1 {
		t.Errorf("got %+v", c)
	}
	if s := j.About(jail.Key{Prefix: prefix("192.0.2.6/32")}, at(0)); s.Failures != 3 || len(s.Kept) != 1 || s.Kept[0].Weight != 3 {
		t.Errorf("got %+v", s)
	}
	if gone := j.Unban(prefix("192.0.2.6/32")); len(gone.Forgotten) != 1 || gone.Forgotten[0].Failures != 3 {
		t.Errorf("got %+v", gone)
	}
}

// Each line of evidence is kept once, however much it weighs, and as many of them as without weights.
func TestEvidenceOfHeavyFailures(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.MaxMatches = 9, 2
	j := newJail(t, opts)
	for i, text := range []string{"one", "two", "three"} {
		f := weighing(3, failed("192.0.2.6", at(float64(i))))
		f.Lines = []string{text}
		out := j.Observe(f)
		if i < 2 {
			continue
		}
		if out.Ban == nil || len(out.Ban.Lines) != 2 || out.Ban.Lines[0] != "two" || out.Ban.Lines[1] != "three" {
			t.Errorf("got %+v, want the last two lines", out.Ban)
		}
	}
}

// Heavy failures must not make a jail keep more of a host than light ones do.
func TestHeavyFailuresTakeNoMoreRoom(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.FindTime = 200, time.Second
	j := newJail(t, opts)
	most := 0
	for n := range 2000 {
		// Just too slow for a ban: 198 in any second.
		if out := j.Observe(weighing(99, failed("192.0.2.6", at(float64(n)*0.501)))); out.Ban != nil {
			t.Fatalf("banned at %d", n)
		}
		most = max(most, j.Counts().FailuresCurrent)
	}
	if bound := 62 * 199; most > bound {
		t.Errorf("%d failures kept of one host, want at most %d", most, bound)
	}
}

// A host whose windows are all full but for one failure must be judged by every one of them:
// what is kept is exactly enough.
func TestFullWindowsOnBothSidesOfALateFailure(t *testing.T) {
	opts := options()
	opts.MaxRetry = 100
	j := newJail(t, opts)
	observe := func(seconds float64, n int) (out jail.Outcome) {
		for range n {
			out = j.Observe(old("192.0.2.6", seconds))
		}
		return out
	}
	observe(-2000, 99)
	if out := observe(-800, 99); out.Expired != nil || out.Ban != nil {
		t.Fatalf("got %+v, want no ban yet", out)
	}
	if out := observe(-1400, 1); out.Ban == nil || out.Ban.Failures != 100 || !out.Ban.Start.Equal(at(-800)) {
		t.Errorf("got %+v, want a ban from the latest window", out)
	}
	j = newJail(t, opts)
	observe(-2000, 99)
	observe(-799, 99)
	if out := observe(-1400, 1); out.Ban == nil || out.Ban.Failures != 100 || !out.Ban.Start.Equal(at(-1400)) {
		t.Errorf("got %+v, want a ban from the window before", out)
	}
}

// What may still matter stays, however many they are, when a reload asks for fewer.
func TestFewerFailuresAfterAReloadForgetNothingThatMatters(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.MaxMatches = 100, 5
	j := newJail(t, opts)
	for n := range 60 {
		j.Observe(old("192.0.2.6", -1150+float64(n)))
	}
	opts.MaxRetry = 3
	if err := j.Reconfigure(opts, noon); err != nil {
		t.Fatal(err)
	}
	if out := j.Observe(old("192.0.2.6", 0)); out.Ban != nil {
		t.Errorf("got %+v, want no ban for one", out.Ban)
	}
	if out := j.Observe(old("192.0.2.6", -590)); out.Ban == nil || out.Ban.Failures != 61 {
		t.Errorf("got %+v, want a ban for all of them", out.Ban)
	}
}

// A reload that asks for fewer failures judges what comes from then on, not the past.
func TestFewerFailuresAfterAReloadDoNotJudgeThePast(t *testing.T) {
	opts := options()
	j := newJail(t, opts)
	for s := range 4 {
		j.Observe(failed("192.0.2.6", at(float64(s))))
	}
	opts.MaxRetry = 3
	if err := j.Reconfigure(opts, at(10)); err != nil {
		t.Fatal(err)
	}
	if out := j.Observe(failed("192.0.2.6", at(650))); out.Ban != nil {
		t.Errorf("got %+v, want no ban for what lies far apart", out.Ban)
	}
	if out := j.Observe(failed("192.0.2.6", at(651))); out.Ban != nil {
		t.Errorf("got %+v, want no ban for two", out.Ban)
	}
	if out := j.Observe(failed("192.0.2.6", at(652))); out.Ban == nil || out.Ban.Failures != 3 {
		t.Errorf("got %+v, want a ban for three", out)
	}
}
