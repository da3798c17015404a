package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

// The test binary plays other processes: one that commits until it is killed, and one
// that runs out of disk in a mount namespace of its own.
const (
	playKey   = "GAOL_STORE_TEST_PLAYS"
	playPath  = "GAOL_STORE_TEST_PATH"
	committer = "committer"
	fullDisk  = "full disk"
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(playKey) {
	case committer:
		err = commitForEver(os.Getenv(playPath))
	case fullDisk:
		err = fillDisk(os.Getenv(playPath))
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func player(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), playKey+"="+role, playPath+"="+path)
	return cmd
}

// step is transaction number n: some failures, the position behind them and every fifth time a
// ban that takes them along.
func step(n int) store.Changes {
	c := store.Changes{Positions: []filter.Position{{Path: "log", Offset: int64(n)}}}
	for i := range n%4 + 1 {
		f := counted("192.0.2.1", 0)
		f.Prefix, f.Line = hostNumber(n*10+i), strings.Repeat("x", n%700)
		c.Counted = append(c.Counted, f)
	}
	if n%5 == 0 {
		b := ban("192.0.2.1", 0, 3600)
		b.Prefix = c.Counted[0].Prefix
		c.Bans = []jail.Ban{b}
	}
	return c
}

// expected is how many failures and bans there are after transaction number n.
func expected(n int) (failures, bans int) {
	for i := 1; i <= n; i++ {
		c := step(i)
		failures += len(c.Counted) - len(c.Bans)
		bans += len(c.Bans)
	}
	return failures, bans
}

func commitForEver(path string) error {
	s, err := store.Open(path, store.Options{})
	if err != nil {
		return err
	}
	st, err := s.Load(context.Background(), noon)
	if err != nil {
		return err
	}
	n := 0
	if len(st.Positions) > 0 {
		n = int(st.Positions[0].Offset)
	}
	for {
		n++
		if err := s.Commit(context.Background(), step(n)); err != nil {
			return err
		}
		if _, err := fmt.Println(n); err != nil {
			return err
		}
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	rnd := rand.New(rand.NewPCG(9, 9))
	total := 0
	for round := range 12 {
		last := killedAfter(t, path, 1+rnd.IntN(60), rnd)
		s := open(t, path)
		if err := s.Broken(); err != nil {
			t.Fatal(err)
		}
		st := load(t, s, noon)
		if len(st.Positions) != 1 {
			t.Fatalf("round %d: got positions %v", round, st.Positions)
		}
		// One more than was reported may have been committed.
		got := int(st.Positions[0].Offset)
		if got != last && got != last+1 {
			t.Fatalf("round %d: got transaction %d, the last that was reported is %d", round, got, last)
		}
		failures, bans := expected(got)
		if len(st.Counted) != failures || len(st.Bans) != bans {
			t.Fatalf("round %d, transaction %d: got %d failures and %d bans, want %d and %d", round, got, len(st.Counted), len(st.Bans), failures, bans)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		total = got
	}
	t.Logf("%d transactions, 12 kills", total)
}

func TestKilledWhileTheFileIsMade(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 7))
	for round := range 20 {
		path := filepath.Join(t.TempDir(), "gaol.sqlite3")
		cmd := player(t, committer, path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(rnd.IntN(80))*time.Millisecond, func() { cmd.Process.Signal(syscall.SIGKILL) })
		cmd.Wait() // it was killed, which is an error
		s := open(t, path)
		if err := s.Broken(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		n := 0
		if p := load(t, s, noon).Positions; len(p) > 0 {
			n = int(p[0].Offset)
		}
		if n > 0 {
			if err := whole(t.Context(), s, n); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		s.Close()
	}
}

// killedAfter lets a committer do so many transactions, kills it somewhere in the next ones and
// says which one it reported last.
func killedAfter(t *testing.T, path string, n int, rnd *rand.Rand) (last int) {
	t.Helper()
	cmd := player(t, committer, path)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range n {
		if !lines.Scan() {
			cmd.Wait()
			t.Fatalf("the committer has ended by itself: %s", stderr.String())
		}
	}
	time.AfterFunc(time.Duration(rnd.IntN(3000))*time.Microsecond, func() { cmd.Process.Signal(syscall.SIGKILL) })
	for {
		number, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		last = number
		if !lines.Scan() {
			break
		}
	}
	cmd.Wait() // it was killed, which is an error
	return last
}

func TestDiskFullAndReadOnly(t *testing.T) {
	t.Parallel()
	cmd := player(t, fullDisk, t.TempDir())
	// A mount namespace of its own: Go makes mounts in it private.
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v (mounting needs root)\n%s", err, out)
	}
}

func fillDisk(dir string) error {
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=2m"); err != nil {
		return fmt.Errorf("mounting a small tmpfs: %w", err)
	}
	ctx := context.Background()
	s, err := store.Open(filepath.Join(dir, "gaol.sqlite3"), store.Options{})
	if err != nil {
		return err
	}
	ballast := filepath.Join(dir, "ballast")
	if err := fillFile(ballast); err != nil {
		return err
	}
	last, failure := 0, error(nil)
	for n := 1; failure == nil && n < 100_000; n++ {
		if failure = s.Commit(ctx, step(n)); failure == nil {
			last = n
		}
	}
	if failure == nil || !strings.Contains(failure.Error(), "free some space") {
		return fmt.Errorf("after %d transactions: got %v, want an error that says what to do", last, failure)
	}
	if err := whole(ctx, s, last); err != nil {
		return fmt.Errorf("with the disk full: %w", err)
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if err := s.Commit(ctx, step(last+1)); err != nil {
		return fmt.Errorf("trying again with room: %w", err)
	}
	if err := whole(ctx, s, last+1); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	return readOnly(ctx, s, dir, last+1)
}

// readOnly closes s and opens it on a disk that takes no writes.
func readOnly(ctx context.Context, s *store.Store, dir string, last int) error {
	if err := s.Close(); err != nil {
		return err
	}
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("remounting: %w", err)
	}
	if s, err := store.Open(s.Path(), store.Options{}); err == nil {
		return fmt.Errorf("%s was opened on a read-only disk", s.Path())
	}
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		return fmt.Errorf("remounting: %w", err)
	}
	s, err := store.Open(s.Path(), store.Options{})
	if err != nil {
		return err
	}
	if s.Broken() != nil {
		return s.Broken()
	}
	return whole(ctx, s, last)
}

func fillFile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(f, zeros{}, 1<<20)
	return err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// whole says what is wrong if s does not hold exactly what the first n transactions have put in.
func whole(ctx context.Context, s *store.Store, n int) error {
	st, err := loadAll(ctx, s, noon, tenMinutes)
	if err != nil {
		return err
	}
	failures, bans := expected(n)
	if len(st.Counted) != failures || len(st.Bans) != bans || st.Positions[0].Offset != int64(n) {
		return fmt.Errorf("got %d failures, %d bans, position %v; want %d, %d, %d", len(st.Counted), len(st.Bans), st.Positions, failures, bans, n)
	}
	return nil
}
