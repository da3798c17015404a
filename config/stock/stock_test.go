package stock_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/config"
	"gaol/config/stock"
	"gaol/filter"
)

// innocent is whom the tests' hostile lines try to accuse. No line of a service has
// it unless a client wrote it there.
const innocent = "198.51.100.1"

func options(t *testing.T) config.Options {
	// No configuration of this host's has a say.
	return config.Options{File: filepath.Join(t.TempDir(), "gaol.toml"), Stock: stock.FS()}
}

// namesIn lists the files of a folder of the library.
func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := fs.ReadDir(stock.FS(), folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	return names
}

// load reads a filter, which must be without fault.
func load(t *testing.T, name string) filter.Spec {
	t.Helper()
	spec, problems := config.LoadFilter(options(t), name)
	for _, p := range problems {
		t.Error(p)
	}
	if len(problems) > 0 {
		t.FailNow()
	}
	return spec
}

// forEachFilter runs test for every stock filter.
func forEachFilter(t *testing.T, test func(t *testing.T, spec filter.Spec)) {
	for _, name := range namesIn(t, "filter.d") {
		t.Run(name, func(t *testing.T) { test(t, load(t, name)) })
	}
}

func report(t *testing.T, results []filter.TestResult) {
	t.Helper()
	for _, r := range results {
		if !r.OK {
			t.Errorf("test %d, mode %q, attack %q, lines %q: %s", r.Index+1, r.Test.Mode, r.Attack, r.Test.Lines, r.Problem)
		}
	}
}

func TestEveryFilterPassesItsOwnTests(t *testing.T) {
	forEachFilter(t, func(t *testing.T, spec filter.Spec) { report(t, filter.RunTests(spec)) })
}

func TestNoFilterCanBeMadeToAccuseSomebodyElse(t *testing.T) {
	forEachFilter(t, func(t *testing.T, spec filter.Spec) {
		report(t, filter.Attack(spec))
		for i, test := range spec.Tests {
			if (test.Match || test.Success) && test.Host == innocent {
				t.Errorf("test %d accuses or trusts %s, who is innocent in every line", i+1, innocent)
			}
		}
	})
}

func TestEveryFilterIsTestedFromAllSides(t *testing.T) {
	forEachFilter(t, func(t *testing.T, spec filter.Spec) {
		var v4, v6, harmless, hostile int
		for i, test := range spec.Tests {
			switch {
			case isHostile(test):
				hostile++
			case !test.Match && !test.Success:
				harmless++
			case strings.Contains(test.Host, ":"):
				v6++
			case test.Host != "":
				v4++
			default:
				t.Errorf("test %d does not say whom it accuses", i+1)
			}
		}
		if !slices.ContainsFunc(spec.Tests, func(t filter.Test) bool { return t.Alive }) {
			t.Error("no test of a line that a healthy log contains")
		}
		for what, count := range map[string]int{
			"failures of IPv4 clients":                       v4,
			"failures of IPv6 clients":                       v6,
			"lines that are no failures":                     harmless,
			"hostile lines, which try to accuse " + innocent: hostile,
		} {
			if count < 2 {
				t.Errorf("%d tests of %s: want 2 at least", count, what)
			}
		}
	})
}

func TestEveryPatternOfEveryFilterIsNeeded(t *testing.T) {
	forEachFilter(t, func(t *testing.T, spec filter.Spec) {
		for i := range spec.Failregex {
			without := spec
			without.Failregex = slices.Delete(slices.Clone(spec.Failregex), i, i+1)
			mustFail(t, without, spec.Failregex[i])
		}
		for i := range spec.Successregex {
			without := spec
			without.Successregex = slices.Delete(slices.Clone(spec.Successregex), i, i+1)
			mustFail(t, without, spec.Successregex[i])
		}
		for i := range spec.Unless {
			without := spec
			without.Unless = slices.Delete(slices.Clone(spec.Unless), i, i+1)
			mustFail(t, without, spec.Unless[i])
		}
		for i := range spec.Alive {
			without := spec
			without.Alive = slices.Delete(slices.Clone(spec.Alive), i, i+1)
			mustFail(t, without, spec.Alive[i])
		}
		for name, mode := range spec.Modes {
			for i := range mode.Failregex {
				less := mode
				less.Failregex = slices.Delete(slices.Clone(mode.Failregex), i, i+1)
				without := spec
				without.Modes = map[string]filter.Mode{name: less}
				mustFail(t, without, mode.Failregex[i])
			}
		}
	})
}

// mustFail reports that neither a test nor an attack notices that a pattern is missing.
func mustFail(t *testing.T, without filter.Spec, pattern string) {
	t.Helper()
	failed := func(r filter.TestResult) bool { return !r.OK }
	if !slices.ContainsFunc(filter.RunTests(without), failed) && !slices.ContainsFunc(filter.Attack(without), failed) {
		t.Errorf("no test needs the pattern %q", pattern)
	}
}

func TestEveryPatternIsTiedToTheStart(t *testing.T) {
	forEachFilter(t, func(t *testing.T, spec filter.Spec) {
		patterns := slices.Concat(spec.Failregex, spec.Successregex)
		for _, mode := range spec.Modes {
			patterns = append(patterns, mode.Failregex...)
		}
		for _, p := range patterns {
			if !strings.HasPrefix(p, "^") {
				t.Errorf("%q begins anywhere", p)
			}
		}
	})
}

// documented are the ranges set apart for examples: RFC 5737, RFC 3849.
var documented = regexp.MustCompile(`^(?:192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|2001:db8:)`)

func TestNobodysAddressIsInTheTests(t *testing.T) {
	forEachFilter(t, func(t *testing.T, spec filter.Spec) {
		for i, test := range spec.Tests {
			if test.Host != "" && !documented.MatchString(test.Host) {
				t.Errorf("test %d: %s is not an address for examples", i+1, test.Host)
			}
		}
	})
}

func TestEveryFilterHasAJailAndEveryJailAFilter(t *testing.T) {
	filters, jails := namesIn(t, "filter.d"), namesIn(t, "jail.d")
	for _, name := range filters {
		if !slices.Contains(jails, name) {
			t.Errorf("the filter %s has no jail of its name", name)
		}
	}
	for _, j := range loadAll(t).Jails {
		if j.Name != "recidive" && !slices.Contains(filters, j.FilterName) { // recidive reads no log
			t.Errorf("the jail %s has the filter %q", j.Name, j.FilterName)
		}
	}
}

// loadAll is a configuration with every stock jail and action in use.
func loadAll(t *testing.T) *config.Config {
	t.Helper()
	opts := options(t)
	var text strings.Builder
	for _, name := range namesIn(t, "jail.d") {
		text.WriteString("[jail." + name + "]\nenabled = true\naction = [\"" + strings.Join(namesIn(t, "action.d"), `", "`) + "\"]\n")
	}
	if err := os.WriteFile(opts.File, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded := config.Load(opts)
	for _, p := range loaded.Problems {
		t.Error(p)
	}
	return loaded
}

func TestEveryJailAndActionLoads(t *testing.T) {
	loaded := loadAll(t)
	for _, name := range namesIn(t, "jail.d") {
		checkJail(t, loaded, name)
	}
}

func checkJail(t *testing.T, c *config.Config, name string) {
	t.Helper()
	for _, j := range c.Jails {
		switch {
		case j.Name != name:
		case !j.Stock || !j.Enabled:
			t.Errorf("%s: stock %v, enabled %v", name, j.Stock, j.Enabled)
		case name == "recidive":
			if !j.Bans || j.MaxRetry != 5 || j.FindTime != 24*time.Hour || j.BanTime != 7*24*time.Hour || len(j.Rule.Ports) != 0 {
				t.Errorf("recidive is %+v", j)
			}
			return
		case len(j.LogPath) == 0 || len(j.Rule.Ports) == 0 && j.Rule.Protocol != "all":
			t.Errorf("%s: log %q, ports %v, filter %q", name, j.LogPath, j.Rule.Ports, j.FilterName)
		default:
			return
		}
	}
	t.Errorf("%s: not loaded as it should be", name)
}
