package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/cmd/internal/control"
)

// far is a daemon that answers what it was told to.
type far struct {
	status  control.Status
	banned  []control.Ban
	why     control.Why
	refusal error
	request any
	events  []control.Event
	copied  string
	size    int64
}

func (f *far) Status(_ context.Context, jail string) (control.Status, error) {
	f.request = jail
	return f.status, f.refusal
}

func (f *far) Banned(_ context.Context, addrs []string) ([]control.Ban, error) {
	f.request = addrs
	return f.banned, f.refusal
}

func (f *far) Why(_ context.Context, address string) (control.Why, error) {
	f.request = address
	return f.why, f.refusal
}

func (f *far) Ban(_ context.Context, r control.BanRequest) (control.BanReply, error) {
	f.request = r
	return control.BanReply{Banned: f.banned, Warnings: []string{}}, f.refusal
}

func (f *far) Unban(_ context.Context, r control.UnbanRequest) (control.UnbanReply, error) {
	f.request = r
	return control.UnbanReply{Unbanned: []control.Unbanned{{Jail: "sshd", Prefix: "192.0.2.7/32"}}, Forgotten: []control.Forgotten{}}, f.refusal
}

func (f *far) Reload(context.Context) (control.ReloadReply, error) {
	return control.ReloadReply{Started: []string{"sshd"}}, f.refusal
}

func (f *far) Version(context.Context) (control.Version, error) {
	return control.Version{Version: "1.2.3"}, f.refusal
}

func (f *far) Backup(context.Context) (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader(f.copied)), f.size, f.refusal
}

func (f *far) Events(ctx context.Context, listening func(), tell func(control.Event) error) error {
	listening()
	for _, e := range f.events {
		if err := tell(e); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

// dial serves f on a socket and returns a client of it.
func dial(t *testing.T, f *far) *control.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gaol.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(control.Handler(f))
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	client := control.Dial(path)
	t.Cleanup(client.Close)
	return client
}

func TestClientHearsWhatTheDaemonSays(t *testing.T) {
	end := time.Date(2026, 3, 10, 21, 41, 23, 0, time.UTC)
	f := &far{
		status: control.Status{
			Version: "1.2.3", Started: end.Add(-time.Hour), Observe: true, Problems: []string{"the store is full"},
			Jails: []control.JailStatus{{Name: "sshd", Enabled: true, Failures: control.Tally{Current: 1, Total: 2},
				Sources:  []control.SourceStatus{{Path: "/var/log/auth.log", Lines: 7, LastLine: &end}},
				Actions:  []control.ActionStatus{{Name: "nftables", Problem: "operation not permitted"}},
				Problems: []string{}}},
		},
		banned: []control.Ban{{Jail: "sshd", Prefix: "192.0.2.7/32", Start: end.Add(-time.Minute), End: &end, Count: 1, Lines: []string{"x"}}},
	}
	c := dial(t, f)
	ctx := t.Context()

	status, err := c.Status(ctx, "sshd")
	check(t, err, status, f.status, f.request, "sshd")
	bans, err := c.Banned(ctx, []string{"192.0.2.7", "2001:db8::/32"})
	check(t, err, bans, f.banned, f.request, []string{"192.0.2.7", "2001:db8::/32"})
	left, dropping := 12.5, true
	f.why = control.Why{
		Address: "192.0.2.7", Known: true, Running: true, Jails: []control.WhyJail{{Name: "sshd", Failures: 2, Needed: 5, Until: &end}},
		History: []control.WhyEvent{{Time: end, What: "ban", Line: "x", Pattern: "^x$", End: &end, Evidence: []control.WhyLine{{Line: "x", Pattern: "^x$"}}}},
		Kernel:  []control.WhyKernel{{Set: "gaol-sshd", Holds: true, LeftSeconds: &left, Packets: 7, Dropping: &dropping}},
	}
	why, err := c.Why(ctx, "192.0.2.7")
	check(t, err, why, f.why, f.request, "192.0.2.7")
	ban := control.BanRequest{Jail: "sshd", Time: "1d", Addresses: []string{"192.0.2.7"}}
	banned, err := c.Ban(ctx, ban)
	check(t, err, banned.Banned, f.banned, f.request, ban)
	unban := control.UnbanRequest{All: true}
	unbanned, err := c.Unban(ctx, unban)
	check(t, err, unbanned.Unbanned[0].Prefix, "192.0.2.7/32", f.request, unban)
	reloaded, err := c.Reload(ctx)
	check(t, err, reloaded.Started, []string{"sshd"}, nil, nil)
	version, err := c.Version(ctx)
	check(t, err, version.Version, "1.2.3", nil, nil)
}

func check[T any](t *testing.T, err error, got, want T, request, wantRequest any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if wantRequest != nil {
		if diff := cmp.Diff(wantRequest, request); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	}
}

func TestRefusalKeepsItsWords(t *testing.T) {
	c := dial(t, &far{refusal: &control.Error{Status: http.StatusNotFound, Message: `no jail "ssh" is running`}})
	_, err := c.Status(t.Context(), "ssh")
	refused, ok := errors.AsType[*control.Error](err)
	if !ok || refused.Status != http.StatusNotFound || refused.Error() != `no jail "ssh" is running` {
		t.Errorf("got %#v", err)
	}
}

func TestFaultOfTheDaemonIsAnError(t *testing.T) {
	c := dial(t, &far{refusal: errors.New("out of order")})
	if _, err := c.Reload(t.Context()); err == nil || err.Error() != "out of order" {
		t.Errorf("got %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	_, err := control.Dial(filepath.Join(t.TempDir(), "none.sock")).Version(t.Context())
	if !errors.Is(err, control.ErrNotRunning) || !strings.Contains(err.Error(), "systemctl start gaol") {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, fs.ErrPermission) {
		t.Error("this is not a matter of permission")
	}
}

func TestEventsArriveInOrder(t *testing.T) {
	f := &far{events: []control.Event{{What: "failure", Jail: "a"}, {What: "ban", Jail: "b", Enforced: true}}}
	var got []string
	enough := errors.New("enough")
	err := dial(t, f).Events(t.Context(), nil, func(e control.Event) error {
		if got = append(got, e.What+" "+e.Jail); len(got) == len(f.events) {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"failure a", "ban b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBadRequestIsRefused(t *testing.T) {
	server := httptest.NewServer(control.Handler(&far{}))
	defer server.Close()
	for name, body := range map[string]string{
		"no JSON":        "ban them all",
		"an unknown key": `{"addres":["192.0.2.7"]}`,
		"nothing":        "",
		"a wrong type":   `{"addresses":"192.0.2.7"}`,
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := http.Post(server.URL+"/v1/ban", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), `"error":"reading the request`) {
				t.Errorf("got %s %s", resp.Status, text)
			}
		})
	}
}

// TestOpenAPI holds the description against the server and the types.
func TestOpenAPI(t *testing.T) {
	var doc struct {
		Paths      map[string]map[string]any
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any
				Required   []string
			}
		}
	}
	if err := json.Unmarshal(control.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(control.Handler(&far{}))
	defer server.Close()
	for path, methods := range doc.Paths {
		for method := range methods {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			req, _ := http.NewRequestWithContext(ctx, strings.ToUpper(method), server.URL+path, strings.NewReader("{}"))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			cancel()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s %s: got %s", method, path, resp.Status)
			}
		}
	}
	types := []any{
		control.Status{}, control.WebStatus{}, control.JailStatus{}, control.HostsStatus{}, control.Tally{}, control.SourceStatus{}, control.ActionStatus{}, control.Ban{},
		control.BanRequest{}, control.BanReply{}, control.UnbanRequest{}, control.UnbanReply{}, control.Unbanned{}, control.Listed{}, control.Forgotten{},
		control.ReloadReply{}, control.Version{}, control.Operator{}, control.Event{}, control.Error{},
		control.Why{}, control.WhyJail{}, control.WhyEvent{}, control.WhyLine{}, control.WhyKernel{}, control.WhyLeak{}, control.LeaksStatus{}, control.Leak{},
		control.Blocklist{}, control.ListStatus{}, control.WhyListed{},
	}
	if len(types) != len(doc.Components.Schemas) {
		t.Errorf("%d types are described, there are %d", len(doc.Components.Schemas), len(types))
	}
	for _, v := range types {
		typ := reflect.TypeOf(v)
		schema, ok := doc.Components.Schemas[typ.Name()]
		if !ok {
			t.Errorf("%s is not described", typ.Name())
			continue
		}
		fields := 0
		for field := range typ.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			fields++
			if _, ok := schema.Properties[name]; !ok {
				t.Errorf("%s.%s is not described", typ.Name(), name)
			}
			if optional := strings.Contains(options, "omitempty"); optional == slices.Contains(schema.Required, name) {
				t.Errorf("%s.%s: required in the description, optional %v in the type", typ.Name(), name, optional)
			}
		}
		if fields != len(schema.Properties) {
			t.Errorf("%s: %d properties are described, there are %d", typ.Name(), len(schema.Properties), fields)
		}
	}
}

func TestMetrics(t *testing.T) {
	packets, bytes := uint64(1234), uint64(74040)
	f := &far{status: control.Status{Version: "1.2.3", Problems: []string{"a"}, Jails: []control.JailStatus{{
		Name: "sshd", Failures: control.Tally{Current: 3, Total: 9}, Banned: control.Tally{Current: 1, Total: 2},
		Hosts:    control.HostsStatus{Current: 7, Limit: 100, Forgotten: 8},
		Sources:  []control.SourceStatus{{Path: "/var/log/auth.log", Lines: 70, Matched: 7, LagSeconds: 1.5}, {Path: "/var/log/\xff.log", Lines: 1}},
		Actions:  []control.ActionStatus{{Name: "nftables", Healthy: true, Packets: &packets, Bytes: &bytes}, {Name: "command"}, {Name: "command", Healthy: true}},
		Problems: []string{"b", "c"}, Trusted: 4, Leaks: &control.LeaksStatus{Current: 2, Failures: 17},
	}, {Name: "trial", Shadow: true},
		{Name: "drop", Blocklist: &control.Blocklist{Networks: 8, Enforced: 7, Packets: &packets, Bytes: &bytes}}}}}
	server := httptest.NewServer(control.Handler(f))
	defer server.Close()
	resp, err := http.Get(server.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for _, want := range []string{
		`gaol_info{version="1.2.3"} 1`, `gaol_problems{jail=""} 1`, `gaol_problems{jail="sshd"} 2`,
		`gaol_failures{jail="sshd"} 3`, `gaol_failures_total{jail="sshd"} 9`, `gaol_banned{jail="sshd"} 1`,
		`gaol_jail_enforces{jail="sshd"} 1`, `gaol_jail_enforces{jail="trial"} 0`, `gaol_trusted{jail="sshd"} 4`,
		`gaol_banned_total{jail="sshd"} 2`, `gaol_hosts{jail="sshd"} 7`, `gaol_hosts_limit{jail="sshd"} 100`, `gaol_hosts_forgotten_total{jail="sshd"} 8`, `gaol_source_lines_total{jail="sshd",source="/var/log/auth.log"} 70`,
		`gaol_source_lag_seconds{jail="sshd",source="/var/log/auth.log"} 1.5`, `gaol_action_healthy{action="nftables",jail="sshd"} 1`,
		`gaol_leaks{jail="sshd"} 2`, `gaol_leaked_failures_total{jail="sshd"} 17`, `gaol_leaks{jail="trial"} 0`,
		`gaol_refused_packets_total{action="nftables",jail="sshd"} 1234`, `gaol_refused_bytes_total{action="nftables",jail="sshd"} 74040`,
		`gaol_blocklist_networks{jail="drop"} 7`, `gaol_blocklist_refused_packets_total{jail="drop"} 1234`, `gaol_blocklist_refused_bytes_total{jail="drop"} 74040`,
		`gaol_action_healthy{action="command",jail="sshd"} 0`, `gaol_source_lines_total{jail="sshd",source="/var/log/` + "\uFFFD" + `.log"} 1`,
	} {
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), `gaol_refused_packets_total{action="command"`) {
		t.Error("an action that does not count has a count")
	}
}

func TestBackup(t *testing.T) {
	whole := strings.Repeat("SQLite format 3\x00", 200_000)
	for _, tt := range []struct {
		name    string
		far     far
		problem string
	}{
		{"whole", far{copied: whole, size: int64(len(whole))}, ""},
		{"cut short", far{copied: whole[:len(whole)-1], size: int64(len(whole))}, "unexpected EOF"},
		{"refused", far{refusal: &control.Error{Status: http.StatusConflict, Message: "there is no store"}}, "there is no store"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			size, err := dial(t, &tt.far).Backup(t.Context(), &got)
			if tt.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || size != tt.far.size || got.String() != whole {
				t.Errorf("got %d bytes, %v", size, err)
			}
		})
	}
}
