package jail_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gaol/jail"
)

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

func TestIgnoreEntries(t *testing.T) {
	for _, tt := range []struct {
		entry    string
		ignored  []string
		not      []string
		mistaken string // what the error says
	}{
		{entry: "192.0.2.6", ignored: []string{"192.0.2.6", "::ffff:192.0.2.6"}, not: []string{"192.0.2.7"}},
		{entry: "192.0.2.6/24", ignored: []string{"192.0.2.0", "192.0.2.255"}, not: []string{"192.0.3.0", "192.0.1.255"}},
		{entry: "192.0.2.6/255.255.255.0", ignored: []string{"192.0.2.255"}, not: []string{"192.0.3.0"}},
		{entry: "::ffff:10.0.0.0/104", ignored: []string{"10.9.9.9"}, not: []string{"11.0.0.0"}},
		{entry: "2001:db8::/32", ignored: []string{"2001:db8:ffff::1"}, not: []string{"2001:db9::"}},
		{entry: "2001:db8::1/ffff:ffff::", ignored: []string{"2001:db8:ffff::1"}, not: []string{"2001:db9::"}},
		{entry: "0.0.0.0/0", ignored: []string{"255.255.255.255"}, not: []string{"::1"}},
		{entry: "::/0", ignored: []string{"::1", "ffff::"}, not: []string{"192.0.2.6"}},
		{entry: " 192.0.2.6 ", ignored: []string{"192.0.2.6"}},
		{entry: "10.0.0.300", mistaken: `"10.0.0.300": neither an address nor a network`},
		{entry: "10.0.0/8", mistaken: `"10.0.0/8": neither`},
		{entry: "10.0.0.0/33", mistaken: `"33" is no prefix length`},
		{entry: "10.0.0.0/255.0.255.0", mistaken: "the mask has gaps"},
		{entry: "10.0.0.0/ffff::", mistaken: "different families"},
		{entry: "fe80::1%eth0", mistaken: "neither"},
		{entry: "a b", mistaken: "neither"},
		{entry: "", mistaken: "neither"},
		{entry: "file:", mistaken: "path is missing"},
		{entry: "-host.example", mistaken: "neither"},
	} {
		t.Run(tt.entry, func(t *testing.T) {
			ig, err := jail.NewIgnore([]string{"203.0.113.5", tt.entry}, jail.IgnoreOptions{})
			if (err != nil) != (tt.mistaken != "") || err != nil && !strings.Contains(err.Error(), tt.mistaken) {
				t.Errorf("got error %v, want %q", err, tt.mistaken)
			}
			for _, a := range append(tt.ignored, "203.0.113.5") {
				if _, ok := ig.Match(addr(a)); !ok {
					t.Errorf("%s is not ignored", a)
				}
			}
			for _, a := range tt.not {
				if rule, ok := ig.Match(addr(a)); ok {
					t.Errorf("%s is ignored by %q", a, rule)
				}
			}
		})
	}
}

func TestIgnoreNobody(t *testing.T) {
	var ig *jail.Ignore
	if _, ok := ig.Match(addr("::1")); ok {
		t.Error("nil ignores somebody")
	}
	if _, ok := ig.Overlaps(prefix("::/0")); ok || ig.Refresh(t.Context(), noon) != nil {
		t.Error("nil ignores somebody")
	}
}

func TestIgnoreOverlaps(t *testing.T) {
	ig, err := jail.NewIgnore([]string{"10.0.0.0/8", "10.1.0.0/16", "192.0.2.7", "192.0.2.9"}, jail.IgnoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]string{
		"10.1.2.0/24":  "ignoreip 10.0.0.0/8",
		"0.0.0.0/0":    "ignoreip 10.0.0.0/8",
		"192.0.2.0/24": "ignoreip 192.0.2.7",
		"192.0.2.8/31": "ignoreip 192.0.2.9",
		"192.0.2.8/32": "",
		"11.0.0.0/8":   "",
		"9.0.0.0/8":    "",
		"::/0":         "",
	} {
		if got, _ := ig.Overlaps(prefix(p)); got != want {
			t.Errorf("%s: got %q, want %q", p, got, want)
		}
	}
}

func TestIgnoreSelf(t *testing.T) {
	addrs := []netip.Addr{addr("192.0.2.1"), addr("fe80::1%eth0"), addr("127.0.0.1")}
	var fault error
	ig, err := jail.NewIgnore(nil, jail.IgnoreOptions{Self: true, Interfaces: func() ([]netip.Addr, error) { return addrs, fault }})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"192.0.2.1", "fe80::1", "127.0.0.1", "127.1.2.3", "::1"} {
		if rule, _ := ig.Match(addr(a)); rule != "ignoreself" {
			t.Errorf("%s: got %q, want ignoreself", a, rule)
		}
	}
	addrs = []netip.Addr{addr("192.0.2.2")}
	ig.Refresh(t.Context(), noon)
	if _, ok := ig.Match(addr("192.0.2.1")); ok {
		t.Error("an address that this host has lost is still ignored")
	}
	fault = errors.New("no netlink")
	if errs := ig.Refresh(t.Context(), noon); len(errs) != 1 {
		t.Errorf("got %v, want the fault", errs)
	}
	if _, ok := ig.Match(addr("192.0.2.2")); !ok {
		t.Error("a fault has made gaol forget its own address")
	}
}

func TestIgnoreSelfReadsInterfaces(t *testing.T) {
	ig, err := jail.NewIgnore(nil, jail.IgnoreOptions{Self: true})
	if err != nil {
		t.Fatal(err)
	}
	if rule, _ := ig.Match(addr("127.0.0.1")); rule != "ignoreself" {
		t.Errorf("got %q for 127.0.0.1", rule)
	}
}

func TestIgnoreNames(t *testing.T) {
	answers := map[string][]netip.Addr{"admin.example.org": {addr("192.0.2.6"), addr("::ffff:192.0.2.7")}}
	asked := 0
	var mu sync.Mutex
	ig, err := jail.NewIgnore([]string{"admin.example.org", "gone.example.org"}, jail.IgnoreOptions{
		Lookup: func(_ context.Context, name string) ([]netip.Addr, time.Duration, error) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			if a, ok := answers[name]; ok {
				return slices.Clone(a), 5 * time.Minute, nil
			}
			return nil, 0, errors.New("no such host")
		},
	})
	if err != nil || asked != 0 {
		t.Fatalf("got %v after %d look-ups, want none before Refresh", err, asked)
	}
	check := func(host, want string) {
		t.Helper()
		if got, _ := ig.Match(addr(host)); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
	if errs := ig.Refresh(t.Context(), noon); len(errs) != 1 || !strings.Contains(errs[0].Error(), `"gone.example.org"`) {
		t.Errorf("got %v, want one name unknown", errs)
	}
	check("192.0.2.6", "ignoreip admin.example.org")
	check("192.0.2.7", "ignoreip admin.example.org")
	if errs := ig.Refresh(t.Context(), at(59)); len(errs) != 1 {
		t.Errorf("got %v: a name is still unknown while it waits for its next look-up", errs)
	}
	if asked != 2 {
		t.Errorf("got %d look-ups within a minute, want 2", asked)
	}
	delete(answers, "admin.example.org")
	if errs := ig.Refresh(t.Context(), at(300)); len(errs) != 2 {
		t.Errorf("got %v, want both unknown", errs)
	}
	check("192.0.2.6", "ignoreip admin.example.org") // the last known answer
	answers["admin.example.org"] = []netip.Addr{addr("192.0.2.8")}
	ig.Refresh(t.Context(), at(360))
	check("192.0.2.6", "")
	check("192.0.2.8", "ignoreip admin.example.org")
}

func TestIgnoreFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allow.txt")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	ig, err := jail.NewIgnore([]string{"file:" + path, "192.0.2.99"}, jail.IgnoreOptions{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want a missing file", err)
	}
	check := func(host, want string) {
		t.Helper()
		if got, _ := ig.Match(addr(host)); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
	check("192.0.2.99", "ignoreip 192.0.2.99")
	write("# office\n192.0.2.1, 192.0.2.2 192.0.2.3;x\t10.0.0.0/8 # 192.0.2.4\n;192.0.2.5\r\n192.0.2.6")
	errs := ig.Refresh(t.Context(), noon)
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), path+`: line 2: "192.0.2.3;x"`) {
		t.Errorf("got %v, want one fault with its line", errs)
	}
	rule := "file:" + path
	for _, a := range []string{"192.0.2.1", "192.0.2.2", "10.1.1.1", "192.0.2.6"} {
		check(a, rule)
	}
	for _, a := range []string{"192.0.2.3", "192.0.2.4", "192.0.2.5"} {
		check(a, "")
	}
	if again := ig.Refresh(t.Context(), noon); len(again) != 1 {
		t.Errorf("got %v, want the fault again while it is there", again)
	}
	write("192.0.2.4")
	if errs := ig.Refresh(t.Context(), noon); errs != nil {
		t.Errorf("got %v", errs)
	}
	check("192.0.2.4", rule)
	check("192.0.2.1", "")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if errs := ig.Refresh(t.Context(), noon); len(errs) != 1 {
		t.Errorf("got %v, want a missing file", errs)
	}
	check("192.0.2.4", rule)
}

func TestIgnoreFileWithManyEntries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allow.txt")
	var text strings.Builder
	text.WriteString(strings.Repeat("nonsense!,", 1000))
	for n := range 100_000 {
		text.WriteString(failureOf(n, noon).Prefix.String() + ",")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ig, err := jail.NewIgnore([]string{"file:" + path}, jail.IgnoreOptions{})
	if err == nil || strings.Count(err.Error(), "\n") != 20 || !strings.Contains(err.Error(), "980 more") {
		t.Errorf("got %v, want 20 faults and the number of the others", err)
	}
	if _, ok := ig.Match(failureOf(99_999, noon).Prefix.Addr()); !ok {
		t.Error("the last entry is not ignored")
	}
}

func TestIgnoreFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, fifo} {
		if _, err := jail.NewIgnore([]string{"file:" + path}, jail.IgnoreOptions{}); err == nil {
			t.Errorf("%s was read", path)
		}
	}
}

func TestIgnoreWhileItIsRefreshed(t *testing.T) {
	ig, err := jail.NewIgnore([]string{"192.0.2.6", "host.example"}, jail.IgnoreOptions{
		Lookup: func(context.Context, string) ([]netip.Addr, time.Duration, error) {
			return []netip.Addr{addr("192.0.2.7")}, time.Minute, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for n := range 200 {
			ig.Refresh(t.Context(), noon.Add(time.Duration(n)*time.Hour))
		}
	})
	for range 200 {
		if _, ok := ig.Match(addr("192.0.2.6")); !ok {
			t.Error("not ignored for a moment")
		}
	}
	all.Wait()
}
