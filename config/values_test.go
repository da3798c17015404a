package config_test

import (
	"testing"
	"time"

	"gaol/config"
)

func TestParseDuration(t *testing.T) {
	for _, tt := range []struct {
		text string
		want time.Duration
	}{
		{"90", 90 * time.Second}, {"90s", 90 * time.Second}, {"10m", 10 * time.Minute}, {"1h30m", 90 * time.Minute},
		{"1d 12h", 36 * time.Hour}, {"1.5h", 90 * time.Minute}, {"2w", 14 * 24 * time.Hour}, {"1mo", 2629800 * time.Second},
		{"1y", 31557600 * time.Second}, {"10 Minutes", 10 * time.Minute}, {"forever", config.Forever}, {"-1", config.Forever},
		{"0", 0}, {"10m30", 630 * time.Second},
	} {
		if got, err := config.ParseDuration(tt.text); err != nil || got != tt.want {
			t.Errorf("%q is %v, %v, want %v", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"", " ", "m", "-2", "-1h", "1x", "1..5h", "1h,2m", "60*5", "1e9", "300y", "200y200y", "9999999999999999999999", "1mm", "٣m"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0s"}, {time.Second, "1s"}, {90 * time.Second, "1m30s"}, {10 * time.Minute, "10m"}, {90 * time.Minute, "1h30m"},
		{24 * time.Hour, "1d"}, {14 * 24 * time.Hour, "2w"}, {30 * 24 * time.Hour, "30d"}, {config.Forever, "forever"},
		{400 * time.Millisecond, "0s"}, {1600 * time.Millisecond, "2s"},
	} {
		if got := config.FormatDuration(tt.d); got != tt.want {
			t.Errorf("%v is %q, want %q", tt.d, got, tt.want)
		}
	}
}

// What is written in whole seconds is read as the same.
func FuzzDuration(f *testing.F) {
	for _, text := range []string{"90", "1h30m", "1.5d", "forever", "-1", "2w", "1mo1y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := config.ParseDuration(text)
		if err != nil {
			return
		}
		if d < 0 && d != config.Forever {
			t.Fatalf("%q is negative: %v", text, d)
		}
		if d > 0 {
			d = d.Round(time.Second)
		}
		again, err := config.ParseDuration(config.FormatDuration(d))
		if err != nil || again != d {
			t.Errorf("%v is written %q and read %v, %v", d, config.FormatDuration(d), again, err)
		}
	})
}

func TestPortsByLookup(t *testing.T) {
	opts := write(t, map[string]string{"gaol.toml": "[jail.sshd]\nport = 'own-service'"})
	opts.LookupPort = func(network, service string) (int, error) { return 4711, nil }
	if got := jailOf(t, config.Load(opts), "sshd").Rule.Ports; len(got) != 1 || got[0].First != 4711 {
		t.Errorf("ports are %v, want 4711", got)
	}
}
