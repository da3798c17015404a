package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gaol/examples/bench/logs"
)

// sampleLines is how much of a log programs get that would take minutes for it.
const sampleLines = 10_000

// rival is a program that does the work, or a part of it.
type rival struct {
	name string
	args []string
	// sample: it gets a part of the log.
	sample bool
}

// contest is a log and those who read it. LOG in their arguments is its path.
type contest struct {
	log    string
	write  func(io.Writer, int)
	rivals []rival
}

func contests(gaol string) []contest {
	const (
		admin  = `"POST (/[A-Za-z0-9_.~-]+)*/admin/login/([?][^ "]*)? HTTP/[0-9]([.][0-9])?" 200 `
		failed = `Failed password for (invalid user )?.* from [0-9A-Fa-f.:]+ port [0-9]+( ssh[0-9])?$`
	)
	return []contest{
		{"access", logs.Access, []rival{
			{name: "wc -l (floor)", args: []string{"wc", "-l", "LOG"}},
			{name: "grep -cE", args: []string{"grep", "-cE", admin, "LOG"}},
			{name: "rg -j1 -c", args: []string{"rg", "-j1", "-c", admin, "LOG"}},
			{name: "rg -j1 -c --no-mmap", args: []string{"rg", "-j1", "-c", "--no-mmap", admin, "LOG"}},
			{name: "gaol regex django-admin", args: []string{gaol, "regex", "LOG", "django-admin"}},
			{name: "fail2ban-regex, one pattern", args: []string{"fail2ban-regex", "LOG", `^<ADDR> - \S+ \[\] "POST /admin/login/\S* HTTP/1\.1" 200 `}, sample: true},
		}},
		{"sshd", logs.SSHD, []rival{
			{name: "wc -l (floor)", args: []string{"wc", "-l", "LOG"}},
			{name: "grep -cE", args: []string{"grep", "-cE", failed, "LOG"}},
			{name: "rg -j1 -c", args: []string{"rg", "-j1", "-c", failed, "LOG"}},
			{name: "gaol regex sshd", args: []string{gaol, "regex", "LOG", "sshd"}},
			{name: "gaol regex sshd[mode=aggressive]", args: []string{gaol, "regex", "LOG", "sshd[mode=aggressive]"}},
			{name: "gaol regex, fail2ban's sshd.conf", args: []string{gaol, "regex", "LOG", "/etc/fail2ban/filter.d/sshd.conf"}},
			{name: "gaol replay -j sshd", args: []string{gaol, "replay", "-j", "sshd", "LOG"}},
			{name: "fail2ban-regex sshd", args: []string{"fail2ban-regex", "LOG", "sshd"}, sample: true},
		}},
	}
}

// compare runs all rivals by turns and prints the least processor time that each
// took, of one core: other work on the machine disturbs that the least.
func compare(out io.Writer, gaol string, lines, rounds int) error {
	dir, err := os.MkdirTemp("", "gaol-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, c := range contests(gaol) {
		whole, sample := filepath.Join(dir, c.log+".log"), filepath.Join(dir, c.log+".sample.log")
		if err := writeLog(whole, c.write, lines); err != nil {
			return err
		}
		if err := writeLog(sample, c.write, min(sampleLines, lines)); err != nil {
			return err
		}
		info, err := os.Stat(whole)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s log: %d lines, %d MB\n", c.log, lines, info.Size()/1e6)
		least := make([]time.Duration, len(c.rivals))
		for range rounds {
			for i, r := range c.rivals {
				if took, ok := r.run(whole, sample); ok && (least[i] == 0 || took < least[i]) {
					least[i] = took
				}
			}
		}
		for i, r := range c.rivals {
			r.print(out, least[i], lines, info.Size())
		}
	}
	return nil
}

func writeLog(path string, write func(io.Writer, int), lines int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	write(f, lines)
	return f.Close()
}

// run returns the processor time that the rival took, false if it isn't there.
func (r rival) run(whole, sample string) (time.Duration, bool) {
	path := whole
	if r.sample {
		path = sample
	}
	args := strings.Split(strings.ReplaceAll(strings.Join(r.args, "\x00"), "LOG", path), "\x00")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GOMAXPROCS=1")
	cmd.Stdout = io.Discard // a pipe: grep looks no further than the first hit if it writes to /dev/null
	// Exit status 1 is "no line matched" to some; what was not found has no state.
	_ = cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
		return 0, false
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), true
}

func (r rival) print(out io.Writer, took time.Duration, lines int, size int64) {
	if took == 0 {
		fmt.Fprintf(out, "  %-34s not installed\n", r.name)
		return
	}
	note := ""
	if r.sample {
		took *= time.Duration(lines / min(sampleLines, lines))
		note = fmt.Sprintf("  (from %d lines)", min(sampleLines, lines))
	}
	s := took.Seconds()
	fmt.Fprintf(out, "  %-34s %9.3f s %12.0f lines/s %8.1f MB/s%s\n", r.name, s, float64(lines)/s, float64(size)/1e6/s, note)
}
