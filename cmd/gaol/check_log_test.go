package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/filter"
)

func TestWhetherALogIsStrange(t *testing.T) {
	f, err := filter.Compile(filter.Spec{Failregex: []string{`^ERROR failure <HOST>$`}, Alive: []string{`^INFO login`}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := filter.Compile(filter.Spec{Failregex: []string{`^ERROR failure <HOST>$`}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const date = "2026-11-24 20:50:13 "
	strange := strings.Repeat(date+"level=info event=login\n", 30)
	for _, tt := range []struct {
		name, text string
		filter     *filter.Filter
		want       bool
	}{
		{"another format", strange, f, true},
		{"a line it knows", strange + date + "INFO login of alice\n", f, false},
		{"a failure", date + "ERROR failure 192.0.2.5\n" + strange, f, false},
		{"another container's", strings.Repeat(`{"log":"level=info\n","stream":"stdout","time":"2026-11-24T20:50:13Z"}`+"\n", 30), f, false},
		{"few lines", strange[:200], f, false},
		{"what it knows is long ago", date + "INFO login of alice\n" + strings.Repeat(strange, 100), f, true},
		{"a filter that does not know what is healthy", strange, bare, false},
		{"no filter", strange, nil, false},
		{"an empty log", "", f, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.log")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := isStrange(path, tt.filter, time.Now()); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if isStrange(filepath.Join(t.TempDir(), "none"), f, time.Now()) || isStrange(t.TempDir(), f, time.Now()) {
		t.Error("what cannot be read is not strange")
	}
}
