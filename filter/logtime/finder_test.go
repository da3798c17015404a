package logtime_test

import (
	"testing"
	"time"

	"gaol/filter/logtime"
)

// now is the moment at which the tests read their lines.
var now = time.Date(2026, 3, 10, 21, 31, 30, 0, time.UTC)

func newFinder(t testing.TB, location *time.Location, patterns ...string) *logtime.Finder {
	t.Helper()
	f, err := logtime.New(logtime.Options{Location: location, Patterns: patterns})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestUsualForms(t *testing.T) {
	const at = "2026-03-10T21:31:23"
	tests := []struct {
		name, line, want, cut, template string
	}{
		{"ISO, comma", "2026-03-10 21:31:23,899 ERROR Login failure 192.0.2.6", at + ".899Z", "2026-03-10 21:31:23,899", "%Y-%m-%d %H:%M:%S,%f"},
		{"ISO, dot", "2026-03-10 21:31:23.899123 x", at + ".899123Z", "2026-03-10 21:31:23.899123", "%Y-%m-%d %H:%M:%S.%f"},
		{"ISO, nanoseconds", "2026-03-10T21:31:23.123456789Z x", at + ".123456789Z", "2026-03-10T21:31:23.123456789Z", "%Y-%m-%dT%H:%M:%S.%f%z"},
		{"ISO, ten digits are no fraction", "2026-03-10T21:31:23.1234567890 x", at + "Z", "2026-03-10T21:31:23", "%Y-%m-%dT%H:%M:%S"},
		{"ISO, T and Z", "2026-03-10T21:31:23Z x", at + "Z", "2026-03-10T21:31:23Z", "%Y-%m-%dT%H:%M:%S%z"},
		{"ISO, offset with colon", "2026-03-10T22:31:23+01:00 h sshd[1]: x", at + "Z", "2026-03-10T22:31:23+01:00", "%Y-%m-%dT%H:%M:%S%z"},
		{"ISO, offset behind a blank", "2026-03-10 16:31:23 -0500 x", at + "Z", "2026-03-10 16:31:23 -0500", "%Y-%m-%d %H:%M:%S %z"},
		{"ISO, hours as offset", "2026-03-10 23:31:23,5+02 x", at + ".5Z", "2026-03-10 23:31:23,5+02", "%Y-%m-%d %H:%M:%S,%f%z"},
		{"ISO, UTC", "2026-03-10 21:31:23.899 UTC [123] LOG: x", at + ".899Z", "2026-03-10 21:31:23.899 UTC", "%Y-%m-%d %H:%M:%S.%f %z"},
		{"ISO, other zone names are text", "2026-03-10 21:31:23 CET [123] x", at + "Z", "2026-03-10 21:31:23", "%Y-%m-%d %H:%M:%S"},
		{"ISO, no such offset", "2026-03-10 21:31:23 -2026 x", at + "Z", "2026-03-10 21:31:23", "%Y-%m-%d %H:%M:%S"},
		{"ISO, in brackets", "[2026-03-10 21:31:23] x", at + "Z", "2026-03-10 21:31:23", "%Y-%m-%d %H:%M:%S"},
		{"ISO, short numbers", "2026-3-10 21:31:23 x", at + "Z", "2026-3-10 21:31:23", "%Y-%m-%d %H:%M:%S"},
		{"ISO, no gap", "2026-03-1021:31:23 x", at + "Z", "2026-03-1021:31:23", "%Y-%m-%d%H:%M:%S"},
		{"ISO, dots", "2026.03.10  21:31:23: x", at + "Z", "2026.03.10  21:31:23", "%Y.%m.%d  %H:%M:%S"},
		{"nginx error", "2026/03/10 21:31:23 [error] 7#7: *1 user", at + "Z", "2026/03/10 21:31:23", "%Y/%m/%d %H:%M:%S"},
		{"nginx access", `192.0.2.6 - - [10/Mar/2026:22:31:23 +0100] "GET / HTTP/1.1" 200`, at + "Z", "10/Mar/2026:22:31:23 +0100", "%d/%b/%Y:%H:%M:%S %z"},
		{"apache error", "[Tue Mar 10 21:31:23.123456 2026] [auth_basic:error] x", at + ".123456Z", "Tue Mar 10 21:31:23.123456 2026", "%a %b %d %H:%M:%S.%f %Y"},
		{"syslog", "Mar 10 21:31:23 host sshd[1]: x", at + "Z", "Mar 10 21:31:23", "%b %d %H:%M:%S"},
		{"syslog, padded day", "Mar  9 21:31:23 host sshd[1]: x", "2026-03-09T21:31:23Z", "Mar  9 21:31:23", "%b %d %H:%M:%S"},
		{"syslog, padded hour", "Mar 9  1:31:23 host sshd[1]: x", "2026-03-09T01:31:23Z", "Mar 9  1:31:23", "%b %d %H:%M:%S"},
		{"syslog, priority", "<38>Mar 10 21:31:23 host sshd[1]: x", at + "Z", "Mar 10 21:31:23", "%b %d %H:%M:%S"},
		{"RFC 5424", "<165>1 2026-03-10T21:31:23.003Z host app - ID47 - x", at + ".003Z", "2026-03-10T21:31:23.003Z", "%Y-%m-%dT%H:%M:%S.%f%z"},
		{"date(1)", "Tue Mar 10 21:31:23 2026 x", at + "Z", "Tue Mar 10 21:31:23 2026", "%a %b %d %H:%M:%S %Y"},
		{"full names", "tuesday march 10 21:31:23 x", at + "Z", "tuesday march 10 21:31:23", "%A %B %d %H:%M:%S"},
		{"year before the time", "Mar 10 2026 21:31:23: %ASA-6", at + "Z", "Mar 10 2026 21:31:23", "%b %d %Y %H:%M:%S"},
		{"day first, short year", "10/03/26 21:31:23 x", at + "Z", "10/03/26 21:31:23", "%d/%m/%y %H:%M:%S"},
		{"day first where either could be", "03/04/2026 04:05:06 x", "2026-04-03T04:05:06Z", "03/04/2026 04:05:06", "%d/%m/%Y %H:%M:%S"},
		{"day first with dashes, which has no fraction", "03-10-2026 21:31:23.25 x", "2026-10-03T21:31:23Z", "03-10-2026 21:31:23", "%d-%m-%Y %H:%M:%S"},
		{"month first", "03-30-2026 21:31:23.25 x", "2026-03-30T21:31:23.25Z", "03-30-2026 21:31:23.25", "%m-%d-%Y %H:%M:%S.%f"},
		{"day and month's name", "10 Mar 2026 21:31:23,899 WARN", at + ".899Z", "10 Mar 2026 21:31:23,899", "%d %b %Y %H:%M:%S,%f"},
		{"day and month's name, dashes", "10-Mar-2026 21:31:23.899 x", at + ".899Z", "10-Mar-2026 21:31:23.899", "%d-%b-%Y %H:%M:%S.%f"},
		{"month first and colon", "03/10/2026:21:31:23 x", at + "Z", "03/10/2026:21:31:23", "%m/%d/%Y:%H:%M:%S"},
		{"epoch", "1773178283 x", at + "Z", "1773178283", "EPOCH"},
		{"epoch, bracket and fraction", "[1773178283.250] x", at + ".25Z", "1773178283.250", "EPOCH"},
		{"audit", "type=USER_AUTH msg=audit(1773178283.250:42): pid=1", at + ".25Z", "1773178283.250", "EPOCH"},
		{"time alone", "21:31:23 x", at + "Z", "21:31:23", "%H:%M:%S"},
		{"angle brackets", "<03/10/26@21:31:23> x", at + "Z", "<03/10/26@21:31:23>", "<%m/%d/%y@%H:%M:%S>"},
		{"MySQL", "260310 21:31:23 [Note] x", at + "Z", "260310 21:31:23", "%y%m%d %H:%M:%S"},
		{"MySQL, padded hour", "260310  1:31:23 [Note] x", "2026-03-10T01:31:23Z", "260310  1:31:23", "%y%m%d  %H:%M:%S"},
		{"twelve hours", "Mar 10, 2026 9:31:23 PM x", at + "Z", "Mar 10, 2026 9:31:23 PM", "%b %d, %Y %I:%M:%S %p"},
		{"midnight of twelve hours", "Mar 10, 2026 12:31:23 am x", "2026-03-10T00:31:23Z", "Mar 10, 2026 12:31:23 am", "%b %d, %Y %I:%M:%S %p"},
		{"month's name and dashes", "Mar-10-26 21:31:23 x", at + "Z", "Mar-10-26 21:31:23", "%b-%d-%y %H:%M:%S"},
		{"compact", "20260310T213123Z x", at + "Z", "20260310T213123Z", "%Y%m%dT%H%M%S%z"},
		{"compact, colons", "20260310 21:31:23 x", at + "Z", "20260310 21:31:23", "%Y%m%d %H:%M:%S"},
		{"compact, dash", "20260310-213123.5 x", at + ".5Z", "20260310-213123.5", "%Y%m%d-%H%M%S.%f"},
		{"compact, digits only", "20260310213123 x", at + "Z", "20260310213123", "%Y%m%d%H%M%S"},
		{"zone's name first", "PDT Mar 10 14:31:23 x", at + "Z", "PDT Mar 10 14:31:23", "%Z %b %d %H:%M:%S"},
		{"offset first", "+01:00 Mar 10 22:31:23 x", at + "Z", "+01:00 Mar 10 22:31:23", "%z %b %d %H:%M:%S"},
		{"TAI64N", "@4000000069b08dab0ee6b280 x", at + ".25Z", "@4000000069b08dab0ee6b280", "TAI64N"},
		{"a level before the date", "ERROR Mar 10 21:31:23 x", at + "Z", "Mar 10 21:31:23", "%b %d %H:%M:%S"},
		{"inside the line", "app: at 2026-03-10 21:31:23 x", at + "Z", "2026-03-10 21:31:23", "%Y-%m-%d %H:%M:%S"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := newFinder(t, time.UTC).Find(tt.line, now)
			if !ok {
				t.Fatalf("no date in %q", tt.line)
			}
			if when := got.Time.Format(time.RFC3339Nano); when != tt.want {
				t.Errorf("time is %s, want %s", when, tt.want)
			}
			if cut := tt.line[got.Start:got.End]; cut != tt.cut {
				t.Errorf("cut is %q, want %q", cut, tt.cut)
			}
			if got.Template != tt.template {
				t.Errorf("template is %s, want %s", got.Template, tt.template)
			}
		})
	}
}
