// Package record_test runs the scripts of this folder: the services of this machine refuse logins, and the
// stock filters read what they log of it.
package record_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/config"
	"gaol/config/stock"
	"gaol/filter"
)

// innocent never connects: a failure of it would be an accusation that the client has made up.
const innocent = "198.51.100.1"

func TestFiltersReadWhatServicesLog(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("the scripts make namespaces: run this test as root")
	}
	for _, script := range []struct {
		command []string
		// filters, each with how many failures there are at least.
		filters map[string]int
	}{
		{[]string{"sshd.sh"}, map[string]int{"sshd": 30, "sshd[mode=aggressive]": 60}},
		{[]string{"nginx.sh"}, map[string]int{"nginx-http-auth": 12}},
		{[]string{"apache.sh"}, map[string]int{"apache-auth": 15}},
		{[]string{"django.sh"}, map[string]int{"django-auth": 5, "django-axes": 3, "django-admin": 5}},
	} {
		t.Run(script.command[0], func(t *testing.T) {
			t.Parallel()
			var errors bytes.Buffer
			cmd := exec.Command("./"+script.command[0], script.command[1:]...)
			cmd.Stderr = &errors
			logged, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, errors.Bytes())
			}
			for name, least := range script.filters {
				if n := failures(t, name, string(logged)); n < least {
					t.Errorf("%s finds %d failures, want %d or more, in\n%s", name, n, least, logged)
				}
			}
		})
	}
}

// failures counts those that a stock filter finds, and sees that none is the innocent's.
func failures(t *testing.T, name, logged string) (n int) {
	t.Helper()
	name, mode, _ := strings.Cut(strings.TrimSuffix(name, "]"), "[mode=")
	spec, problems := config.LoadFilter(config.Options{File: filepath.Join(t.TempDir(), "gaol.toml"), Stock: stock.FS()}, name)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	f, err := filter.Compile(spec, filter.Options{Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	m := f.NewMatcher()
	for line := range strings.Lines(logged) {
		result := m.Match(filter.Line{Text: strings.TrimSuffix(line, "\n"), Read: time.Now()})
		if result.Failure == nil {
			continue
		}
		n++
		if strings.HasPrefix(result.Failure.Host, innocent) {
			t.Errorf("%s accuses the innocent by\n%s", name, line)
		}
	}
	return n
}
