package filter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
)

func TestModes(t *testing.T) {
	spec := filter.Spec{
		Failregex: []string{`bad <HOST>`},
		Modes: map[string]filter.Mode{
			"aggressive": {Failregex: []string{`odd <HOST>`}, Ignoreregex: []string{`ours`}, Unless: []string{`fine$`}},
			"extra":      {Failregex: []string{`strange <HOST>`}},
		},
	}
	for _, mode := range []string{"", "normal"} {
		f := compile(t, spec, filter.Options{Mode: mode})
		if diff := cmp.Diff([]string{`bad <HOST>`}, f.Failregex()); diff != "" {
			t.Errorf("mode %q (-want +got):\n%s", mode, diff)
		}
	}

	f := compile(t, spec, filter.Options{Mode: "aggressive"})
	if diff := cmp.Diff([]string{`bad <HOST>`, `odd <HOST>`}, f.Failregex()); diff != "" {
		t.Errorf("failregex (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`ours`}, f.Ignoreregex()); diff != "" {
		t.Errorf("ignoreregex (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(f.Failregex(), f.Spec().Failregex); diff != "" {
		t.Errorf("Spec (-want +got):\n%s", diff)
	}
	if len(spec.Failregex) != 1 {
		t.Error("the spec itself was changed")
	}
	m := f.NewMatcher()
	for text, want := range map[string]filter.Verdict{
		"bad 192.0.2.1":       filter.Matched,
		"odd 192.0.2.1":       filter.Matched,
		"odd 192.0.2.1 fine":  filter.Missed,
		"odd 192.0.2.1 ours":  filter.Ignored,
		"strange 192.0.2.1":   filter.Missed,
		"ours, and no matter": filter.Ignored,
	} {
		if got := m.Match(line(text)).Verdict; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}

	_, err := filter.Compile(spec, filter.Options{Mode: "agressive"})
	if err == nil || !strings.Contains(err.Error(), "normal, aggressive, extra") {
		t.Errorf("unknown mode: %v, want the known ones", err)
	}
	if _, err := filter.Compile(filter.Spec{Failregex: []string{`<HOST>`}}, filter.Options{Mode: "x"}); err == nil {
		t.Error("a mode of a filter without modes is accepted")
	}
}

// A host in prefregex is enough, for every failregex.
func TestSubjectInPrefregex(t *testing.T) {
	f := compile(t, filter.Spec{
		Prefregex: `^<HOST>: <F-CONTENT>.*</F-CONTENT>$`,
		Failregex: []string{`^login failed for <F-USER>.*</F-USER>$`},
	}, filter.Options{})
	r := f.NewMatcher().Match(line("192.0.2.1: login failed for root"))
	if accused(r) != "192.0.2.1" || r.Failure.User != "root" {
		t.Errorf("got %+v", r.Failure)
	}
}

func TestDaemonsThatAreNoTags(t *testing.T) {
	for _, name := range []string{"app[", "app[7]", `app\`, "ap?"} {
		_, err := filter.Compile(filter.Spec{Daemon: []string{name}, Failregex: []string{`^<HOST>$`}}, filter.Options{})
		if err == nil || !strings.Contains(err.Error(), "write the tag as it stands in the log") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
