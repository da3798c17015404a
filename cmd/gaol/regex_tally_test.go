package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gaol/filter"
)

// Wherever a block of the log ends, patterns over several lines match, and lines that
// they use are not among the missed ones.
func TestTallyOverLines(t *testing.T) {
	const pairs = 20_000
	var log strings.Builder
	for i := range pairs {
		fmt.Fprintf(&log, "Mar 10 21:31:23 h app[1]: login %d\nMar 10 21:31:23 h cron[2]: %s\n", i, strings.Repeat("x", i%100))
		fmt.Fprintf(&log, "Mar 10 21:31:23 h app[1]: failed from 192.0.2.1\n")
	}
	for _, daemon := range [][]string{nil, {"app"}} {
		f, err := filter.Compile(filter.Spec{MaxLines: 3, Daemon: daemon, Failregex: []string{`login \d+<SKIPLINES>.*failed from <HOST>$`}}, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		tally := newTally(f, wants{})
		one := reading{tally: tally, cores: coresFor(f, wants{}), merged: func() {}}
		if err := one.read(t.Context(), strings.NewReader(log.String()), "log", time.Now()); err != nil {
			t.Fatal(err)
		}
		r := tally.report(0)
		if r.Lines != 3*pairs || r.Matched != 2*pairs || r.Missed != pairs || r.Failregex[0].Hits != pairs {
			t.Errorf("daemon %q: %d lines, %d matched, %d missed", daemon, r.Lines, r.Matched, r.Missed)
		}
		for _, missed := range tally.missed {
			if !strings.Contains(missed.Text, "cron") {
				t.Errorf("daemon %q: %q is among the missed", daemon, missed.Text)
			}
		}
	}
}

// A pattern that took too many steps is named, as text and in JSON.
func TestTallyRunaway(t *testing.T) {
	f, err := filter.Compile(filter.Spec{Fail2ban: true, Failregex: []string{`^(a+)+\1[bc] from <HOST>$`}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tally := newTally(f, wants{})
	one := reading{tally: tally, cores: 2, merged: func() {}}
	line := strings.Repeat("a", 1000) + " from 192.0.2.1\n"
	if err := one.read(t.Context(), strings.NewReader(line), "log", time.Now()); err != nil {
		t.Fatal(err)
	}
	r := tally.report(0)
	text := regexText{}
	shown := text.write(r, tally, triedFilter{name: "exploding"}, &logInput{})
	for _, said := range append(r.Problems, shown) {
		if !strings.Contains(said, `failregex 1 "^(a+)+\\1[bc] from <HOST>$" took too many steps`) || !strings.Contains(said, "(1 times)") {
			t.Errorf("said is %q", said)
		}
	}
	if len(r.Problems) != 1 {
		t.Errorf("problems are %q", r.Problems)
	}
}
