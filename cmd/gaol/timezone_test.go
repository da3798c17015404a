package main

import (
	"testing"
	"time"
)

func TestParseZone(t *testing.T) {
	winter := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	summer := time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name                   string
		zone                   string
		winterHour, summerHour int
	}{
		{"a place", "Europe/Berlin", 1, 2},
		{"UTC", "UTC", 0, 0},
		{"POSIX without daylight saving, west is positive", "UTC-2", 2, 2},
		{"POSIX with daylight saving, no rule", "EST5EDT", -5, -4},
		{"POSIX with daylight saving, ahead of UTC", "CET-1CEST", 1, 2},
		{"POSIX with a rule", "CET-1CEST,M3.5.0,M10.5.0/3", 1, 2},
		{"POSIX with a rule of the southern half", "AEST-10AEDT,M10.1.0,M4.1.0/3", 11, 10},
		{"POSIX with a quoted abbreviation", "<-03>3", -3, -3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			loc, err := parseZone(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []struct {
				time time.Time
				hour int
			}{{winter, tt.winterHour}, {summer, tt.summerHour}} {
				if _, offset := at.time.In(loc).Zone(); offset != at.hour*3600 {
					t.Errorf("at %v: offset %d s, want %d h", at.time, offset, at.hour)
				}
			}
		})
	}
	for _, zone := range []string{"", "Europe/Berlyn", "UTC+", "5EST", "UTC-2\nX", "AAA100", "AAA1BBB100", "../../etc/passwd", "AB3"} {
		if loc, err := parseZone(zone); err == nil {
			t.Errorf("parseZone(%q) = %v, want an error", zone, loc)
		}
	}
}

func FuzzParseZone(f *testing.F) {
	f.Add("EST5EDT")
	f.Add("CET-1CEST,M3.5.0,M10.5.0/3")
	f.Fuzz(func(t *testing.T, s string) {
		loc, err := parseZone(s)
		if err != nil {
			return
		}
		if _, offset := time.Unix(0, 0).In(loc).Zone(); offset <= -maxOffset || offset >= maxOffset {
			t.Errorf("parseZone(%q): offset %d s", s, offset)
		}
	})
}

func TestParseNow(t *testing.T) {
	berlin, err := parseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, in, want string }{
		{"RFC 3339", "2026-03-10T21:31:23Z", "2026-03-10T21:31:23Z"},
		{"RFC 3339 with a fraction and an offset", "2026-03-10T21:31:23.5+02:00", "2026-03-10T19:31:23.5Z"},
		{"a blank and no zone", "2026-03-10 21:31:23", "2026-03-10T20:31:23Z"},
		{"a day", "2026-03-10", "2026-03-09T23:00:00Z"},
		{"seconds since 1970", "1773178283", "2026-03-10T21:31:23Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseNow(tt.in, berlin)
			if err != nil {
				t.Fatal(err)
			}
			if text := got.UTC().Format(time.RFC3339Nano); text != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
	if _, err := parseNow("yesterday", berlin); err == nil {
		t.Error("parseNow(yesterday): want an error")
	}
}
