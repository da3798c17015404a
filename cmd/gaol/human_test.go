package main

import "testing"

func TestHumanBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9960: "10 kB", 72_000: "72 kB", 999_400: "999 kB", 999_600: "1.0 MB",
		5_300_000_000: "5.3 GB", 2_500_000_000_000: "2.5 TB",
	} {
		if got := humanBytes(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestRefusedText(t *testing.T) {
	packets, bytes := uint64(1234), uint64(72_040)
	if got := refusedText(&packets, &bytes); got != ": refused 1,234 packets (72 kB)" {
		t.Errorf("got %q", got)
	}
	if got := refusedText(nil, nil); got != "" {
		t.Errorf("got %q", got)
	}
}
