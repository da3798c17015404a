// Package record_test runs the scripts of this folder: services refuse logins, and the stock filters read
// what they log of it.
package record_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gaol/config"
	"gaol/config/stock"
	"gaol/filter"
)

// innocent never connects: a failure of it would be an accusation that the client has made up.
const innocent = "198.51.100.1"

// all asks for the scripts that make a root directory of their own as well, which unpacks
// every service from Debian's packages: "make record" sets it.
const all = "GAOL_RECORD_ALL"

// script is a file of this folder with what it expects of the filters.
type script struct {
	name string
	// ownRoot says that it unpacks its service's packages in a root directory of its own.
	ownRoot bool
	expects []expectation
}

// expectation is a line "# Expect: FILTER FAILURES [SUCCESSES]": so many, at least.
type expectation struct {
	filter              string
	failures, successes int
}

var expectLine = regexp.MustCompile(`(?m)^# Expect: (\S+) (\d+)(?: (\d+))?$`)

func scripts(t *testing.T) []script {
	t.Helper()
	files, err := filepath.Glob("*.sh")
	if err != nil {
		t.Fatal(err)
	}
	var found []script
	for _, file := range files {
		if file == "lib.sh" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := script{name: file, ownRoot: bytes.Contains(text, []byte("\nown_root "))}
		for _, m := range expectLine.FindAllSubmatch(text, -1) {
			e := expectation{filter: string(m[1])}
			e.failures, _ = strconv.Atoi(string(m[2]))
			e.successes, _ = strconv.Atoi(string(m[3]))
			s.expects = append(s.expects, e)
		}
		if len(s.expects) == 0 {
			t.Errorf("%s does not say which filter finds how many failures in what it prints", file)
		}
		found = append(found, s)
	}
	return found
}

func TestFiltersReadWhatServicesLog(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("the scripts make namespaces: run this test as root")
	}
	for _, s := range scripts(t) {
		if s.ownRoot && os.Getenv(all) == "" {
			continue // see the README: these take long
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var errors bytes.Buffer
			cmd := exec.Command("./" + s.name)
			cmd.Stderr = &errors
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // httpd ends its whole process group
			logged, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, errors.Bytes())
			}
			for _, e := range s.expects {
				failed, succeeded := tell(t, e.filter, string(logged))
				if failed < e.failures || succeeded < e.successes {
					t.Errorf("%s finds %d failures and %d successful logins, want %d and %d or more, in\n%s",
						e.filter, failed, succeeded, e.failures, e.successes, logged)
				}
			}
		})
	}
}

// TestRecordedFiltersHaveTheirScript holds what filters say of the scripts against the scripts.
func TestRecordedFiltersHaveTheirScript(t *testing.T) {
	expected := map[string][]string{} // by script: the filters
	for _, s := range scripts(t) {
		for _, e := range s.expects {
			name, _, _ := strings.Cut(e.filter, "[")
			expected[s.name] = append(expected[s.name], name)
		}
	}
	opts := config.Options{File: filepath.Join(t.TempDir(), "gaol.toml"), Stock: stock.FS()}
	for _, name := range config.FilterNames(opts) {
		spec, problems := config.LoadFilter(opts, name)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if !recordedBy(spec, expected) {
			t.Errorf("%s: recorded = %q: no such script expects failures of this filter", name, spec.Recorded)
		}
		for script, filters := range expected {
			for _, f := range filters {
				if f == name && spec.Recorded == "" {
					t.Errorf("%s is recorded by %s, and does not say so", name, script)
				}
			}
		}
	}
}

func recordedBy(spec filter.Spec, expected map[string][]string) bool {
	if spec.Recorded == "" {
		return true
	}
	for _, name := range expected[spec.Recorded] {
		if name == spec.Name {
			return true
		}
	}
	return false
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
