package logtime_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/filter/logtime"
)

func TestPatterns(t *testing.T) {
	const at = "2026-03-10T21:31:23"
	tests := []struct {
		name, pattern, line, want, cut string // "" as want: no date
	}{
		{"plain", "%Y-%m-%d %H:%M:%S", "x 2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"fraction is kept", "%Y-%m-%d %H:%M:%S,%f", "2026-03-10 21:31:23,899 y", at + ".899Z", "2026-03-10 21:31:23,899"},
		{"anchored", "^%Y-%m-%d %H:%M:%S", "2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"anchored, but not there", "^%Y-%m-%d %H:%M:%S", "x 2026-03-10 21:31:23 y", "", ""},
		{"line start", "{^LN-BEG}%Y-%m-%d %H:%M:%S", "[[2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"line start, three characters", "{^LN-BEG}%Y-%m-%d %H:%M:%S", "[[[2026-03-10 21:31:23 y", "", ""},
		{"line start, a word", "{^LN-BEG}%Y-%m-%d %H:%M:%S", "x 2026-03-10 21:31:23 y", "", ""},
		{"boundary before", "%Y-%m-%d %H:%M:%S", "x2026-03-10 21:31:23 y", "", ""},
		{"boundary after", "%Y-%m-%d %H:%M:%S", "2026-03-10 21:31:23y", "", ""},
		{"no boundary before", "**%Y-%m-%d %H:%M:%S", "x2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"no boundary after", "%Y-%m-%d %H:%M:%ExS**", "2026-03-10 21:31:23y", at + "Z", "2026-03-10 21:31:23"},
		{"no boundaries", "{UNB}%Y-%m-%d %H:%M:%S", "x2026-03-10 21:31:23y", at + "Z", "2026-03-10 21:31:23"},
		{"brackets", `\[%d/%b/%Y:%H:%M:%S %z\]`, "h [10/Mar/2026:22:31:23 +0100] y", at + "Z", "[10/Mar/2026:22:31:23 +0100]"},
		{"names in any case", "^%A, %d %B %Y AT %H:%M:%S", "tuesday, 10 MARCH 2026 at 21:31:23 y", at + "Z", "tuesday, 10 MARCH 2026 at 21:31:23"},
		{"case counts without names", "^AT %Y-%m-%d %H:%M:%S", "at 2026-03-10 21:31:23 y", "", ""},
		{"dot", "^%Y.%m.%d %H:%M:%S", "2026-03/10 21:31:23 y", at + "Z", "2026-03/10 21:31:23"},
		{"percent sign", "^%%%Y-%m-%d %H:%M:%S", "%2026-03-10 21:31:23 y", at + "Z", "%2026-03-10 21:31:23"},
		{"strict codes", "^%ExY%Exm%Exd%ExH%ExM%ExS", "20260310213123 y", at + "Z", "20260310213123"},
		{"strict codes, one digit missing", "^%ExY-%Exm-%Exd %ExH:%ExM:%ExS", "2026-3-10 21:31:23 y", "", ""},
		{"short year", "^%y%m%d %H:%M:%S", "260310 21:31:23 y", at + "Z", "260310 21:31:23"},
		{"padded", "^%d.%m.%Y %k:%M:%S", " 3.03.2026  1:31:23 y", "2026-03-03T01:31:23Z", " 3.03.2026  1:31:23"},
		{"twelve hours", "^%Y-%m-%d %l:%M:%S %p", "2026-03-10  9:31:23 pm y", at + "Z", "2026-03-10  9:31:23 pm"},
		{"zone's name", "^%Y-%m-%d %H:%M:%S %Z", "2026-03-10 22:31:23 CET y", at + "Z", "2026-03-10 22:31:23 CET"},
		{"zone's name and offset", "^%Y-%m-%d %H:%M:%S %Exz", "2026-03-10 22:31:23 UTC+0100 y", at + "Z", "2026-03-10 22:31:23 UTC+0100"},
		{"unknown zone", "^%Y-%m-%d %H:%M:%S %Z", "2026-03-10 22:31:23 IST y", "", ""},
		{"several codes in one", "^%x %X", "03/10/26 21:31:23 y", at + "Z", "03/10/26 21:31:23"},
		{"date of ctime", "^%c", "Tue Mar 10 21:31:23 2026 y", at + "Z", "Tue Mar 10 21:31:23 2026"},
		{"no such day", "%Y-%m-%d %H:%M:%S", "2026-02-31 21:31:23 y", "", ""},

		{"optional part", "^%Y-%m-%d %H:%M:%S(?:,%f)?", "2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"optional part that is there", "^%Y-%m-%d %H:%M:%S(?:,%f)?", "2026-03-10 21:31:23,5 y", at + ".5Z", "2026-03-10 21:31:23,5"},
		{"own group", "^x (%Y-%m-%d) %H:%M:%S", "x 2026-03-10 21:31:23 y", at + "Z", "2026-03-10"},
		{"own group behind a code", `^%Y-(%m-%d) %H:%M:%S`, "2026-03-10 21:31:23 y", at + "Z", "2026"},
		{"named group", `^(?P<when>%Y-%m-%d %H:%M:%S)\s`, "2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"own group that took no part", `^(x )?%Y-%m-%d %H:%M:%S`, "2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"anything before", `^\S+ \S+ \[%Y-%m-%d %H:%M:%S\]`, "a b [2026-03-10 21:31:23] y", at + "Z", "a b [2026-03-10 21:31:23]"},
		{"class with a bracket", `^[][]%Y-%m-%d %H:%M:%S[]]`, "[2026-03-10 21:31:23] y", at + "Z", "[2026-03-10 21:31:23]"},
		{"class that negates", `^[^]\][:alpha:]]%Y-%m-%d %H:%M:%S`, "-2026-03-10 21:31:23 y", at + "Z", "-2026-03-10 21:31:23"},
		{"class with a percent sign", `^[%%\]]%Y-%m-%d %H:%M:%S`, "%2026-03-10 21:31:23 y", at + "Z", "%2026-03-10 21:31:23"},
		{"at most", `^x{,3}%Y-%m-%d %H:%M:%S`, "xx2026-03-10 21:31:23 y", at + "Z", "xx2026-03-10 21:31:23"},
		{"alternatives are not tied", `^x|%Y-%m-%d %H:%M:%S`, "y 2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"at the line's end", `%Y-%m-%d %H:%M:%S$`, "y 2026-03-10 21:31:23", at + "Z", "2026-03-10 21:31:23"},
		{"digits without separator", `^%Y%m%d-%H%M%S`, "20260310-213123 y", at + "Z", "20260310-213123"},
		{"expression at the line's start", `{^LN-BEG}%Y-%m-%d %H:%M:%S(?:,%f)?`, "[2026-03-10 21:31:23] y", at + "Z", "2026-03-10 21:31:23"},
		{"expression, boundary before", "%Y-%m-%d %H:%M:%S(?:,%f)?", "x2026-03-10 21:31:23 y", "", ""},
		{"expression in any case", "^(?:at )?%d %b %Y %H:%M:%S", "AT 10 mar 2026 21:31:23 y", at + "Z", "AT 10 mar 2026 21:31:23"},
		{"expression, unknown zone", "^%Y-%m-%d %H:%M:%S(?: %Z)", "2026-03-10 22:31:23 IST y", "", ""},

		{"epoch", "EPOCH", "[1773178283] y", at + "Z", "1773178283"},
		{"epoch in lower case", "epoch", "1773178283.5 y", at + ".5Z", "1773178283.5"},
		{"epoch, audit", "EPOCH", "x audit(1773178283.250:42) y", at + ".25Z", "1773178283.250"},
		{"epoch, not milliseconds", "EPOCH", "1773178283123 y", "", ""},
		{"epoch, tied", "^EPOCH", "[1773178283 y", "", ""},
		{"epoch, line start", "{^LN-BEG}EPOCH", "[1773178283 y", at + "Z", "1773178283"},
		{"long epoch, seconds", "LEPOCH", "1773178283 y", at + "Z", "1773178283"},
		{"long epoch, milliseconds", "LEPOCH", "1773178283123 y", at + ".123Z", "1773178283123"},
		{"long epoch, milliseconds and fraction", "LEPOCH", "1773178283123.5 y", at + ".1235Z", "1773178283123.5"},
		{"long epoch, microseconds", "LEPOCH", "1773178283123456 y", at + ".123456Z", "1773178283123456"},
		{"long epoch, nanoseconds", "LEPOCH", "1773178283123456789 y", at + ".123456789Z", "1773178283123456789"},
		{"epoch inside", `\|{EPOCH}\|`, "x |1773178283| y", at + "Z", "|1773178283|"},
		{"epoch inside an own group", `^x="({EPOCH})"`, `x="1773178283" y`, at + "Z", "1773178283"},
		{"epoch before an own group", `^{EPOCH} (x)`, `1773178283 x y`, at + "Z", "x"},
		{"long epoch inside", `"ts":{LEPOCH},`, `{"ts":1773178283123,"x":1}`, at + ".123Z", `"ts":1773178283123,`},
		{"TAI64N", "TAI64N", "@4000000069b08dab0ee6b280 y", at + ".25Z", "@4000000069b08dab0ee6b280"},
		{"TAI64N, tied", "^tai64n", "x @4000000069b08dab0ee6b280 y", "", ""},

		{"any usual form in brackets", `^<<{DATE}>>`, "<<2026-03-10 21:31:23>> y", at + "Z", "<<2026-03-10 21:31:23>>"},
		{"any usual form, another", `^<<{DATE}>>`, "<<10/Mar/2026:21:31:23 +0000>> y", at + "Z", "<<10/Mar/2026:21:31:23 +0000>>"},
		{"any usual form, but no brackets", `^<<{DATE}>>`, "2026-03-10 21:31:23 y", "", ""},
		{"any usual form, leftmost", `\[{DATE}\]`, `h - [20200101T000000Z] [10/Mar/2026:21:31:23 +0000] "[2020-01-01 00:00:00]"`, at + "Z", "[10/Mar/2026:21:31:23 +0000]"},
		{"any usual form, without colons", `\[{DATE}\]`, `h - [20260310T213123Z]`, at + "Z", "[20260310T213123Z]"},
		{"any usual form, TAI64N", `\[{DATE}\]`, `h - [@4000000069b08dab0ee6b280]`, at + ".25Z", "[@4000000069b08dab0ee6b280]"},
		{"any usual form, but none", `\[{DATE}\]`, `h - []`, "", ""},
		{"usual forms", "{DEFAULT}", "x 2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"usual forms at the start", "{^LN-BEG}", "[2026-03-10 21:31:23 y", at + "Z", "2026-03-10 21:31:23"},
		{"usual forms at the start alone", "{^LN-BEG}", "x 2026-03-10 21:31:23 y", "", ""},
		{"none", "{NONE}", "2026-03-10 21:31:23 y", "", ""},
		{"not a word of ours", "ISO8601", "2026-03-10 21:31:23 y", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFinder(t, time.UTC, tt.pattern)
			for range 2 {
				got, ok := f.Find(tt.line, now)
				if ok != (tt.want != "") {
					t.Fatalf("found is %v: %+v", ok, got)
				}
				if !ok {
					continue
				}
				if when := got.Time.Format(time.RFC3339Nano); when != tt.want {
					t.Errorf("time is %s, want %s", when, tt.want)
				}
				if cut := tt.line[got.Start:got.End]; cut != tt.cut {
					t.Errorf("cut is %q, want %q", cut, tt.cut)
				}
				if !strings.HasPrefix(tt.pattern, "{DEFAULT}") && tt.pattern != "{^LN-BEG}" && !strings.EqualFold(got.Template, tt.pattern) {
					t.Errorf("template is %s, want %s", got.Template, tt.pattern)
				}
			}
		})
	}
}

func TestSeveralPatterns(t *testing.T) {
	patterns := []string{"^%Y-%m-%d %H:%M:%S", "^%b %d %H:%M:%S", `at %H:%M`, `on %d\.%m\.%Y`, "{DEFAULT}"}
	tests := []struct{ name, line, template string }{
		{"first", "2026-03-10 21:31:23 at 21:31", patterns[0]},
		{"second", "Mar 10 21:31:23 at 21:31", patterns[1]},
		{"leftmost of what is not tied", "x on 10.03.2026 at 21:31", patterns[3]},
		{"leftmost of what is not tied, the other", "x at 21:31 on 10.03.2026", patterns[2]},
		{"the usual forms behind", "20260310 21:31:23 x", "%Y%m%d %H:%M:%S"},
		{"first again", "2026-03-10 21:31:23 x", patterns[0]},
	}
	f := newFinder(t, time.UTC, patterns...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := f.Find(tt.line, now); !ok || got.Template != tt.template {
				t.Errorf("found %v by %s, want %s", ok, got.Template, tt.template)
			}
		})
	}
}

func TestPatternErrors(t *testing.T) {
	tests := []struct {
		name, pattern, want string
		code                string
		position            int
	}{
		{"code of strptime(3)", "%b %e %H:%M:%S", `reading datepattern "%b %e %H:%M:%S": unknown code %e at position 4: did you mean %d?`, "%e", 4},
		{"code for several", "^%F %H:%M", `unknown code %F at position 2: did you mean %Y-%m-%d?`, "%F", 2},
		{"other case", "%Y-%J", `unknown code %J at position 4: did you mean %j?`, "%J", 4},
		{"several near", "%Y %K:%M", `unknown code %K at position 4: did you mean %k or %Exk?`, "%K", 4},
		{"strict sort of what has none", "%Y %ExU", `unknown code %ExU at position 4: did you mean %U?`, "%ExU", 4},
		{"flag of date(1)", "%Y-%-m", `unknown code %-m at position 4: did you mean %m or %Exm or %M or %ExM?`, "%-m", 4},
		{"modifier of strptime(3)", "%Oy", `unknown code %Oy at position 1: did you mean %Y or %ExY or %y or %Exy?`, "%Oy", 1},
		{"seconds since 1970", "%s", `unknown code %s at position 1: did you mean {EPOCH}?`, "%s", 1},
		{"percent sign of a file", "%Y %", `unknown code % at position 4: did you mean %%?`, "%", 4},
		{"position behind a doubled percent sign", "{^LN-BEG}%%e%e", `unknown code %e at position 13: did you mean %d?`, "%e", 13},
		{"position behind {DATE}", "^{DATE} %q", `unknown code %q at position 9: known are %Y %ExY`, "%q", 9},
		{"nothing near", "%q", `known are %Y %ExY %y %Exy %m`, "%q", 1},
		{"empty", " ", `it is empty`, "", 0},
		{"open class", "%Y[x", "missing closing ]", "", 0},
		{"open bracket", "(%Y", "missing closing )", "", 0},
		{"brackets the wrong way round", ")%Y(", "unexpected )", "", 0},
		{"nothing to repeat", "?", "missing argument to repetition operator", "", 0},
		{"look-ahead", "%Y(?=x)", "without looking ahead or back", "", 0},
		{"look-behind", "(?<=x)%Y", "without looking ahead or back", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := logtime.New(logtime.Options{Patterns: []string{"EPOCH", tt.pattern}})
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is\n%s\nwant\n%s", err, tt.want)
			}
			e, ok := errors.AsType[*logtime.PatternError](err)
			if !ok || e.Code != tt.code || e.Position != tt.position || e.Pattern != tt.pattern {
				t.Errorf("got %#v", e)
			}
			if ok && e.Code != "" && (len(e.Nearest) == 0 || slices.Contains(e.Nearest, "")) {
				t.Errorf("nothing is near %s: %q", e.Code, e.Nearest)
			}
		})
	}
}
