package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
	"gaol/config/stock"
)

// beDaemon, in the environment, makes the test binary be the daemon: its value is the folder
// with the configuration.
const beDaemon = "GAOL_TEST_BE_DAEMON"

func TestMain(m *testing.M) {
	if dir := os.Getenv(beDaemon); dir != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := daemon.Run(ctx, options(dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func options(dir string) daemon.Options {
	return daemon.Options{
		ConfigFile: filepath.Join(dir, "gaol.toml"), Socket: filepath.Join(dir, "gaol.sock"), Stock: stock.FS(), Version: "test",
		Observe: os.Getenv("GAOL_TEST_OBSERVE") != "", Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Ready: func(control.Status) { _ = os.WriteFile(filepath.Join(dir, "ready"), nil, 0o600) },
	}
}

// site is a folder with a configuration, a log and a running daemon.
type site struct {
	t      testing.TB
	dir    string
	client *control.Client
	daemon *exec.Cmd
	// wrapper is a program with its arguments that starts the daemon.
	wrapper []string
	// newest numbers the addresses that latencies has let fail.
	newest int
}

// newSite writes a configuration; DIR in it stands for the folder.
func newSite(t testing.TB, conf string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	s.client = control.Dial(filepath.Join(s.dir, "gaol.sock"))
	t.Cleanup(s.client.Close)
	s.configure(conf)
	s.append("app.log", "")
	return s
}

func (s *site) configure(conf string) {
	s.t.Helper()
	if !strings.Contains(conf, "[store]") {
		conf += "\n[store]\npath = \"DIR/gaol.sqlite3\"\n"
	}
	if err := os.WriteFile(filepath.Join(s.dir, "gaol.toml"), []byte(strings.ReplaceAll(conf, "DIR", s.dir)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// append adds text to a file of the site.
func (s *site) append(name, text string) {
	s.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// start starts the daemon as a process and returns once it says that it runs: before, a
// new log is not open yet, and what is written to it is not read.
func (s *site) start(env ...string) {
	s.t.Helper()
	s.launch(env...)
	s.waitReady()
}

func (s *site) waitReady() {
	s.t.Helper()
	s.wait("the daemon runs", func() error {
		if !s.isReady() {
			return errors.New("it does not say so")
		}
		return nil
	})
}

// isReady says whether the daemon has said that it runs.
func (s *site) isReady() bool {
	_, err := os.Stat(filepath.Join(s.dir, "ready"))
	return err == nil
}

// launch starts the daemon as a process.
func (s *site) launch(env ...string) {
	s.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "daemon.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	_ = os.Remove(filepath.Join(s.dir, "ready"))
	command := append(slices.Clone(s.wrapper), exe)
	s.daemon = exec.Command(command[0], command[1:]...)
	// The race detector would wait a second before it ends.
	s.daemon.Env = append(os.Environ(), append(env, beDaemon+"="+s.dir, "GORACE=atexit_sleep_ms=0")...)
	s.daemon.Stdout, s.daemon.Stderr = log, log
	if err := s.daemon.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.kill)
}

// kill ends the daemon as a crash would.
func (s *site) kill() {
	if s.daemon != nil {
		_ = s.daemon.Process.Kill()
		_ = s.daemon.Wait()
		s.daemon = nil
	}
}

// stop ends the daemon as systemd would.
func (s *site) stop() {
	s.t.Helper()
	if err := s.daemon.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.daemon.Wait(); err != nil {
		s.t.Fatalf("stopping: %v\n%s", err, s.log())
	}
	s.daemon = nil
}

func (s *site) log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "daemon.log"))
	return string(text)
}

// wait waits for a state, a minute at most.
func (s *site) wait(what string, state func() error) {
	s.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		err := state()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: %v\n%s", what, err, s.log())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (s *site) status() control.Status {
	s.t.Helper()
	status, err := s.client.Status(s.t.Context(), "")
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.log())
	}
	return status
}

func (s *site) banned(addresses ...string) []control.Ban {
	s.t.Helper()
	bans, err := s.client.Banned(s.t.Context(), addresses)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.log())
	}
	return bans
}

// waitBanned waits until the kernel holds a ban of the address.
func (s *site) waitBanned(address string) control.Ban {
	s.t.Helper()
	var bans []control.Ban
	s.wait(address+" is banned, and the kernel holds it", func() error {
		bans = s.banned(address)
		if len(bans) != 1 || !bans[0].Enforced {
			return fmt.Errorf("bans: %+v", bans)
		}
		return nil
	})
	return bans[0]
}

// run runs the daemon in this process until the test ends or stop is called, which returns its error.
func (s *site) run(change func(*daemon.Options)) (stop func() error) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	opts := options(s.dir)
	ready := make(chan struct{})
	opts.Observe, opts.Logger = true, slog.New(slog.NewTextHandler(s.t.Output(), nil))
	opts.Ready = func(control.Status) { close(ready) }
	if change != nil {
		change(&opts)
	}
	done := make(chan error, 1)
	go func() { done <- daemon.Run(ctx, opts) }()
	select {
	case <-ready:
	case err := <-done:
		s.t.Fatalf("starting: %v", err)
	}
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			err = <-done
		})
		return err
	}
	s.t.Cleanup(func() { _ = stop() })
	return stop
}

// jail is a jail's status.
func (s *site) jail(name string) control.JailStatus {
	s.t.Helper()
	for _, j := range s.status().Jails {
		if j.Name == name {
			return j
		}
	}
	s.t.Fatalf("there is no jail %s", name)
	return control.JailStatus{}
}

// waitProblem waits until a jail, "" for the daemon, has a problem with these words.
func (s *site) waitProblem(jail, words string) {
	s.t.Helper()
	s.wait("the problem "+words, func() error {
		problems := s.status().Problems
		if jail != "" {
			problems = s.jail(jail).Problems
		}
		if !strings.Contains(strings.Join(problems, "\n"), words) {
			return fmt.Errorf("problems: %q", problems)
		}
		return nil
	})
}

// waitFailures waits until a jail counts n failures.
func (s *site) waitFailures(jail string, n int) {
	s.t.Helper()
	s.wait(fmt.Sprintf("%d failures are counted", n), func() error {
		if got := s.jail(jail).Failures.Current; got != n {
			return fmt.Errorf("got %d", got)
		}
		return nil
	})
}

// waitDecided waits until an address is banned, enforced or not.
func (s *site) waitDecided(address string) control.Ban {
	s.t.Helper()
	var bans []control.Ban
	s.wait(address+" is banned", func() error {
		if bans = s.banned(address); len(bans) != 1 {
			return fmt.Errorf("bans: %+v", bans)
		}
		return nil
	})
	return bans[0]
}

// failures are lines of failed logins from address, dated now.
func failures(n int, address string) string {
	return strings.Repeat(time.Now().Format("2006-01-02 15:04:05,000")+" ERROR Login failure "+address+"\n", n)
}
