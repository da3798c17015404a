package replay_test

import (
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/replay"
	"gaol/config"
	"gaol/config/stock"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// place is a folder with a configuration and logs.
type place struct {
	t   *testing.T
	dir string
}

// newPlace writes a configuration; DIR in it is the folder.
func newPlace(t *testing.T, conf string) place {
	t.Helper()
	p := place{t, t.TempDir()}
	p.write("gaol.toml", "[jail.sshd]\nenabled = false\n[default]\nignoreself = false\n"+strings.ReplaceAll(conf, "DIR", p.dir))
	return p
}

func (p place) path(name string) string { return filepath.Join(p.dir, name) }

func (p place) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p place) compress(name, text string) {
	p.t.Helper()
	f, err := os.Create(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	w := gzip.NewWriter(f)
	if _, err := w.Write([]byte(text)); err != nil {
		p.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		p.t.Fatal(err)
	}
}

func (p place) options(logs ...string) replay.Options {
	for i := range logs {
		logs[i] = p.path(logs[i])
	}
	return replay.Options{
		Config: config.Load(config.Options{File: p.path("gaol.toml"), Stock: stock.FS()}),
		Logs:   logs, Now: noon.Add(24 * time.Hour), Cores: 3, Timeline: true,
	}
}

func (p place) run(opts replay.Options) *replay.Result {
	p.t.Helper()
	r, err := replay.Run(p.t.Context(), opts)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// failed is a line of a failure so many seconds after noon.
func failed(seconds int, host string) string {
	return noon.Add(time.Duration(seconds)*time.Second).Format("2006-01-02 15:04:05") + " UTC ERROR Login failure " + host + "\n"
}

func app(name, keys string) string {
	return fmt.Sprintf("[jail.%s]\nenabled = true\nfailregex = ['^ERROR Login failure <HOST>$']\nmaxretry = 3\n%s\n", name, keys)
}

// story tells bans as "jail target start length count", start in seconds after noon.
func story(r *replay.Result) []string {
	var list []string
	for _, b := range r.Bans {
		length := "ever"
		if !b.Forever() {
			length = b.End.Sub(b.Start).String()
		}
		list = append(list, fmt.Sprintf("%s %s %d %s #%d", b.Jail, b.Target(), int(b.Start.Sub(noon).Seconds()), length, b.Count))
	}
	return list
}

func expect(t *testing.T, r *replay.Result, want ...string) {
	t.Helper()
	if got := story(r); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRotatedFilesAreOneLog(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/app.log"]`))
	p.compress("app.log.2.gz", failed(0, "192.0.2.1"))
	p.write("app.log.1", failed(10, "192.0.2.1")+strings.TrimSuffix(failed(11, "192.0.2.2"), "\n")) // no line end
	p.write("app.log", failed(20, "192.0.2.1")+failed(21, "192.0.2.2")+failed(22, "192.0.2.2")+failed(700, "192.0.2.1"))
	for _, order := range [][]string{{"app.log", "app.log.1", "app.log.2.gz"}, {"app.log.1", "app.log.2.gz", "app.log", "app.log"}} {
		r := p.run(p.options(order...))
		expect(t, r, "app 192.0.2.1 20 10m0s #1", "app 192.0.2.2 22 10m0s #1")
		if r.Lines != 7 || r.Failures != 7 || !r.From.Equal(noon) || !r.To.Equal(noon.Add(700*time.Second)) {
			t.Errorf("got %+v", r)
		}
	}
}

func TestLogsAreReadSideBySide(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/one.log", "DIR/two.log"]`)+app("web", `logpath = ["DIR/two.log"]
[jail.app.bantime_increment]
enabled = true
overalljails = true`))
	p.write("one.log", failed(0, "192.0.2.1")+failed(100, "192.0.2.1")+failed(700, "192.0.2.1"))
	p.write("two.log", failed(50, "192.0.2.1")+failed(60, "192.0.2.3")+failed(61, "192.0.2.3")+failed(62, "192.0.2.3")+failed(1300, "192.0.2.1"))
	r := p.run(p.options("one.log", "two.log"))
	expect(t, r, "app 192.0.2.3 62 10m0s #1", "web 192.0.2.3 62 10m0s #1", "app 192.0.2.1 100 10m0s #1")
	if r.Failures != 3+2*5 {
		t.Errorf("got %d failures", r.Failures)
	}
}

func TestIncrementsGrow(t *testing.T) {
	p := newPlace(t, app("app", "logpath = [\"DIR/app.log\"]\nbantime = \"1m\"\n[jail.app.bantime_increment]\nenabled = true\nrndtime = \"10m\""))
	var log strings.Builder
	for i := range 9 {
		log.WriteString(failed(200*(i/3)+i, "192.0.2.1"))
	}
	p.write("app.log", log.String())
	r := p.run(p.options("app.log"))
	expect(t, r, "app 192.0.2.1 2 1m0s #1", "app 192.0.2.1 205 2m0s #2", "app 192.0.2.1 408 4m0s #3")
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "rndtime") {
		t.Errorf("notes: %q", r.Notes)
	}
}

func TestNobodyWhoIsIgnoredIsBanned(t *testing.T) {
	p := newPlace(t, app("app", "logpath = [\"DIR/app.log\"]\nignoreip = [\"192.0.2.0/24\"]"))
	p.write("app.log", strings.Repeat(failed(0, "192.0.2.1")+failed(1, "198.51.100.1"), 3))
	r := p.run(p.options("app.log"))
	expect(t, r, "app 198.51.100.1 1 10m0s #1")
	if r.Ignored != 3 {
		t.Errorf("%d are ignored", r.Ignored)
	}
}

func TestWhichJailReads(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/app.log"]`))
	p.write("copy.log", strings.Repeat(failed(0, "192.0.2.1"), 3))
	p.write("sshd.log", strings.Repeat("2026-03-10T12:00:00+00:00 host sshd[1]: Failed password for root from 192.0.2.9 port 1 ssh2\n", 6))
	if _, err := replay.Run(t.Context(), p.options("copy.log")); err == nil || !strings.Contains(err.Error(), "with -j (enabled: app)") {
		t.Errorf("got %v", err)
	}
	opts := p.options("copy.log")
	opts.Jail = "app"
	expect(t, p.run(opts), "app 192.0.2.1 0 10m0s #1")
	opts = p.options("sshd.log")
	opts.Jail = "sshd"
	if _, err := replay.Run(t.Context(), opts); err == nil || !strings.Contains(err.Error(), `no jail "sshd"`) {
		t.Errorf("a jail that is not enabled: got %v", err)
	}
	opts.Config = config.Load(config.Options{File: p.path("gaol.toml"), Stock: stock.FS(), Enable: "sshd"})
	expect(t, p.run(opts), "sshd 192.0.2.9 0 10m0s #1")
	for _, missing := range []string{"none.log", "."} {
		if _, err := replay.Run(t.Context(), p.options(missing)); err == nil {
			t.Errorf("%s: no error", missing)
		}
	}
}

func TestDamagedLogIsAnError(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/app.log"]`))
	p.compress("app.log.1.gz", strings.Repeat(failed(0, "192.0.2.1"), 1000))
	whole, err := os.ReadFile(p.path("app.log.1.gz"))
	if err != nil {
		t.Fatal(err)
	}
	p.write("app.log.1.gz", string(whole[:len(whole)-20]))
	p.write("app.log", failed(1, "192.0.2.1"))
	if _, err := replay.Run(t.Context(), p.options("app.log", "app.log.1.gz")); err == nil || !strings.Contains(err.Error(), "app.log.1.gz") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

func TestUndatedFailures(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/app.log"]`))
	undated := "ERROR Login failure 192.0.2.1\n"
	p.write("app.log", undated+failed(0, "192.0.2.1")+undated+undated)
	r := p.run(p.options("app.log"))
	expect(t, r, "app 192.0.2.1 0 10m0s #1")
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "failures without a date: 2;") || !strings.Contains(notes, "failures before any date: 1;") {
		t.Errorf("notes: %q", notes)
	}
}

func TestZoneOfDates(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/app.log"]`))
	p.write("app.log", strings.Repeat("2026-03-10 14:00:00 ERROR Login failure 192.0.2.1\n", 3))
	opts := p.options("app.log")
	opts.Zone = time.FixedZone("", 2*3600)
	expect(t, p.run(opts), "app 192.0.2.1 0 10m0s #1")
}

// The cores must not change the result, with filters that need the order of lines and without.
func TestSameOnAllCores(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/app.log"]`)+`
[jail.session]
enabled = true
maxretry = 4
failregex = ['^ERROR <F-MLFID>Login</F-MLFID> failure <HOST>$']
logpath = ["DIR/app.log"]
`)
	random := rand.New(rand.NewPCG(1, 2))
	var log strings.Builder
	for i := range 60_000 {
		switch random.IntN(4) {
		case 0:
			log.WriteString(failed(i/4, fmt.Sprintf("192.0.2.%d", random.IntN(200))))
		default:
			log.WriteString(noon.Add(time.Duration(i/4)*time.Second).Format("2006-01-02 15:04:05") + " UTC INFO all is well, as always\n")
		}
	}
	p.write("app.log", log.String())
	var want []string
	for _, cores := range []int{1, 2, 5} {
		opts := p.options("app.log")
		opts.Cores = cores
		r := p.run(opts)
		got := append(story(r), fmt.Sprint(r.Lines, r.Failures))
		if want == nil {
			want = got
		}
		if len(r.Bans) < 100 || !slices.Equal(got, want) {
			t.Errorf("%d cores: got %d bans, want %d", cores, len(got), len(want))
		}
	}
}

// Who was let in needs more failures here, too.
func TestTrustIsReplayed(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/app.log"]
successregex = ['^INFO Login <HOST>$']
trusttime = "1h"
trustretry = 1`))
	letIn := strings.Replace(failed(0, "192.0.2.1"), "ERROR Login failure", "INFO Login", 1)
	p.write("app.log", letIn+failed(1, "192.0.2.1")+failed(1, "192.0.2.2")+failed(2, "192.0.2.1")+failed(2, "192.0.2.2")+
		failed(3, "192.0.2.1")+failed(3, "192.0.2.2")+failed(4, "192.0.2.1"))
	for _, zone := range []*time.Location{nil, time.UTC} {
		opts := p.options("app.log")
		opts.Zone = zone
		r := p.run(opts)
		expect(t, r, "app 192.0.2.2 3 10m0s #1", "app 192.0.2.1 4 10m0s #1")
		if r.Failures != 7 {
			t.Errorf("%d failures, want 7", r.Failures)
		}
	}
}
