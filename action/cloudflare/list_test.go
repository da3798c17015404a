package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/cloudflare"
	"gaol/jail"
)

// onList are what is on the server's list, in order.
func onList(s *actiontest.Cloudflare) string {
	return strings.Join(slices.Sorted(maps.Keys(s.Items())), " ")
}

func wantOnList(t *testing.T, s *actiontest.Cloudflare, want string) {
	t.Helper()
	if got := onList(s); got != want {
		t.Errorf("the list has %s, want %s", got, want)
	}
}

// begun is a jail's set that has been started with bans in force.
func begun(t *testing.T, l *cloudflare.List, jail string, targets ...string) *cloudflare.Set {
	t.Helper()
	s := l.Set(jail)
	must(t, s.Start(t.Context()))
	must(t, s.Ban(t.Context(), bansOf(targets...), time.Now()))
	return s
}

func TestWhatOthersHavePutThereStays(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	ago := func(d time.Duration) string { return " until " + time.Now().Add(-d).UTC().Format(time.RFC3339) }
	theirs := map[string]string{
		"203.0.113.1":    "by hand",
		"203.0.113.2":    "",
		"203.0.113.3":    "gaol web2 sshd for ever",
		"203.0.113.4":    "gaol web2 sshd" + ago(59*time.Minute),
		"203.0.113.5":    "gaol web1 elsewhere for ever", // a jail that may come back
		"203.0.113.6":    "gaol web1 sshd until soon",
		"203.0.113.7":    "gaol web1 sshd  for ever",
		"203.0.113.0/25": "by hand",
	}
	for ip, comment := range theirs {
		server.Put(ip, comment)
	}
	server.Put("203.0.113.80", "gaol web1 elsewhere"+ago(time.Second))
	server.Put("203.0.113.81", "gaol web2 sshd"+ago(61*time.Minute))
	server.Put("203.0.113.82", "gaol web1 sshd for ever")
	s := begun(t, newList(t, quick(server)), "sshd", "203.0.113.1", "203.0.113.3", "203.0.113.6")
	must(t, s.Unban(t.Context(), bansOf("203.0.113.1", "203.0.113.3")))
	must(t, s.Stop(t.Context()))
	if diff := cmp.Diff(theirs, server.Items()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHostsThatShareAList shows what the package promises of them.
func TestHostsThatShareAList(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	opts := quick(server)
	one := begun(t, newList(t, opts), "sshd", "203.0.113.1", "203.0.113.2")
	opts.Host = "web2"
	two := begun(t, newList(t, opts), "sshd", "203.0.113.2", "203.0.113.3")
	wantOnList(t, server, "203.0.113.1 203.0.113.2 203.0.113.3")
	must(t, two.Unban(t.Context(), bansOf("203.0.113.2", "203.0.113.3")))
	wantOnList(t, server, "203.0.113.1 203.0.113.2")
	must(t, two.Ban(t.Context(), bansOf("203.0.113.2"), time.Now()))
	must(t, one.Stop(t.Context()))
	wantOnList(t, server, "")
	if err := two.Check(t.Context()); !errors.Is(err, action.ErrLost) {
		t.Errorf("a look tells %v", err)
	}
	wantOnList(t, server, "203.0.113.2")
}

func TestJailsThatBanTheSame(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	list := newList(t, quick(server))
	one := begun(t, list, "sshd", "203.0.113.1")
	longer := actiontest.Ban("203.0.113.1", 2*time.Hour)
	two := begun(t, list, "web")
	must(t, two.Ban(t.Context(), []jail.Ban{longer}, time.Now()))
	if got := server.Items()["203.0.113.1"]; !strings.HasPrefix(got, "gaol web1 web until ") {
		t.Errorf("it is marked %q", got)
	}
	must(t, two.Unban(t.Context(), []jail.Ban{longer}))
	if got := server.Items()["203.0.113.1"]; !strings.HasPrefix(got, "gaol web1 sshd until ") {
		t.Errorf("it is marked %q", got)
	}
	must(t, one.Unban(t.Context(), bansOf("203.0.113.1")))
	wantOnList(t, server, "")
}

// TestARestartLeavesNoGap starts on what an earlier run has left: what is still in force is not taken out for a moment, also
// not by another jail that is ready first.
func TestARestartLeavesNoGap(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	begun(t, newList(t, quick(server)), "sshd", "203.0.113.1", "203.0.113.2")
	list := newList(t, quick(server))
	sshd := list.Set("sshd")
	must(t, sshd.Start(t.Context()))
	must(t, begun(t, list, "web", "203.0.113.9").Check(t.Context()))
	wantOnList(t, server, "203.0.113.1 203.0.113.2 203.0.113.9")
	server.Requests()
	before := server.Items()["203.0.113.1"]
	must(t, sshd.Ban(t.Context(), []jail.Ban{actiontest.Ban("203.0.113.1", 2*time.Hour)}, time.Now()))
	wantOnList(t, server, "203.0.113.1 203.0.113.9")
	got := strings.Join(server.Requests(), ", ")
	if want := "GET items, DELETE items 1, GET operation, POST items 1, GET operation"; got != want || server.Items()["203.0.113.1"] == before {
		t.Errorf("asked %s, want %s; marked %s", got, want, server.Items()["203.0.113.1"])
	}
}

// TestACrashDuringAnOperation ends a run at each of its requests, and has another one begin on what that left.
func TestACrashDuringAnOperation(t *testing.T) {
	for crash := range 8 {
		server := actiontest.NewCloudflare(t)
		server.Takes(20 * time.Millisecond)
		begun(t, newList(t, quick(server)), "sshd", "203.0.113.1", "203.0.113.2")
		ctx, cancel := context.WithCancel(t.Context())
		left := crash
		server.Fault(func(http.ResponseWriter, *http.Request) bool {
			if left--; left < 0 {
				cancel()
			}
			return false
		})
		s := newList(t, quick(server)).Set("sshd")
		_ = s.Start(ctx)
		_ = s.Ban(ctx, bansOf("203.0.113.2", "203.0.113.3"), time.Now())
		cancel()
		server.Fault(nil)
		next := begun(t, newList(t, quick(server)), "sshd", "203.0.113.3", "203.0.113.4")
		// What was under way may have been done after the list was read.
		if err := next.Check(t.Context()); err != nil && !errors.Is(err, action.ErrLost) {
			t.Error(err)
		}
		wantOnList(t, server, "203.0.113.3 203.0.113.4")
	}
}

func TestChangesOfAMomentGoTogether(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	server.Takes(100 * time.Millisecond)
	opts := quick(server)
	opts.Look = time.Hour
	list := newList(t, opts)
	first := begun(t, list, "first")
	server.Requests()
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			s := list.Set(fmt.Sprintf("jail%d", i))
			if err := errors.Join(s.Start(t.Context()), s.Ban(t.Context(), bansOf(fmt.Sprintf("203.0.113.%d", i)), time.Now())); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if posts := strings.Count(strings.Join(server.Requests(), " "), "POST"); posts < 1 || posts > 20 || len(server.Items()) != 40 {
		t.Errorf("%d requests for %d items", posts, len(server.Items()))
	}
	many := make([]string, 2500)
	for i := range many {
		many[i] = fmt.Sprintf("198.18.%d.%d", i/250, i%250)
	}
	must(t, first.Ban(t.Context(), bansOf(many...), time.Now()))
	got := strings.Join(slices.DeleteFunc(server.Requests(), func(r string) bool { return r == "GET operation" }), ", ")
	if want := "GET items, POST items 1000, POST items 1000, POST items 500"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	must(t, first.Ban(t.Context(), bansOf(many...)[:1], time.Now().Add(-time.Minute)))
	must(t, first.Check(t.Context()))
}

// TestTheRestBetweenBatches holds that two batches are Every apart, and that what is told meanwhile goes with the second.
func TestTheRestBetweenBatches(t *testing.T) {
	const every = 3 * time.Second
	server := actiontest.NewCloudflare(t)
	opts := quick(server)
	opts.Every, opts.Look = every, time.Hour
	var posts atomic.Int64
	var last atomic.Int64
	server.Fault(func(_ http.ResponseWriter, r *http.Request) bool {
		if now := time.Now().UnixNano(); r.Method == http.MethodPost {
			if before := last.Swap(now); before != 0 && time.Duration(now-before) < every {
				t.Errorf("two batches within %v", time.Duration(now-before))
			}
			posts.Add(1)
		}
		return false
	})
	s := begun(t, newList(t, opts), "sshd", "203.0.113.1")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := s.Ban(t.Context(), bansOf(fmt.Sprintf("203.0.113.%d", 10+i)), time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := posts.Load(); n > 5 || len(server.Items()) != 21 {
		t.Errorf("%d batches, %d items", n, len(server.Items()))
	}
}

// TestAFullList finds the list's own limit, and one that only Cloudflare knows.
func TestAFullList(t *testing.T) {
	for name, tt := range map[string]struct {
		limit, account int
		want           string
	}{
		"its limit":       {5, 100, "it has its 5 items: let bans be shorter, take out others, or set limit"},
		"the plan's":      {100, 5, "the maximum number of items is exceeded (code 10034)"},
		"none at all":     {3, 100, "it has its 3 items"},
		"none, by others": {100, 3, "the maximum number of items is exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			server := actiontest.NewCloudflare(t)
			server.Limit(tt.account)
			for i := range 3 {
				server.Put(fmt.Sprintf("198.51.100.%d", i), "by hand")
			}
			opts := quick(server)
			opts.Limit, opts.Look = tt.limit, time.Hour
			list := newList(t, opts)
			s := list.Set("sshd")
			must(t, s.Start(t.Context()))
			bans := bansOf("203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5", "203.0.113.6")
			bans[4].End = time.Time{}
			err := s.Ban(t.Context(), bans, time.Now())
			fit := min(tt.limit, tt.account) - 3
			want := fmt.Sprintf("bans are left out of the list gaol at Cloudflare, %d of this jail: ", 6-fit)
			if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s%s", err, want, tt.want)
			}
			if _, there := server.Items()["203.0.113.5"]; len(server.Items()) != 3+fit || there != (fit > 0) {
				t.Errorf("the list has %v", server.Items())
			}
			must(t, s.Check(t.Context()))
			server.Requests()
			if err := s.Ban(t.Context(), bans, time.Now()); err == nil {
				t.Error("the second time nothing is wrong")
			}
			if asked := server.Requests(); len(asked) > 0 {
				t.Errorf("though nothing has changed, it asked %v", asked)
			}
			// Another jail has no problem, and what it lets go of makes room.
			other := begun(t, list, "web")
			server.Take("198.51.100.0", "198.51.100.1", "198.51.100.2")
			must(t, other.Stop(t.Context()))
			if got, want := len(server.Items()), min(6, tt.limit, tt.account); got != want {
				t.Errorf("%d items, want %d", got, want)
			}
		})
	}
}

// TestAFullAccountIsNotAskedWithoutEnd has no place for any of thousands.
func TestAFullAccountIsNotAskedWithoutEnd(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	server.Limit(10)
	targets := make([]string, 5000)
	for i := range targets {
		targets[i] = fmt.Sprintf("198.18.%d.%d", i/250, i%250)
	}
	s := newList(t, quick(server)).Set("sshd")
	must(t, s.Start(t.Context()))
	server.Requests()
	if err := s.Ban(t.Context(), bansOf(targets...), time.Now()); err == nil || !strings.HasPrefix(err.Error(), "bans are left out of the list gaol at Cloudflare, 4990 of this jail: ") {
		t.Errorf("got %v", err)
	}
	if asked := server.Requests(); len(asked) > 20 || len(server.Items()) != 10 {
		t.Errorf("%d items after %q", len(server.Items()), asked)
	}
}

// TestAnItemThatIsNotTaken has Cloudflare refuse one of many, as it does with a request as a whole.
func TestAnItemThatIsNotTaken(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	server.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		return refuseBody(w, r, `"203.0.113.77"`)
	})
	opts := quick(server)
	opts.Look = time.Hour
	s := newList(t, opts).Set("sshd")
	must(t, s.Start(t.Context()))
	targets := make([]string, 200)
	for i := range targets {
		targets[i] = fmt.Sprintf("203.0.113.%d", i)
	}
	for range 2 { // it is tried again
		err := s.Ban(t.Context(), bansOf(targets...), time.Now())
		failed, _ := errors.AsType[*action.FailedError](err)
		if failed == nil || len(failed.Bans) != 1 || failed.Bans[0].Target() != "203.0.113.77" || !strings.Contains(err.Error(), "not that one (code 10035)") {
			t.Fatalf("got %v", err)
		}
		if n := len(server.Items()); n != 199 {
			t.Errorf("%d of the others got in", n)
		}
		if asked := server.Requests(); len(asked) == 0 || len(asked) > 60 {
			t.Errorf("asked %d times", len(asked))
		}
	}
	must(t, s.Ban(t.Context(), bansOf("198.51.100.1"), time.Now()))
	must(t, s.Unban(t.Context(), bansOf("203.0.113.77")))
	must(t, s.Check(t.Context()))
}
