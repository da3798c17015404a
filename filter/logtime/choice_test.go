package logtime_test

import (
	"testing"
	"time"
)

func TestNoDate(t *testing.T) {
	tests := []struct{ name, line string }{
		{"empty", ""},
		{"priority alone", "<38>"},
		{"priority and version alone", "<38>1 "},
		{"no date", "host sshd[1]: Failed password for root from 192.0.2.6 port 22 ssh2"},
		{"31 February", "2026-02-31 21:31:23 x"},
		{"29 February of a common year", "2026-02-29 21:31:23 x"},
		{"30 February without year", "Feb 30 21:31:23 x"},
		{"31 April", "30 x Apr 31 21:31:23 x"},
		{"month 13", "2026-13-10 21:31:23 x"},
		{"month 0", "2026-00-10 21:31:23 x"},
		{"day 0", "2026-03-00 21:31:23 x"},
		{"hour 25", "2026-03-10 25:31:23 x"},
		{"hour 24", "2026-03-10 24:00:00 x"},
		{"minute 60", "2026-03-10 21:60:23 x"},
		{"second 60", "2026-03-10 21:31:60 x"},
		{"hour 0 of twelve", "Mar 10, 2026 0:31:23 AM x"},
		{"hour 13 of twelve", "Mar 10, 2026 13:31:23 PM x"},
		{"two separators", "2026-03/10 21:31:23 x"},
		{"inside a word", "x2026-03-10 21:31:23 x"},
		{"goes on as a word", "2026-03-10 21:31:23x"},
		{"zone goes on as a word", "2026-03-10T21:31:23Zulu"},
		{"cut off", "2026-03-10 21:31"},
		{"name of no one zone", "IST Mar 10 21:31:23 x"},
		{"epoch inside", "x 1773178283 y"},
		{"nine digits", "177317828 x"},
		{"twelve digits", "177317828312 x"},
		{"milliseconds", "1773178283123 x"},
		{"audit without number", "msg=audit(1773178283.250): x"},
		{"time inside", "x 21:31:23 y"},
		{"time in brackets", "[21:31:23] y"},
		{"hardware address", "00:11:22:33:44:55 x"},
		{"IPv6 address", "20:11:22::1 x"},
		{"TAI64N in capitals", "@4000000069B08DAB0EE6B280 x"},
		{"TAI64N, too short", "@4000000069b08dab0ee6b28 x"},
		{"TAI64N, too long", "@4000000069b08dab0ee6b2800 x"},
		{"TAI64N, nanoseconds", "@4000000069b08dabffffffff x"},
		{"year 1234", "1234-03-10 21:31:23 x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := newFinder(t, time.UTC).Find(tt.line, now); ok {
				t.Errorf("found %q in %q", tt.line[got.Start:got.End], tt.line)
			}
		})
	}
}

// TestChoice: what clients write into a line does not date it.
func TestChoice(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"date in the message", "Mar 10 21:31:23 host sshd[1]: Invalid user 2020-01-01 00:00:00 from 192.0.2.6", "Mar 10 21:31:23"},
		{"preferred form in the message", "260310 21:31:23 user '2020-01-01T00:00:00Z'", "260310 21:31:23"},
		{"behind a priority", "<38>Mar 10 21:31:23 host sshd[1]: Invalid user 2020-01-01 00:00:00", "Mar 10 21:31:23"},
		{"leftmost, neither at the start", "ERROR at 2026-03-10 21:31:23: user 2020-01-01 00:00:00", "2026-03-10 21:31:23"},
		{"leftmost, preferred form in the request", `192.0.2.6 - - [10/Mar/2026:21:31:23 +0000] "GET /2020-01-01T00:00:00Z"`, "10/Mar/2026:21:31:23 +0000"},
		{"compact date as user name", `192.0.2.6 - 20200101T000000Z [10/Mar/2026:21:31:23 +0000] "GET /"`, "10/Mar/2026:21:31:23 +0000"},
		{"TAI64N as user name", `192.0.2.6 - @4000000069b08dab0ee6b280 [10/Mar/2026:21:31:23 +0000] "GET /"`, "10/Mar/2026:21:31:23 +0000"},
		{"epoch as user name", `192.0.2.6 - 1773178283 [10/Mar/2026:21:31:23 +0000] "GET /"`, "10/Mar/2026:21:31:23 +0000"},
		{"audit", `type=X msg=audit(1773178283.250:42): acct="2020-01-01 00:00:00"`, "1773178283.250"},
		{"audit further right", `x 2026-03-10 21:31:23 audit(1773178283.250:42)`, "2026-03-10 21:31:23"},
		{"audit that is none", `x audit(177317828) 2026-03-10 21:31:23 y`, "2026-03-10 21:31:23"},
		{"times before the date", "1:2:3:4 x 5:6:7 at 2026-03-10 21:31:23 y", "2026-03-10 21:31:23"},
		{"compact date if there is no other", "x 20260310T213123Z y", "20260310T213123Z"},
		{"compact date behind many digits", "x 123456789012345678901234567890 20260310-213123 y", "20260310-213123"},
		{"TAI64N inside if there is no other", "x @@4000000069b08dab0ee6b280 y", "@4000000069b08dab0ee6b280"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFinder(t, time.UTC)
			// The second time with what the first left behind.
			for range 2 {
				got, ok := f.Find(tt.line, now)
				if cut := tt.line[got.Start:got.End]; !ok || cut != tt.want {
					t.Errorf("found %v %q, want %q", ok, cut, tt.want)
				}
			}
		})
	}
}

// TestMonthFirst: a log that has shown its order keeps it, and a client cannot
// change it.
func TestMonthFirst(t *testing.T) {
	f := newFinder(t, time.UTC)
	steps := []struct{ line, want string }{
		{"03-04-2026 04:05:06 x", "2026-04-03"},
		{"user: 03-30-2026 04:05:06 x", "2026-03-30"},
		{"03-04-2026 04:05:06 x", "2026-04-03"},
		{"03-30-2026 04:05:06 x", "2026-03-30"},
		{"03-04-2026 04:05:06 x", "2026-03-04"},
		{"30-03-2026 04:05:06 x", "2026-03-30"},
		{"03-04-2026 04:05:06 x", "2026-04-03"},
	}
	for _, step := range steps {
		got, ok := f.Find(step.line, now)
		if day := got.Time.Format(time.DateOnly); !ok || day != step.want {
			t.Errorf("%q is %s, want %s", step.line, day, step.want)
		}
	}
}

// TestZoneNames: fixed offsets, in summer too.
func TestZoneNames(t *testing.T) {
	tests := map[string]string{
		"UTC": "+00:00", "GMT": "+00:00", "WET": "+00:00", "Z": "+00:00", "CET": "+01:00", "WEST": "+01:00", "CEST": "+02:00",
		"EET": "+02:00", "SAST": "+02:00", "EEST": "+03:00", "MSK": "+03:00", "AST": "-04:00", "EST": "-05:00", "EDT": "-04:00",
		"CST": "-06:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "AKST": "-09:00",
		"HST": "-10:00", "JST": "+09:00", "KST": "+09:00", "HKT": "+08:00", "SGT": "+08:00", "AWST": "+08:00", "ACST": "+09:30",
		"AEST": "+10:00", "AEDT": "+11:00", "NZST": "+12:00", "NZDT": "+13:00", "NST": "-03:30", "A": "+01:00", "I": "+09:00", "K": "+10:00",
		"M": "+12:00", "N": "-01:00", "Y": "-12:00",
	}
	f := newFinder(t, time.UTC, "^%Y-%m-%d %H:%M:%S %ExZ")
	for name, offset := range tests {
		want, err := time.Parse(time.RFC3339, "2026-07-10T12:00:00"+offset)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := f.Find("2026-07-10 12:00:00 "+name+" x", now)
		if !ok || !got.Time.Equal(want) {
			t.Errorf("%s: found %v %s, want %s", name, ok, got.Time, want)
		}
	}
	for _, name := range []string{"IST", "BST", "XYZ", "J", "QQQQQ"} {
		if _, ok := f.Find("2026-07-10 12:00:00 "+name+" x", now); ok {
			t.Errorf("a date in the zone %s, which could be anywhere", name)
		}
	}
}
