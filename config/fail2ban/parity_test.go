package fail2ban_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
	"gaol/config/fail2ban"
	"gaol/config/stock"
	"gaol/examples/bench/logs"
	"gaol/filter"
)

// filterFolder is where the package fail2ban of Debian has its filters.
const filterFolder = "/etc/fail2ban/filter.d"

// needFail2ban is for tests that compare with fail2ban itself. Its service is not needed.
func needFail2ban(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("fail2ban-regex"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%v: install the package fail2ban", err)
		}
		t.Skipf("%v: install the package fail2ban", err)
	}
}

// filters are the filters that are installed, without files that others include.
func filters(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filterFolder + "/*.conf")
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d filters in %s, %v", len(paths), filterFolder, err)
	}
	return slices.DeleteFunc(paths, func(path string) bool { return strings.HasSuffix(path, "common.conf") })
}

// TestInstalledFilters: all filters of the installed fail2ban are taken over, and nothing is said of
// any that one would have to look at.
func TestInstalledFilters(t *testing.T) {
	needFail2ban(t)
	slow := 0
	for _, path := range filters(t) {
		f, err := fail2ban.LoadFilter(path, fail2ban.FilterOptions{})
		if err != nil {
			t.Error(err)
			continue
		}
		for _, w := range f.Warnings {
			t.Log(w)
		}
		compiled, err := filter.Compile(f.Spec, filter.Options{Names: f.Names()})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if patterns := compiled.Backtracking(); len(patterns) > 0 {
			slow++
			t.Logf("%s: %d patterns go back in the text", f.Spec.Name, len(patterns))
		}
	}
	t.Logf("%d filters, %d of them with patterns that go back in the text", len(filters(t)), slow)
}

// verdicts are what is compared: how many lines were missed, and whom the others accuse, in their order.
type verdicts struct {
	Missed int
	Hosts  []string
}

// TestSameVerdicts: gaol makes of each log what fail2ban-regex makes of it.
func TestSameVerdicts(t *testing.T) {
	needFail2ban(t)
	everything := everyLine(t)
	type contest struct {
		filter string
		log    []string
	}
	var contests []contest
	for _, mode := range []string{"normal", "aggressive", "ddos", "extra"} {
		name := "sshd[mode=" + mode + "]"
		contests = append(contests, contest{name, lines(t, "testdata/sshd.log")}, contest{name, generated(logs.SSHD, 1000)},
			contest{name, mutated(lines(t, "testdata/sshd.log"), 500)})
	}
	contests = append(contests,
		contest{"sshd[publickey=any]", lines(t, "testdata/sshd.log")},
		contest{"sshd[logtype=journal]", lines(t, "testdata/sshd.log")},
		contest{"nginx-http-auth[mode=aggressive]", everything},
		contest{"apache-auth[mode=aggressive]", everything},
		contest{"dovecot[mode=aggressive]", everything},
		contest{"postfix[mode=aggressive]", everything},
		contest{"postfix[mode=ddos]", everything},
		contest{"exim[mode=aggressive]", everything},
		contest{"sendmail-reject[mode=aggressive]", everything},
		contest{"traefik-auth[mode=aggressive]", everything},
		contest{"nginx-bad-request", generated(logs.Access, 1000)},
	)
	for _, path := range filters(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".conf")
		contests = append(contests, contest{name, everything})
	}
	for i, c := range contests {
		t.Run(fmt.Sprintf("%s/%d", c.filter, i), func(t *testing.T) {
			t.Parallel()
			theirs, ours := fail2banVerdicts(t, c.filter, c.log), gaolVerdicts(t, c.filter, c.log)
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("(-fail2ban +gaol):\n%s", diff)
			}
			t.Logf("%d lines, %d missed, %d failures", len(c.log), ours.Missed, len(ours.Hosts))
		})
	}
}

// lines are those of a file that fail2ban-regex looks at.
func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// generated are lines of the logs that gaol's speed is measured on.
func generated(write func(io.Writer, int), n int) []string {
	var log bytes.Buffer
	write(&log, n)
	return strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
}

// process is what tells one session of sshd's from another.
var process = regexp.MustCompile(`\[\d+\]:`)

// everyLine are the lines of all logs here and of the tests in gaol's own filters.
func everyLine(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, log := range []string{"sshd", "nginx", "apache", "services"} {
		all = append(all, lines(t, "testdata/"+log+".log")...)
	}
	opts := config.Options{File: filepath.Join(t.TempDir(), "gaol.toml"), Stock: stock.FS()}
	for _, name := range config.FilterNames(opts) {
		spec, problems := config.LoadFilter(opts, name)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for i, test := range spec.Tests {
			for _, l := range test.Lines {
				// fail2ban-regex takes "#" for the beginning of a comment, and what looks like an address and is none for a name.
				if !strings.Contains(l, "\n") && !strings.HasPrefix(l, "#") && !strings.Contains(l, "555.") {
					// Each test has sessions of its own.
					all = append(all, process.ReplaceAllString(l, fmt.Sprintf("[%d]:", 100_000+i)))
				}
			}
		}
	}
	return all
}

// mutated are lines with words of others, or without some, in places. They are of one family, as
// fail2ban, other than gaol, prefers IPv4 where the lines of one session name addresses of both.
func mutated(from []string, n int) []string {
	from = slices.DeleteFunc(from, func(l string) bool { return strings.Contains(l, "2001:db8") })
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]string, n)
	for i := range all {
		words := strings.Fields(from[random.IntN(len(from))])
		for range 1 + random.IntN(3) {
			at := min(5+random.IntN(len(words)), len(words)-1) // behind the date and the header, as a rule
			other := strings.Fields(from[random.IntN(len(from))])
			word := other[min(5+random.IntN(len(other)), len(other)-1)]
			switch random.IntN(3) {
			case 0:
				words[at] = word
			case 1:
				words = slices.Insert(words, at, word)
			default:
				words = slices.Delete(words, at, at+1)
			}
		}
		all[i] = strings.Join(words, " ")
	}
	return all
}

// counted is a line of fail2ban-regex's report.
var counted = regexp.MustCompile(`(?m)^Lines: \d+ lines, \d+ ignored, \d+ matched, (\d+) missed$`)

func fail2banVerdicts(t *testing.T, name string, log []string) verdicts {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Join(log, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	base, arguments, _ := strings.Cut(name, "[")
	target := filepath.Join(filterFolder, base+".conf")
	if arguments != "" {
		target += "[" + arguments
	}
	// Names would be looked up, or be whatever a mutated line has in the place of an address.
	run := func(args ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "fail2ban-regex", append(args, "--usedns", "no", path, target)...)
		cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	m := counted.FindStringSubmatch(run())
	if m == nil {
		t.Fatal("no count")
	}
	missed, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	v := verdicts{Missed: missed}
	if missed == len(log) {
		return v
	}
	for who := range strings.Lines(run("-o", "<fid>")) {
		v.Hosts = append(v.Hosts, strings.TrimSuffix(who, "\n"))
	}
	return v
}

func gaolVerdicts(t *testing.T, name string, log []string) verdicts {
	t.Helper()
	base, arguments, err := fail2ban.SplitName(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := fail2ban.LoadFilter(filepath.Join(filterFolder, base+".conf"), fail2ban.FilterOptions{Arguments: append(arguments, fail2ban.Argument{Name: "usedns", Value: "no"})})
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := filter.Compile(f.Spec, filter.Options{Names: f.Names(), Timezone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	m := compiled.NewMatcher()
	v := verdicts{Missed: len(log)}
	for _, l := range log {
		r := m.Match(filter.Line{Text: l, Read: time.Now()})
		if r.Verdict != filter.Missed {
			v.Missed -= 1 + len(r.Earlier)
		}
		if r.Failure == nil {
			continue
		}
		who := r.Failure.Host
		if r.Failure.ID != "" {
			who = r.Failure.ID
		}
		v.Hosts = append(v.Hosts, who)
	}
	return v
}
