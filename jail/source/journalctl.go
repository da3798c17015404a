package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"gaol/filter"
)

// maxEntry is how long a record of journalctl may be; longer ones are passed
// over. A message of 128 KiB as byte numbers needs 520 KiB.
const maxEntry = 1 << 20

// maxJournalBatch is how many records go into one batch.
const maxJournalBatch = 512

// child is one journalctl process.
type child struct {
	journal *Journal
	emit    Emit
	started time.Time
	// cursor is where it began, later where it is.
	cursor string
	// from leaves out what was received earlier, for a cursor that is a time.
	from time.Time
	// emitErr is why the consumer ended it.
	emitErr error
}

// run starts the process and reads until it ends, which is always an error.
func (c *child) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	command := c.journal.opts.Command
	cmd := exec.CommandContext(ctx, command[0], append(slices.Clone(command[1:]), c.arguments()...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	said := &saying{say: func(line string) {
		c.journal.setProblem(problemOf(errors.New(line), c.program()))
	}}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.journal.setProblem("")
	readErr := c.read(ctx, out)
	stop()
	waitErr := cmd.Wait()
	if last := said.last(); last != "" {
		return errors.New(last)
	}
	if !errors.Is(readErr, io.EOF) {
		return readErr
	}
	if waitErr != nil {
		return fmt.Errorf("it ended: %w", waitErr)
	}
	return errors.New("it ended")
}

// program is what is run.
func (c *child) program() string { return c.journal.opts.Command[0] }

// arguments are journalctl's, see journalctl(1). Without --merge, following means this
// boot alone (journalctl.c in systemd 252): what was written before a reboot while gaol was
// down would be missed, and everything where a container's boot id is hidden from services.
func (c *child) arguments() []string {
	args := []string{"--output=json", "--follow", "--merge", "--all", "--no-tail", "--no-pager", "--output-fields=" + entryFields}
	if from, ok := cursorTime(c.cursor); ok {
		c.from = from
		args = append(args, fmt.Sprintf("--since=@%d", from.Unix()))
	} else {
		args = append(args, "--after-cursor="+c.cursor)
	}
	return append(append(args, "--"), c.journal.opts.Match...)
}

// read hands over records, all that have come already in one batch, until there
// are no more; that is io.EOF.
func (c *child) read(ctx context.Context, out io.Reader) error {
	in := bufio.NewReaderSize(out, maxEntry)
	for {
		var lines []filter.Line
		cursor, cut := c.cursor, 0
		for more := true; more; more = len(lines) < maxJournalBatch && complete(in) {
			data, err := in.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				cut++
				err = skipLine(in)
				data = nil
			}
			if err != nil {
				return err
			}
			if len(bytes.TrimSpace(data)) == 0 {
				continue
			}
			e, err := parseEntry(data)
			if err != nil {
				// One bad record must not keep out those behind it.
				c.journal.setProblem(problemOf(fmt.Errorf("reading its output: %w", err), c.program()))
				continue
			}
			cursor = e.Cursor
			if e.Received.time().Before(c.from) {
				continue
			}
			line, isCut := e.line(c.journal.opts.Now(), c.started, c.journal.opts.MaxLine)
			lines = append(lines, line)
			if isCut {
				cut++
			}
		}
		c.journal.dropped(cut)
		if len(lines) == 0 {
			continue
		}
		at := filter.Position{Path: c.journal.path, Cursor: cursor}
		if err := c.journal.emit(ctx, c.emit, Batch{Lines: lines, Position: at}); err != nil {
			c.emitErr = err
			return err
		}
		c.cursor = cursor
	}
}

// complete says that the next record can be read without waiting.
func complete(in *bufio.Reader) bool {
	data, err := in.Peek(in.Buffered())
	return err == nil && bytes.IndexByte(data, '\n') >= 0
}

// skipLine reads on to the end of a line.
func skipLine(in *bufio.Reader) error {
	for {
		_, err := in.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// saying is what the process writes to its standard error. journalctl complains
// there of missing rights and goes on, so each line is shown at once.
type saying struct {
	say func(line string)

	mu   sync.Mutex
	line string
}

// maxSaying bounds how much of a complaint is shown.
const maxSaying = 300

// Write shows the last line of p.
func (s *saying) Write(p []byte) (int, error) {
	lines := strings.Split(strings.TrimSpace(string(p)), "\n")
	line := strings.ToValidUTF8(lines[len(lines)-1], "?")
	line = line[:min(len(line), maxSaying)]
	if line == "" {
		return len(p), nil
	}
	s.mu.Lock()
	s.line = line
	s.mu.Unlock()
	s.say(line)
	return len(p), nil
}

// last is the last line that was said.
func (s *saying) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.line
}

// problemOf says what is wrong with the child process and what to do.
func problemOf(err error, program string) string {
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("running %s: not found: install systemd, or name log files in logpath instead of the journal", program)
	case mentionsRights(err.Error()):
		return fmt.Sprintf("running %s: %v: run gaol as root, or let its user read the journal as a member of the group systemd-journal", program, err)
	}
	return fmt.Sprintf("running %s: %v", program, err)
}

// mentionsRights recognises journalctl's words, which are all it gives ("No
// journal files were opened due to insufficient permissions.", "Hint: You are
// currently not seeing messages from other users and the system.").
func mentionsRights(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "permission") || strings.Contains(text, "not seeing messages")
}
