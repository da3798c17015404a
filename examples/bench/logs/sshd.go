package logs

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Failures of a hundred lines of the sshd log are failed logins.
const Failures = 30

var (
	knownUsers   = []string{"root", "www-data", "backup", "anna", "postgres"}
	unknownUsers = []string{"admin", "test", "oracle", "ubuntu", "user", "git", "pi", "ftpuser", "info from sales"}
)

// sshdLog writes the lines that OpenSSH and its neighbours leave in auth.log.
type sshdLog struct {
	w      io.Writer
	random *rand.Rand
	at     time.Time
	// lines are still to be written; written and failed were.
	lines, written, failed int
}

// SSHD writes lines of an auth.log: guesses, logins and cron's.
func SSHD(w io.Writer, lines int) {
	l := &sshdLog{w: w, random: rand.New(rand.NewPCG(2, 2)), at: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), lines: lines}
	for l.lines > 0 {
		switch n := l.random.IntN(10); {
		case l.failed*100 < Failures*l.written && n < 7:
			l.guessKnown()
		case l.failed*100 < Failures*l.written:
			l.guessUnknown()
		case n < 4:
			l.cron()
		default:
			l.login()
		}
	}
}

// line writes one line, unless there are enough.
func (l *sshdLog) line(tag string, pid int, format string, args ...any) {
	if l.lines == 0 {
		return
	}
	l.lines--
	l.written++
	l.at = l.at.Add(time.Duration(l.random.IntN(900)) * time.Millisecond)
	fmt.Fprintf(l.w, "%s server %s[%d]: %s\n", l.at.Format(time.Stamp), tag, pid, fmt.Sprintf(format, args...))
}

func (l *sshdLog) fail(pid int, format string, args ...any) {
	l.failed++
	l.line("sshd", pid, format, args...)
}

func (l *sshdLog) client() (pid int, host string, port int) {
	return 1000 + l.random.IntN(90_000), address(l.random), 32768 + l.random.IntN(28_000)
}

func (l *sshdLog) guessKnown() {
	pid, host, port := l.client()
	user := pick(l.random, knownUsers)
	for range 1 + l.random.IntN(5) {
		l.fail(pid, "Failed password for %s from %s port %d ssh2", user, host, port)
	}
	l.line("sshd", pid, "Connection closed by authenticating user %s %s port %d [preauth]", user, host, port)
}

func (l *sshdLog) guessUnknown() {
	pid, host, port := l.client()
	user := pick(l.random, unknownUsers)
	l.line("sshd", pid, "Invalid user %s from %s port %d", user, host, port)
	for range 1 + l.random.IntN(3) {
		l.fail(pid, "Failed password for invalid user %s from %s port %d ssh2", user, host, port)
	}
	l.line("sshd", pid, "Connection closed by invalid user %s %s port %d [preauth]", user, host, port)
}

func (l *sshdLog) login() {
	pid, host, port := l.client()
	user := pick(l.random, knownUsers)
	l.line("sshd", pid, "Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", user, host, port)
	l.line("sshd", pid, "pam_unix(sshd:session): session opened for user %s(uid=1000) by %s(uid=0)", user, user)
	l.line("systemd-logind", 611, "New session %d of user %s.", l.written, user)
	l.line("sshd", pid, "Received disconnect from %s port %d:11: disconnected by user", host, port)
	l.line("sshd", pid, "Disconnected from user %s %s port %d", user, host, port)
	l.line("sshd", pid, "pam_unix(sshd:session): session closed for user %s", user)
}

func (l *sshdLog) cron() {
	pid := 1000 + l.random.IntN(90_000)
	l.line("CRON", pid, "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)")
	l.line("CRON", pid, "pam_unix(cron:session): session closed for user root")
}
