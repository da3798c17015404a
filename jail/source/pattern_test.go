package source_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
	"gaol/jail/source"
)

func TestManyPatternsOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "x.log")
	link := filepath.Join(dir, "z.link")
	write(t, log, "")
	if err := os.Symlink("x.log", link); err != nil {
		t.Fatal(err)
	}
	patterns := []string{log, filepath.Join(dir, "*.log"), filepath.Join(dir, "x*"), link, dir + "/./x.log"}
	f := run(t, options(patterns...))
	f.ready(log)
	write(t, log, "1\n")
	f.expect("1")
	write(t, link, "2\n")
	f.expect("1", "2")
	slices.Sort(patterns)
	if got := f.batches[len(f.batches)-1].Patterns; !slices.Equal(got, patterns) {
		t.Errorf("patterns %q, want %q", got, patterns)
	}
	all := f.files.Status()
	if len(all) != 1 || all[0].Path != log || all[0].Lines != 2 || all[0].LastLine != "2" {
		t.Errorf("status %+v, want one, of %s with 2 lines", all, log)
	}
}

func TestFilesThatComeLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	literal := filepath.Join(dir, "a", "b", "x.log")
	glob := filepath.Join(dir, "c*", "logs", "*.log")
	f := run(t, options(literal, glob))
	f.untilStatus("both patterns without a file", func(all []source.Status) bool {
		return len(all) == 2 && all[0].Path == literal && all[1].Path == glob &&
			all[0].Problem == "no file matches" && all[1].Problem == "no file matches"
	})
	if err := os.MkdirAll(filepath.Dir(literal), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, literal, "1\n")
	f.expect("1")
	for _, name := range []string{"c1", "c2"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "logs"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "c2", "logs", "y.log"), "2\n")
	f.expect("1", "2")
	// A whole tree is moved here.
	if err := os.MkdirAll(filepath.Join(dir, "tmp", "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tmp", "logs", "z.log"), "3\n")
	rename(t, filepath.Join(dir, "tmp"), filepath.Join(dir, "c3"))
	f.expect("1", "2", "3")
	// One goes and comes back.
	os.RemoveAll(filepath.Join(dir, "a"))
	f.untilStatus("the problem of no file", hasProblem("no file matches"))
	if err := os.MkdirAll(filepath.Dir(literal), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, literal, "4\n")
	f.expect("1", "2", "3", "4")
	if slices.ContainsFunc(f.all, func(l filter.Line) bool { return l.CatchUp }) {
		t.Error("lines that were just written are catch-up")
	}
}

func TestSetPatterns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")
	write(t, a, "before\n")
	write(t, b, "before\n")
	f := run(t, options(a))
	f.ready(a)
	set := func(globs ...string) {
		t.Helper()
		if err := f.files.SetPatterns(options(globs...).Patterns); err != nil {
			t.Fatal(err)
		}
	}
	set(a, b)
	f.ready(b) // a new pattern's file begins at its end
	write(t, b, "b1\n")
	f.expect("b1")
	set(b)
	f.untilStatus("a to be let go", func(all []source.Status) bool { return len(all) == 1 && all[0].Path == b })
	write(t, a, "a1\n")
	write(t, b, "b2\n")
	f.expect("b1", "b2")
	if len(f.finished) != 0 {
		t.Errorf("positions were done with: %v", f.finished)
	}
	set(a, b)
	f.expect("b1", "b2", "a1")
	if err := f.files.SetPatterns([]source.Pattern{{Glob: "/var/log/[a"}}); err == nil {
		t.Error("no error for a bad pattern")
	}
}

func TestFromTime(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	var text strings.Builder
	var want []string
	for i := range 20_000 {
		at := now.Add(time.Duration(i-20_000) * time.Second)
		line := at.Format(time.DateTime) + " a failure"
		text.WriteString(line + "\n")
		if i%3 == 0 {
			text.WriteString("  a line without a date\n")
		}
		if at.Before(now.Add(-10 * time.Minute)) {
			continue
		}
		want = append(want, line)
		if i%3 == 0 {
			want = append(want, "  a line without a date")
		}
	}
	write(t, log, text.String())
	o := options()
	// The clock moves a little each time, so that who is behind can be told from who is not.
	var asked atomic.Int64
	o.Now = func() time.Time { return now.Add(time.Duration(asked.Add(1))) }
	o.Patterns = []source.Pattern{{
		Glob: log, From: source.FromTime, FindTime: 10*time.Minute + time.Second/2,
		Date: func(line string) (time.Time, bool) {
			at, err := time.Parse(time.DateTime, line[:min(len(line), len(time.DateTime))])
			return at, err == nil
		},
	}}
	f := run(t, o)
	f.expect(want...)
	f.untilCaughtUp()
	write(t, log, "new\n")
	f.expect(append(want, "new")...)
	f.end()
	for i, l := range f.all {
		if l.CatchUp != (i < len(want)) {
			t.Fatalf("line %d of %d: catch-up %v", i, len(f.all), l.CatchUp)
		}
		if l.Read.Sub(now).Abs() > time.Second {
			t.Fatalf("line %d read at %v", i, l.Read)
		}
	}
}

func TestHundredsOfFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var paths []string
	for i := range 300 {
		path := filepath.Join(dir, "app", string(rune('a'+i/26%26))+string(rune('a'+i%26))+string(rune('a'+i/676))+".log")
		paths = append(paths, path)
	}
	if err := os.Mkdir(filepath.Join(dir, "app"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		write(t, p, "")
	}
	f := run(t, options(filepath.Join(dir, "app", "*.log")))
	f.ready(paths...)
	for _, p := range paths {
		write(t, p, p+"\n")
	}
	f.until("a line of each", func() bool { return len(f.lines) == len(paths) })
	f.end()
	slices.Sort(paths)
	slices.Sort(f.lines)
	if d := cmp.Diff(paths, f.lines); d != "" {
		t.Error(d)
	}
}
