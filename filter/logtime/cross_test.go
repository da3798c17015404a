package logtime_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gaol/filter/logtime"
)

// layouts are the usual forms in the words of package time, apart from those
// without a year.
var layouts = []string{
	"2006-01-02 15:04:05", "2006-01-02 15:04:05.000", "2006-01-02 15:04:05,000000", "2006/01/02 15:04:05", "2006.01.02  15:04:05",
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.000000Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05,999999999-07",
	"2006-1-2 15:04:05",
	"Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 2006", "Mon Jan 02 15:04:05.000000 2006", "Monday January 2 15:04:05 2006",
	"Jan 2 2006 15:04:05", "Mon Jan 2 2006 15:04:05.000",
	"2/1/2006 15:04:05", "02-01-06 15:04:05",
	"02/Jan/2006:15:04:05 -0700", "2 Jan 2006 15:04:05", "02-Jan-2006 15:04:05.000", "02 January 2006 15:04:05,000",
	"01/02/2006:15:04:05",
	"<01/02/06@15:04:05>", "060102 15:04:05", "Jan 2, 2006 3:04:05 PM", "Jan-02-06 15:04:05",
	"20060102T150405Z0700", "20060102 15:04:05", "20060102-150405.000", "20060102150405",
}

// randomTime has nanoseconds.
func randomTime(r *rand.Rand, location *time.Location) time.Time {
	from, until := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC)
	return time.Unix(from.Unix()+r.Int64N(until.Unix()-from.Unix()), r.Int64N(1e9)).In(location)
}

func TestAgainstTimeParse(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	zones := []*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", -9*3600-1800), time.FixedZone("", 12*3600+45*60)}
	f := newFinder(t, time.UTC)
	for n := range 10000 {
		layout := layouts[n%len(layouts)]
		location := zones[r.IntN(len(zones))]
		if strings.HasSuffix(layout, "-07") {
			location = time.UTC
		}
		text := randomTime(r, location).Format(layout)
		want, err := time.Parse(layout, text)
		if err != nil {
			t.Fatal(err)
		}
		if want.Year() < 2000 {
			want = want.AddDate(100, 0, 0) // two digits: package time has 69 to 99 in the 20th century
		}
		line := text + " host sshd[1]: x"
		got, ok := f.Find(line, now)
		if !ok || !got.Time.Equal(want) || got.Start != 0 || got.End != len(text) {
			t.Fatalf("%q: found %v %+v, want %s", text, ok, got, want)
		}
	}
}

// TestAgainstExpressions holds the hand-written readers against the expressions
// that {DATE} stands for, on dates in which one byte was changed at random.
func TestAgainstExpressions(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	byHand := newFinder(t, time.UTC)
	byExpression := newFinder(t, time.UTC, "^{DATE}")
	const bytes = "0123456789 :-/.,TZ+Jan"
	same := 0
	for n := range 5000 {
		text := []byte(randomTime(r, time.UTC).Format(layouts[n%len(layouts)]))
		text[r.IntN(len(text))] = bytes[r.IntN(len(bytes))]
		line := string(text) + " x"
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "0 ") {
			continue // a blank before the day is cut by %d, not by hand
		}
		got, ok := byHand.Find(line, now)
		if ok && got.Start > 0 {
			continue // found, but not tied to the first byte
		}
		want, wanted := byExpression.Find(line, now)
		if ok != wanted || ok && (!got.Time.Equal(want.Time) || got.End != want.End) {
			t.Errorf("%q: by hand %v %+v, by expression %v %+v", line, ok, got, wanted, want)
		}
		if ok {
			same++
		}
	}
	if same < 500 {
		t.Errorf("only %d of the changed dates are dates", same)
	}
}

// TestTemplatesAreTrue: what Template names, used as a pattern, finds
// the same date.
func TestTemplatesAreTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	usual := newFinder(t, time.UTC)
	finders := map[string]*logtime.Finder{}
	for n := range 2000 {
		line := randomTime(r, time.UTC).Format(layouts[n%len(layouts)]) + " x"
		want, ok := usual.Find(line, now)
		if !ok {
			t.Fatalf("no date in %q", line)
		}
		f := finders[want.Template]
		if f == nil {
			f = newFinder(t, time.UTC, "^"+want.Template)
			finders[want.Template] = f
		}
		got, ok := f.Find(line, now)
		if !ok || !got.Time.Equal(want.Time) || got.End != want.End {
			t.Errorf("%q by %s: found %v %+v, want %+v", line, want.Template, ok, got, want)
		}
	}
}

// TestPlainAgainstExpressions holds patterns that are read by hand against the
// same with an empty group, which makes a regular expression of them.
func TestPlainAgainstExpressions(t *testing.T) {
	patterns := map[string]string{
		"^%Y-%m-%d %H:%M:%S,%f":               "2006-01-02 15:04:05,000",
		"{^LN-BEG}%ExY-%Exm-%Exd %k:%M:%S %z": "2006-01-02 15:04:05 -0700",
		`\[%d/%b/%Y:%H:%M:%S %z\]`:            "x [02/Jan/2006:15:04:05 -0700]",
		"at %ExY.%Exm.%Exd %I:%M %p":          "at 2006-01-02 03:04 PM",
		"**%A %B %d %H:%M:%ExS %Y**":          "xMonday January 2 15:04:05 2006y",
		"%c":                                  "x Mon Jan 02 15:04:05 2006",
		"%Y%j":                                "2006002",
		"%H:%M:%S %Exz":                       "15:04:05 MST-0700",
	}
	r := rand.New(rand.NewPCG(7, 8))
	const bytes = "0123456789 :-/.,TZ+Jan[]x"
	for pattern, layout := range patterns {
		byHand := newFinder(t, time.UTC, pattern)
		body, open := strings.CutSuffix(pattern, "**")
		expression := body + "(?:)"
		if open {
			expression += "**"
		}
		byExpression := newFinder(t, time.UTC, expression)
		for n := range 1000 {
			text := []byte(randomTime(r, time.UTC).Format(layout) + " x")
			if n > 100 {
				text[r.IntN(len(text))] = bytes[r.IntN(len(bytes))]
			}
			line := string(text)
			got, ok := byHand.Find(line, now)
			want, wanted := byExpression.Find(line, now)
			if n < 100 && !ok {
				t.Errorf("%q: no date in %q", pattern, line)
			}
			if ok != wanted || !got.Time.Equal(want.Time) || got.Start != want.Start || got.End != want.End {
				t.Errorf("%q in %q: by hand %v %+v, by expression %v %+v", pattern, line, ok, got, wanted, want)
			}
		}
	}
}

// TestLinear: a line made to be slow takes no longer for its length than
// others. The bound is loose; quadratic time would miss it by far.
func TestLinear(t *testing.T) {
	const size = 1 << 17
	for _, unit := range []string{"1", "1:1:1 ", "1:1:", "20260101", "2026-01-01 ", "Jan 1 1:1:", "@", "audit(", "@4000000069b08dab", " ", "+01:00 Jan 1 ", "1/1/", "audit(1773178283.1:"} {
		for _, patterns := range [][]string{nil, {"%d/%b/%Y %H:%M:%S"}, {"EPOCH"}, {"x %Y"}} {
			f := newFinder(t, time.UTC, patterns...)
			line := "x" + strings.Repeat(unit, size/len(unit))
			start := time.Now()
			f.Find(line, now)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("a line of %q took %s", unit, took)
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	lines := []string{
		"2026-03-10 21:31:23,899 x", "Mar 10 21:31:23 host sshd[1]: x", `h - - [10/Mar/2026:22:31:23 +0100] "GET /"`, "1773178283.25 x",
		"@4000000069b08dab0ee6b280 x", "21:31:23 x", "no date", "2026-02-31 21:31:23 x", "IST Mar 10 21:31:23 x", "20260310T213123Z x",
	}
	for _, patterns := range [][]string{nil, {`\[%d/%b/%Y:%H:%M:%S %z\]`, "^%Y-%m-%d %H:%M:%S,%f", "LEPOCH", "TAI64N"}} {
		f := newFinder(t, time.UTC, patterns...)
		find := func() {
			for _, line := range lines {
				f.Find(line, now)
			}
		}
		if n := testing.AllocsPerRun(10, find); n != 0 {
			t.Errorf("%v allocations with %q", n, patterns)
		}
	}
}
