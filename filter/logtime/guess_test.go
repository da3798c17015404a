package logtime_test

import (
	"testing"
	"time"
)

func TestGuesses(t *testing.T) {
	tests := []struct {
		name, now, line, want string // "" as want: no date
		patterns              []string
	}{
		{"this year", "2026-03-10T21:31:30Z", "Mar 10 21:31:23 x", "2026-03-10T21:31:23Z", nil},
		{"last year's December", "2026-01-01T00:00:05Z", "Dec 31 23:59:58 x", "2025-12-31T23:59:58Z", nil},
		{"next year's January", "2025-12-31T23:59:58Z", "Jan  1 00:00:02 x", "2026-01-01T00:00:02Z", nil},
		{"next year, but too far ahead", "2025-12-31T23:59:58Z", "Jan  2 00:00:02 x", "2025-01-02T00:00:02Z", nil},
		{"24 hours ahead", "2026-03-10T12:00:00Z", "Mar 11 12:00:00 x", "2026-03-11T12:00:00Z", nil},
		{"a second more", "2026-03-10T12:00:00Z", "Mar 11 12:00:01 x", "2025-03-11T12:00:01Z", nil},
		{"eleven months old", "2026-03-10T12:00:00Z", "Apr 10 12:00:00 x", "2025-04-10T12:00:00Z", nil},
		{"29 February", "2024-02-29T12:00:00Z", "Feb 29 11:00:00 x", "2024-02-29T11:00:00Z", nil},
		{"29 February, two years on", "2026-03-10T12:00:00Z", "Feb 29 11:00:00 x", "2024-02-29T11:00:00Z", nil},
		{"29 February over 1900", "1903-03-10T12:00:00Z", "Feb 29 11:00:00 x", "1896-02-29T11:00:00Z", nil},
		{"New Year in another zone", "2025-12-31T20:00:00Z", "+09:00 Jan  1 05:00:00 x", "2025-12-31T20:00:00Z", nil},
		{"written year is not guessed", "2026-01-01T00:00:05Z", "Dec 31 23:59:58 2020 x", "2020-12-31T23:59:58Z", nil},

		{"today", "2026-03-10T12:00:00Z", "11:59:59 x", "2026-03-10T11:59:59Z", nil},
		{"right now", "2026-03-10T12:00:00Z", "12:00:00 x", "2026-03-10T12:00:00Z", nil},
		{"yesterday", "2026-03-10T12:00:00Z", "12:00:01 x", "2026-03-09T12:00:01Z", nil},
		{"last year's evening", "2026-01-01T00:00:05Z", "23:59:58 x", "2025-12-31T23:59:58Z", nil},

		{"day alone", "2026-03-10T12:00:00Z", "09 11:00:00 x", "2026-03-09T11:00:00Z", []string{"^%d %H:%M:%S"}},
		{"day alone, last month's", "2026-03-10T12:00:00Z", "31 11:00:00 x", "2026-01-31T11:00:00Z", []string{"^%d %H:%M:%S"}},
		{"day alone, tomorrow", "2026-02-28T12:00:00Z", "1 11:00:00 x", "2026-03-01T11:00:00Z", []string{"^%d %H:%M:%S"}},
		{"month alone", "2026-03-10T12:00:00Z", "Feb 11:00:00 x", "2026-02-01T11:00:00Z", []string{"^%b %H:%M:%S"}},
		{"year alone", "2026-03-10T12:00:00Z", "2025 11:00:00 x", "2025-01-01T11:00:00Z", []string{"^%Y %H:%M:%S"}},
		{"day of the year", "2026-03-10T12:00:00Z", "2024 060 11:00:00 x", "2024-02-29T11:00:00Z", []string{"^%Y %j %H:%M:%S"}},
		{"day of a year to be guessed", "2026-03-10T12:00:00Z", "365 11:00:00 x", "2025-12-31T11:00:00Z", []string{"^%j %H:%M:%S"}},
		{"no such day of the year", "2026-03-10T12:00:00Z", "2025 366 11:00:00 x", "", []string{"^%Y %j %H:%M:%S"}},
		{"week from Sunday", "2026-03-10T12:00:00Z", "2026 10 Tue 11:00:00 x", "2026-03-10T11:00:00Z", []string{"^%Y %U %a %H:%M:%S"}},
		{"week from Monday", "2026-03-10T12:00:00Z", "2026 10 0 11:00:00 x", "2026-03-15T11:00:00Z", []string{"^%Y %W %w %H:%M:%S"}},
		{"twelve hours, none said", "2026-03-10T12:00:00Z", "2026-03-10 12:05 x", "2026-03-10T00:05:00Z", []string{"^%Y-%m-%d %I:%M"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := newFinder(t, time.UTC, tt.patterns...).Find(tt.line, at)
			if when := got.Time.Format(time.RFC3339); ok != (tt.want != "") || ok && when != tt.want {
				t.Errorf("found %v %s, want %s", ok, when, tt.want)
			}
		})
	}
}

// TestGuessFollowsNow: a Finder remembers the year, but not for longer than it
// lasts.
func TestGuessFollowsNow(t *testing.T) {
	f := newFinder(t, time.UTC)
	for _, at := range []time.Time{now, now.AddDate(1, 0, 0), now.AddDate(-3, 0, 0), now} {
		got, ok := f.Find("Mar 10 21:31:23 x", at)
		if want := time.Date(at.Year(), 3, 10, 21, 31, 23, 0, time.UTC); !ok || !got.Time.Equal(want) {
			t.Errorf("at %s found %v %s, want %s", at, ok, got.Time, want)
		}
	}
}

// TestLocation: dates without zone are read as time.Date reads them, on both
// sides of every change of offset.
func TestLocation(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"} {
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		f := newFinder(t, location)
		from := time.Date(2010, 1, 1, 0, 7, 0, 0, time.UTC)
		for wall := from; wall.Year() < 2014; wall = wall.Add(37 * time.Minute) {
			got, ok := f.Find(wall.Format("2006-01-02 15:04:05")+" x", now)
			want := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, location)
			if !ok || !got.Time.Equal(want) || got.Time.Location() != location {
				t.Fatalf("%s: found %v %s, want %s", name, ok, got.Time, want)
			}
		}
	}
}

func TestLocalIsTheDefault(t *testing.T) {
	got, ok := newFinder(t, nil).Find("2026-03-10 21:31:23 x", now)
	if want := time.Date(2026, 3, 10, 21, 31, 23, 0, time.Local); !ok || !got.Time.Equal(want) {
		t.Errorf("found %v %s, want %s", ok, got.Time, want)
	}
}
