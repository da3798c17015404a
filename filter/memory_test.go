package filter_test

import (
	"testing"

	"gaol/filter"
)

func TestMemory(t *testing.T) {
	f := compile(t, filter.Spec{Failregex: []string{`^x <HOST>$`}}, filter.Options{})
	taught, fresh := f.NewMatcher(), f.NewMatcher()
	if !taught.Memory().Equal(filter.Memory{}) {
		t.Error("a new matcher remembers something")
	}
	const open = "03-04-2026 04:05:06 x 192.0.2.1"
	taught.Match(line("03-30-2026 04:05:06 x 192.0.2.1"))
	if taught.Memory().Equal(fresh.Memory()) {
		t.Error("the order of day and month is not remembered")
	}
	fresh.Date(line("03-30-2026 04:05:06"))
	if fresh.Memory().Equal(filter.Memory{}) || fresh.Memory().Equal(taught.Memory()) {
		t.Error("what Date has seen and what Match has seen are not told apart")
	}
	fresh.Recall(taught.Memory())
	if got, want := fresh.Match(line(open)).Time, taught.Match(line(open)).Time; !fresh.Memory().Equal(taught.Memory()) || !got.Equal(want) {
		t.Errorf("dated %v, want %v", got, want)
	}
}

func TestStateful(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec filter.Spec
		want bool
	}{
		{"no session", django, false},
		{"session", sessionFilter, true},
		{"in prefregex", filter.Spec{Prefregex: `^<F-MLFID>\d+</F-MLFID>`, Failregex: []string{`<HOST>`}}, true},
		{"named group", filter.Spec{Failregex: []string{`(?P<mlfid>\d+) <HOST>`}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := compile(t, tt.spec, filter.Options{}).Stateful(); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// Without failures the verdicts are the same.
func TestVerdictsOnly(t *testing.T) {
	f := compile(t, sshd, filter.Options{})
	judge, whole := f.NewMatcher(), f.NewMatcher()
	judge.VerdictsOnly()
	for _, text := range scannedLog {
		got, want := judge.Match(line(text)), whole.Match(line(text))
		if got.Verdict != want.Verdict || got.Pattern != want.Pattern || got.Date != want.Date || got.Failure != nil {
			t.Errorf("%q: got %+v, want %+v without failure", text, got, want)
		}
	}
}
