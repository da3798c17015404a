package config_test

import (
	"strings"
	"testing"
	"time"

	"gaol/config"
)

func TestParseTimezone(t *testing.T) {
	winter := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	summer := time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name           string
		zone           string
		winter, summer float64 // hours east of UTC
	}{
		{"a place", "Europe/Berlin", 1, 2},
		{"UTC", "UTC", 0, 0},
		{"no distance", "+00:00", 0, 0},
		{"an offset, east is positive", "+02:00", 2, 2},
		{"an offset without a colon", "+0200", 2, 2},
		{"an offset to the west", "-0730", -7.5, -7.5},
		{"an offset of hours", "+05", 5, 5},
		{"an offset behind UTC, as fail2ban writes it", "UTC+0200", 2, 2},
		{"an offset behind GMT, as fail2ban writes it", "GMT-0730", -7.5, -7.5},
		{"a name that has the sign of POSIX", "Etc/GMT-3", 3, 3},
		{"POSIX without daylight saving, east is negative", "UTC-2", 2, 2},
		{"POSIX, six hours east", "UTC-6", 6, 6},
		{"POSIX, six hours west", "UTC+6", -6, -6},
		{"POSIX, ten hours east", "AEST-10", 10, 10},
		{"POSIX with daylight saving, no rule", "EST5EDT", -5, -4},
		{"POSIX with daylight saving, ahead of UTC", "CET-1CEST", 1, 2},
		{"POSIX with a rule", "CET-1CEST,M3.5.0,M10.5.0/3", 1, 2},
		{"POSIX with a rule of the southern half", "AEST-10AEDT,M10.1.0,M4.1.0/3", 11, 10},
		{"POSIX with a quoted abbreviation", "<-03>3", -3, -3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			loc, err := config.ParseTimezone(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []struct {
				time  time.Time
				hours float64
			}{{winter, tt.winter}, {summer, tt.summer}} {
				if _, offset := at.time.In(loc).Zone(); float64(offset) != at.hours*3600 {
					t.Errorf("at %v: offset %d s, want %v h", at.time, offset, at.hours)
				}
			}
			conf := config.Load(write(t, map[string]string{"gaol.toml": "[jail.sshd]\ntimezone = '" + tt.zone + "'\n"}))
			if got := jailOf(t, conf, "sshd").Timezone; got == nil || got.String() != loc.String() {
				t.Errorf("in a jail it is %v, want %v", got, loc)
			}
		})
	}
	for _, zone := range []string{
		"", "+2", "+02:", "+25:00", "+02:60", "Europe/Brelin", "../../etc/passwd", "/etc/localtime", "UTC+02:00x",
		"UTC+", "5EST", "UTC-2\nX", "AAA100", "AAA1BBB100", "AB3",
	} {
		if loc, err := config.ParseTimezone(zone); err == nil {
			t.Errorf("%q is %v, want an error", zone, loc)
		}
	}
	if loc, err := config.ParseTimezone("Local"); loc != nil || err != nil {
		t.Errorf("Local is %v, %v", loc, err)
	}
}

// East for fail2ban and most people, west for POSIX, or the other way round.
func TestTimezoneWithTwoMeanings(t *testing.T) {
	for _, zone := range []string{"UTC+02:00", "UTC-02", "UTC+10", "GMT-03:30"} {
		_, err := config.ParseTimezone(zone)
		if hours := zone[4:]; err == nil || !strings.Contains(err.Error(), "write +"+hours+" for east of UTC or -"+hours+" for west") {
			t.Errorf("%q: got %v, want an error that says what to write", zone, err)
		}
	}
}

// Whatever is a zone lies within the bounds of POSIX, at any time of the year.
func FuzzParseTimezone(f *testing.F) {
	f.Add("EST5EDT")
	f.Add("CET-1CEST,M3.5.0,M10.5.0/3")
	f.Add("-07:30")
	f.Fuzz(func(t *testing.T, s string) {
		loc, err := config.ParseTimezone(s)
		if err != nil || loc == nil {
			return
		}
		for month := time.January; month <= time.December; month++ {
			const most = 25 * 60 * 60
			if _, offset := time.Date(1970, month, 1, 0, 0, 0, 0, time.UTC).In(loc).Zone(); offset <= -most || offset >= most {
				t.Errorf("%q: offset %d s", s, offset)
			}
		}
	})
}
