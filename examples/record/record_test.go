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
		// successes is how many logins are let in at least, of which the filters tell.
		successes int
	}{
		{[]string{"sshd.sh"}, map[string]int{"sshd": 30, "sshd[mode=aggressive]": 60}, 8},
		{[]string{"nginx.sh"}, map[string]int{"nginx-http-auth": 12}, 0},
		{[]string{"apache.sh"}, map[string]int{"apache-auth": 15}, 0},
		{[]string{"django.sh"}, map[string]int{"django-auth": 5, "django-axes": 3, "django-admin": 5}, 0},
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
				failed, succeeded := tell(t, name, string(logged))
				if failed < least {
					t.Errorf("%s finds %d failures, want %d or more, in\n%s", name, failed, least, logged)
				}
				if succeeded < script.successes {
					t.Errorf("%s finds %d successful logins, want %d or more, in\n%s", name, succeeded, script.successes, logged)
				}
			}
		})
	}
}

// tell counts the failures and the successful logins that a stock filter finds, and sees that none is the
// innocent's.
func tell(t *testing.T, name, logged string) (failed, succeeded int) {
	t.Helper()
	name, mode, _ := strings.Cut(strings.TrimSuffix(name, "]"), "[mode=")
	spec, problems := config.LoadFilter(config.Options{File: filepath.Join(t.TempDir(), "gaol.toml"), Stock: stock.FS()}, name)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	f, err := filter.Compile(spec, filter.Options{Mode: mode, Success: true})
	if err != nil {
		t.Fatal(err)
	}
	m := f.NewMatcher()
	for line := range strings.Lines(logged) {
		result := m.Match(filter.Line{Text: strings.TrimSuffix(line, "\n"), Read: time.Now()})
		host := ""
		switch {
		case result.Failure != nil:
			failed++
			host = result.Failure.Host
		case result.Success != nil:
			succeeded++
			host = result.Success.Host
		}
		if strings.HasPrefix(host, innocent) {
			t.Errorf("%s accuses or trusts the innocent by\n%s", name, line)
		}
	}
	return failed, succeeded
}
