package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/config"
	"gaol/config/stock"
	"gaol/examples/bench/logs"
	"gaol/filter"
	"gaol/jail/source"
)

const benchLines = 100_000

// BenchmarkLog runs stock filters over whole logs, and what they are to be
// compared with.
func BenchmarkLog(b *testing.B) {
	access, sshd := made(logs.Access), made(logs.SSHD)
	b.Run("access/newlines", func(b *testing.B) { perLine(b, access, func() { bytes.Count(access, []byte("\n")) }) })
	b.Run("access/django-admin", func(b *testing.B) { runFilter(b, access, stockFilter(b, "django-admin")) })
	b.Run("sshd/newlines", func(b *testing.B) { perLine(b, sshd, func() { bytes.Count(sshd, []byte("\n")) }) })
	b.Run("sshd/regexp alone", func(b *testing.B) {
		re := regexp.MustCompile(`Failed password for (?:invalid user )?(.*) from ([0-9A-Fa-f.:]+) port \d+`)
		perLine(b, sshd, func() {
			for line := range bytes.Lines(sshd) {
				if bytes.Contains(line, []byte("Failed password for ")) {
					re.FindSubmatchIndex(line)
				}
			}
		})
	})
	b.Run("sshd/sshd", func(b *testing.B) { runFilter(b, sshd, stockFilter(b, "sshd")) })
	b.Run("sshd/sshd aggressive", func(b *testing.B) { runFilter(b, sshd, stockFilter(b, "sshd[mode=aggressive]")) })
}

func made(write func(io.Writer, int)) []byte {
	var log bytes.Buffer
	write(&log, benchLines)
	return log.Bytes()
}

func stockFilter(t testing.TB, name string) *filter.Filter {
	t.Helper()
	spec, problems := config.LoadFilter(config.Options{Stock: stock.FS()}, name)
	for _, p := range problems {
		t.Fatal(p)
	}
	_, mode, err := config.SplitFilter(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := filter.Compile(spec, filter.Options{Mode: mode, Timezone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// perLine measures do and reports its time for each line of log.
func perLine(b *testing.B, log []byte, do func()) {
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		do()
	}
	lines := float64(bytes.Count(log, []byte("\n"))) * float64(b.N)
	b.ReportMetric(b.Elapsed().Seconds()*1e9/lines, "ns/line")
	b.ReportMetric(lines/b.Elapsed().Seconds(), "lines/s")
}

// runFilter does what gaol regex does without its report.
func runFilter(b *testing.B, log []byte, f *filter.Filter) {
	m := f.NewMatcher()
	m.Borrow()
	perLine(b, log, func() {
		failures := 0
		err := source.ReadBlocks(b.Context(), bytes.NewReader(log), "log", time.Unix(1773100000, 0), 1, func(_ context.Context, block source.Block) error {
			defer block.Done()
			for at := f.Candidate(block.Text, 0); at >= 0; {
				line, next := block.Line(at)
				if m.MatchCandidate(line, block.Text[:at]).Failure != nil {
					failures++
				}
				at = f.Candidate(block.Text, next)
			}
			m.Passed(block.Text)
			return nil
		})
		if err != nil || failures == 0 {
			b.Fatalf("%d failures, %v", failures, err)
		}
	})
}

// BenchmarkFilters hands lines that cannot match to several filters, as the daemon
// does.
func BenchmarkFilters(b *testing.B) {
	access := made(logs.Access)
	names := []string{"nginx-http-auth", "apache-auth", "django-auth", "django-axes", "sshd"}
	for _, n := range []int{1, 10, 50, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			filters := make([]*filter.Filter, n)
			for i := range n {
				filters[i] = stockFilter(b, names[i%len(names)])
			}
			runFilters(b, access, filters)
		})
	}
}

// BenchmarkLibrary hands the lines of a log to one filter, and to all of the library together: those of
// a web server, of sshd, of a host with all services, which are the filters' own test lines, and of
// programs that no filter is for. "all but one" leaves out the filter that looks at several lines together, and so at all.
func BenchmarkLibrary(b *testing.B) {
	var all []*filter.Filter
	for _, name := range config.FilterNames(config.Options{Stock: stock.FS()}) {
		all = append(all, stockFilter(b, name))
	}
	var tests []byte
	for _, f := range all {
		for _, test := range f.Spec().Tests {
			for _, line := range test.Lines {
				if !strings.ContainsRune(line, '\n') {
					tests = append(append(tests, line...), '\n')
				}
			}
		}
	}
	for _, log := range []struct {
		name, filter string
		text         []byte
	}{
		{"access", "nginx-http-auth", made(logs.Access)},
		{"sshd", "sshd", made(logs.SSHD)},
		{"busy host", "sshd", tests},
		{"quiet host", "sshd", made(writeQuiet)},
	} {
		single := slices.DeleteFunc(slices.Clone(all), (*filter.Filter).OverLines)
		b.Run(log.name+"/one", func(b *testing.B) { runFilters(b, log.text, []*filter.Filter{stockFilter(b, log.filter)}) })
		b.Run(log.name+"/fifty", func(b *testing.B) { runFilters(b, log.text, single[:50]) })
		b.Run(log.name+"/all but one", func(b *testing.B) { runFilters(b, log.text, single) })
		b.Run(log.name+"/all", func(b *testing.B) { runFilters(b, log.text, all) })
	}
}

// writeQuiet writes n lines of programs that no stock filter is for.
func writeQuiet(w io.Writer, n int) {
	for i := range n {
		message := [...]string{
			"CRON[%d]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)",
			"systemd[1]: Started session-%d.scope - Session of User alice.",
			"kernel: [%d.123456] eth0: link is up, 1000 Mbps, full duplex",
			"dhclient[%d]: DHCPREQUEST for 10.0.0.7 on eth0 to 10.0.0.1 port 67",
		}[i%4]
		fmt.Fprintf(w, "Nov 24 20:50:13 server "+message+"\n", i)
	}
}

// runFilters does what the daemon does with lines that have been cut, which costs the same for any number of
// filters: they are scanned for all at once, and handed to each.
func runFilters(b *testing.B, log []byte, filters []*filter.Filter) {
	var batches []source.Batch
	err := source.ReadAll(b.Context(), bytes.NewReader(log), "log", time.Unix(1773100000, 0), func(_ context.Context, batch source.Batch) error {
		batches = append(batches, batch)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var matchers []*filter.Matcher
	for _, f := range filters {
		matchers = append(matchers, f.NewMatcher())
	}
	scanner := filter.NewScanner(filters)
	perLine(b, log, func() {
		for _, batch := range batches {
			candidates := scanner.Scan(batch.Lines)
			for _, m := range matchers {
				m.MatchAll(candidates, func(int, filter.Result) {})
			}
		}
	})
}

// BenchmarkHostile measures the cost of a byte of long lines that fit nearly, and
// of ordinary ones that match: "long/short" must stay below 3.
func BenchmarkHostile(b *testing.B) {
	for _, name := range []string{"sshd[mode=aggressive]", "django-admin", "django-auth", "django-axes", "nginx-http-auth", "apache-auth"} {
		f := stockFilter(b, name)
		for i, test := range f.Spec().Tests {
			if !test.Match || test.Mode != "" || len(test.Lines) != 1 {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(name, "/", "-"), i+1), func(b *testing.B) {
				short := test.Lines[0]
				cost := perByte(f, short)
				worst := 0.0
				for _, long := range hostile(short) {
					worst = max(worst, perByte(f, long)/cost)
				}
				for b.Loop() {
				}
				b.ReportMetric(worst, "long/short")
				b.ReportMetric(cost, "ns/byte")
			})
		}
	}
}

// hostile are lines of about 64 kB with much that is like short.
func hostile(short string) []string {
	const size = 64 << 10
	var all []string
	words := strings.Fields(short)
	for i := range words {
		head, tail := strings.Join(words[:i], " "), strings.Join(words[i:], " ")
		for _, filler := range []string{tail, words[i], head, words[i] + " " + words[min(i+1, len(words)-1)], "0", "é"} {
			if filler == "" {
				continue
			}
			long := strings.Repeat(filler+" ", size/(len(filler)+1))
			all = append(all, head+" "+long+tail, head+" "+long, head+" "+strings.ReplaceAll(long, " ", ""))
		}
	}
	return all
}

// perByte is the least time of several that matching line took, by its length.
func perByte(f *filter.Filter, line string) float64 {
	m := f.NewMatcher()
	l := filter.Line{Text: line, Read: time.Unix(1773100000, 0)}
	rounds := max(1, 3000/len(line))
	least := time.Hour
	for range 24 {
		began := time.Now()
		for range rounds {
			m.Match(l)
		}
		least = min(least, time.Since(began))
	}
	return float64(least.Nanoseconds()) / float64(rounds*len(line))
}
