package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain text", "Failed password for root", "Failed password for root"},
		{"letters of other alphabets", "пользователь é", "пользователь é"},
		{"a colour", "user \x1b[31mroot", `user \x1b[31mroot`},
		{"a carriage return that would overwrite the line", "bad\rgood", `bad\rgood`},
		{"a forged second line", "a\nb", `a\nb`},
		{"a tab", "a\tb", `a\tb`},
		{"a byte that is not UTF-8", "caf\xe9", `caf\xe9`},
		{"text turned right to left", "a\u202eb", `a\u202eb`},
		{"a control character of C1", "a\u009bb", `a\u009bb`},
		{"delete", "a\x7f", `a\x7f`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := printable(tt.in); got != tt.want {
				t.Errorf("printable(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// A JSON document may be shown by a terminal as well, and must say the same to a program.
func TestPrintJSONIsHarmless(t *testing.T) {
	in := []string{"plain", "größer", "a\u009b31mb", "a\u202eb", "a\x7fb", "a\x1b[31m\r\nb", "\U000e0001 tag", "\ufeff"}
	var out bytes.Buffer
	a := &app{stdout: &out}
	if err := a.printJSON(in); err != nil {
		t.Fatal(err)
	}
	for _, r := range strings.TrimSuffix(out.String(), "\n") {
		if !unicode.IsPrint(r) {
			t.Errorf("%s holds %U", out.String(), r)
		}
	}
	var got []string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || !slices.Equal(got, in) {
		t.Errorf("%s means %q, want %q (%v)", out.String(), got, in, err)
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b]0;title\a")
	f.Add("caf\xe9\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s)
		if !utf8.ValidString(got) {
			t.Errorf("printable(%q) = %q is not UTF-8", s, got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Errorf("printable(%q) = %q holds %U", s, got, r)
			}
		}
	})
}

func TestTable(t *testing.T) {
	var tab table
	tab.head("JAIL", "BANNED", "NOTE")
	tab.row(cell{"sshd", bold}, cell{"1", plain}, cell{})
	tab.row(cell{"größer", bold}, cell{"12345678", red}, cell{"x", plain})
	var b strings.Builder
	tab.write(&b, false)
	want := "JAIL    BANNED    NOTE\n" +
		"sshd    1\n" +
		"größer  12345678  x\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestTableInColourIsAlignedAlike(t *testing.T) {
	var tab table
	tab.row(cell{"a", red}, cell{"b", plain})
	tab.row(cell{"aaa", red}, cell{"b", plain})
	var b strings.Builder
	tab.write(&b, true)
	want := "\x1b[31ma\x1b[0m    b\n\x1b[31maaa\x1b[0m  b\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestHumanDuration(t *testing.T) {
	tests := []struct {
		d    time.Duration
		want string
	}{
		{0, "0s"},
		{-time.Hour, "0s"},
		{900 * time.Millisecond, "0s"},
		{59 * time.Second, "59s"},
		{9*time.Minute + 30*time.Second, "9m 30s"},
		{10 * time.Minute, "10m"},
		{26 * time.Hour, "1d 2h"},
		{24*time.Hour + time.Minute, "1d"},
		{400 * 24 * time.Hour, "1y 35d"},
	}
	for _, tt := range tests {
		if got := humanDuration(tt.d); got != tt.want {
			t.Errorf("humanDuration(%v) = %q, want %q", tt.d, got, tt.want)
		}
	}
}

func TestHumanUntil(t *testing.T) {
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	at := func(d time.Duration) *time.Time { end := now.Add(d); return &end }
	tests := []struct {
		name string
		end  *time.Time
		want string
	}{
		{"without end", nil, "for ever"},
		{"later", at(9 * time.Minute), "in 9m"},
		{"now", at(0), "over"},
		{"before", at(-time.Second), "over"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := humanUntil(tt.end, now); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHumanCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := humanCount(n); got != want {
			t.Errorf("humanCount(%d) = %q, want %q", n, got, want)
		}
	}
}
