package source_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/jail/source"
)

// fakeJournalctl is a program that, when it runs for the nth time, notes its
// arguments, copies the file n to its output and dies, or goes on reading the pipe
// n.pipe if there is one.
func fakeJournalctl(t *testing.T, runs ...string) (command []string, dir string) {
	t.Helper()
	dir = t.TempDir()
	for i, out := range runs {
		write(t, filepath.Join(dir, fmt.Sprint(i+1)), out)
	}
	script := fmt.Sprintf(`#!/bin/sh
cd %q
n=$(($(cat count 2>/dev/null || echo 0) + 1))
echo $n >count
echo "$*" >>arguments
[ -e "$n" ] && cat "$n"
[ -e "$n.complaint" ] && cat "$n.complaint" >&2
[ -e "$n.pipe" ] && exec cat "$n.pipe"
[ -e "$n" ] && exit 1
exec sleep 1000
`, dir)
	path := filepath.Join(dir, "journalctl")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{path}, dir
}

// journalling is a Journal that runs, collected like files.
func runJournal(t *testing.T, o source.JournalOptions) (*following, *source.Journal) {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	if o.Now == nil {
		o.Now = time.Now
	}
	j, err := source.NewJournal(o)
	if err != nil {
		t.Fatal(err)
	}
	f := newFollowing(t, nil)
	f.start(j)
	return f, j
}

func record(cursor string, at time.Time, more string) string {
	return fmt.Sprintf(`{"__CURSOR":%q,"__REALTIME_TIMESTAMP":"%d","_HOSTNAME":"h","SYSLOG_IDENTIFIER":"sshd","SYSLOG_PID":"7"%s}`+"\n",
		cursor, at.UnixMicro(), more)
}

func TestJournalLines(t *testing.T) {
	t.Parallel()
	now := time.Now()
	message := func(m string) string { return fmt.Sprintf(`,"MESSAGE":%s`, m) }
	tests := []struct{ name, record, want string }{
		{"plain", record("c", now, message(`"hello"`)), "h sshd[7]: hello"},
		{"newline in the message", record("c", now, message(`"a\nb"`)), `h sshd[7]: a\nb`},
		{"bytes", record("c", now, message(`[104,105,255]`)), "h sshd[7]: hi\xff"},
		{"null", record("c", now, message(`null`)), "h sshd[7]: "},
		{"several values", record("c", now, message(`["one","two"]`)), "h sshd[7]: one"},
		{"several values of bytes", record("c", now, message(`[[104,10],[105]]`)), `h sshd[7]: h\n`},
		{"no identifier", fmt.Sprintf(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"%d","_COMM":"x","_PID":"9","_HOSTNAME":"h","MESSAGE":"m"}`+"\n", now.UnixMicro()), "h x[9]: m"},
		{"nothing but a message", fmt.Sprintf(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"%d","MESSAGE":"m"}`+"\n", now.UnixMicro()), "- -: m"},
		{"newline in the identifier", fmt.Sprintf(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"%d","_HOSTNAME":"h","SYSLOG_IDENTIFIER":"a\nh sshd","MESSAGE":"m"}`+"\n", now.UnixMicro()), `h a\nh sshd: m`},
		{"after one that is too long", `{"__CURSOR":"a","MESSAGE":"` + strings.Repeat("x", 3<<20) + "\"}\n" + record("c", now, message(`"m"`)), "h sshd[7]: m"},
		{"after one that is not JSON", "-- No entries --\n" + record("c", now, message(`"m"`)), "h sshd[7]: m"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			command, _ := fakeJournalctl(t, tt.record)
			f, _ := runJournal(t, source.JournalOptions{Key: "k", Command: command, Since: time.Hour})
			f.expect(tt.want)
			if got := f.all[0].Time; !got.Equal(time.UnixMicro(now.UnixMicro())) {
				t.Errorf("time %v, want %v", got, now)
			}
			if b := f.batches[len(f.batches)-1]; b.Source != "journal" || b.Position.Path != "journal:k" || b.Position.Cursor != "c" || b.Patterns[0] != "journal:k" {
				t.Errorf("batch %+v", b)
			}
		})
	}
}

func TestJournalTimes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	written := now.Add(-3 * time.Second)
	command, _ := fakeJournalctl(t,
		record("a", now.Add(-time.Minute), `,"MESSAGE":"too old"`)+
			record("b", now.Add(-time.Second), fmt.Sprintf(`,"MESSAGE":"old","_SOURCE_REALTIME_TIMESTAMP":"%d"`, written.UnixMicro()))+
			record("c", now.Add(time.Hour), `,"MESSAGE":"new"`))
	f, _ := runJournal(t, source.JournalOptions{Key: "k", Command: command, Since: 10 * time.Second})
	f.expect("h sshd[7]: old", "h sshd[7]: new")
	if !f.all[0].CatchUp || f.all[1].CatchUp {
		t.Errorf("catch-up %v %v, want true false", f.all[0].CatchUp, f.all[1].CatchUp)
	}
	if !f.all[0].Time.Equal(time.UnixMicro(written.UnixMicro())) {
		t.Errorf("time %v, want the time it was written, %v", f.all[0].Time, written)
	}
}

func TestJournalResumesAfterDeath(t *testing.T) {
	t.Parallel()
	now := time.Now().Add(time.Second)
	command, dir := fakeJournalctl(t,
		record("s=1", now, `,"MESSAGE":"1"`)+record("s=2", now, `,"MESSAGE":"2"`),
		record("s=3", now, `,"MESSAGE":"3"`))
	f, _ := runJournal(t, source.JournalOptions{Key: "k", Match: []string{"_COMM=sshd", "+", "A=b"}, Command: command})
	f.expect("h sshd[7]: 1", "h sshd[7]: 2", "h sshd[7]: 3")
	f.end()
	arguments, err := os.ReadFile(filepath.Join(dir, "arguments"))
	if err != nil {
		t.Fatal(err)
	}
	runs := strings.Split(string(arguments), "\n")
	if !strings.Contains(runs[0], "--since=@") || !strings.HasSuffix(runs[0], "-- _COMM=sshd + A=b") {
		t.Errorf("first run: %s", runs[0])
	}
	if !strings.Contains(runs[1], "--after-cursor=s=2 ") {
		t.Errorf("second run: %s", runs[1])
	}
}

func TestJournalStoresItsBeginning(t *testing.T) {
	t.Parallel()
	start := time.UnixMicro(1_700_000_000_123_456)
	clock := func() time.Time { return start }
	command, _ := fakeJournalctl(t)
	f, _ := runJournal(t, source.JournalOptions{Key: "k", Command: command, Now: clock})
	f.ready("journal:k")
	f.end()
	position := f.stored()[0]

	// What came while nothing ran is read, from the very microsecond.
	command, dir := fakeJournalctl(t,
		record("a", start.Add(-time.Microsecond), `,"MESSAGE":"before"`)+record("b", start, `,"MESSAGE":"after"`))
	f, _ = runJournal(t, source.JournalOptions{Key: "k", Command: command, Position: &position, Now: func() time.Time { return start.Add(time.Hour) }})
	f.expect("h sshd[7]: after")
	f.end()
	if arguments, _ := os.ReadFile(filepath.Join(dir, "arguments")); !strings.Contains(string(arguments), "--since=@1700000000 ") {
		t.Errorf("arguments %s", arguments)
	}
}

func TestJournalProblems(t *testing.T) {
	t.Parallel()
	t.Run("no journalctl", func(t *testing.T) {
		t.Parallel()
		_, j := runJournal(t, source.JournalOptions{Command: []string{"no-such-journalctl"}})
		untilStatus(t, j, "not found: install systemd")
	})
	t.Run("no rights", func(t *testing.T) {
		t.Parallel()
		command, dir := fakeJournalctl(t, "")
		write(t, filepath.Join(dir, "1.complaint"), "No journal files were opened due to insufficient permissions.\n")
		_, j := runJournal(t, source.JournalOptions{Command: command})
		untilStatus(t, j, "a member of the group systemd-journal")
	})
	t.Run("bad match", func(t *testing.T) {
		t.Parallel()
		_, err := source.NewJournal(source.JournalOptions{Match: []string{"--flush"}, Logger: slog.Default(), Now: time.Now})
		if err == nil {
			t.Error("no error for a match that is an option")
		}
	})
}

func TestJournalFollows(t *testing.T) {
	t.Parallel()
	command, dir := fakeJournalctl(t)
	pipe := filepath.Join(dir, "1.pipe")
	mkfifo(t, pipe)
	f, _ := runJournal(t, source.JournalOptions{Command: command})
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range 3 {
		fmt.Fprint(w, record(fmt.Sprint("s=", i), time.Now(), fmt.Sprintf(`,"MESSAGE":"%d"`, i)))
		f.until("a line", func() bool { return len(f.lines) == i+1 })
	}
	if err := f.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if d := cmp.Diff([]string{"h sshd[7]: 0", "h sshd[7]: 1", "h sshd[7]: 2"}, f.lines); d != "" {
		t.Error(d)
	}
	if f.all[0].CatchUp {
		t.Error("a line that was just written is catch-up")
	}
}

// FuzzJournalRecord holds that a record is one line, whatever its fields say.
func FuzzJournalRecord(f *testing.F) {
	f.Add("host", "sshd", "message\nwith a line")
	f.Add("", "a\nb", "\xff\xfe")
	f.Fuzz(func(t *testing.T, host, ident, message string) {
		numbers := make([]int, len(message))
		for i := range len(message) {
			numbers[i] = int(message[i])
		}
		data, err := json.Marshal(map[string]any{
			"__CURSOR": "c", "__REALTIME_TIMESTAMP": "1", "_HOSTNAME": host, "SYSLOG_IDENTIFIER": ident, "MESSAGE": numbers,
		})
		if err != nil {
			t.Fatal(err)
		}
		text, err := source.JournalText(data)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "\n") {
			t.Errorf("%q has a line end", text)
		}
		if want := strings.ReplaceAll(message, "\n", `\n`); !strings.HasSuffix(text, ": "+want) {
			t.Errorf("%q does not end in %q", text, want)
		}
	})
}
