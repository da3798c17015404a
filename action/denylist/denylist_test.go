package denylist_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/denylist"
	"gaol/jail"
)

// served are lists with their handler, which loopback may ask.
type served struct {
	*denylist.Handler
	lists  *denylist.Lists
	misuse *denylist.Misuse
}

func newServed(change ...func(*denylist.Options)) served {
	opts := denylist.Options{
		Lists: denylist.NewLists(time.Now), Misuse: denylist.NewMisuse(time.Now), Proxies: prefixes("127.0.0.0/8", "::1/128"),
	}
	for _, c := range change {
		c(&opts)
	}
	return served{denylist.New(opts), opts.Lists, opts.Misuse}
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// jail starts the list of a jail with bans.
func (s served) jail(t testing.TB, name string, bans ...string) *denylist.List {
	t.Helper()
	l := s.lists.For(name)
	must(t, l.Start(t.Context()))
	must(t, l.Ban(t.Context(), bansOf(bans...), time.Now()))
	return l
}

func bansOf(targets ...string) (bans []jail.Ban) {
	for _, target := range targets {
		bans = append(bans, actiontest.Ban(target, time.Hour))
	}
	return bans
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get asks from loopback, with headers as name and value.
func (s served) get(target string, headers ...string) *httptest.ResponseRecorder {
	return s.from("127.0.0.1:5000", target, headers...)
}

func (s served) from(peer, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.RemoteAddr = peer
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestContract(t *testing.T) {
	s := newServed()
	names := map[action.Action]string{}
	actiontest.Test(t, actiontest.Suite{
		New: func(_ *testing.T, name string) action.Action {
			l := s.lists.For(name)
			names[l] = name
			return l
		},
		// What is asked over HTTP is what counts, and it is the same as what the list says itself.
		Holds: func(t *testing.T, a action.Action, p netip.Prefix) bool {
			// In this order, as a ban may end in between.
			denied := s.get("/check/"+names[a], "X-Forwarded-For", p.Addr().String()).Code == http.StatusForbidden
			held, err := a.(action.Holder).Holds(t.Context(), p)
			must(t, err)
			if held.Holds && !denied {
				t.Errorf("%s: held, and not denied", p)
			}
			return held.Holds
		},
		Timed: true, Prefixes: true, Many: 50_000,
		Dirt: map[string]func(*testing.T){
			"bans of an earlier run": func(t *testing.T) { s.jail(t, "web", "192.0.2.7") },
		},
		Damage: map[string]func(*testing.T){
			"a list that is gone": func(t *testing.T) { must(t, s.lists.For("web").Stop(t.Context())) },
		},
		Empty: func(t *testing.T) { s.jail(t, "web") },
		Clean: func(t *testing.T) {
			if left, there := s.lists.Prefixes("web"); there || len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		},
	})
}

func TestClients(t *testing.T) {
	s := newServed()
	s.jail(t, "web", "203.0.113.7", "2001:db8:0:7::/64")
	for _, tt := range []struct {
		name    string
		headers []string
		denied  bool
		problem string
	}{
		{"banned", []string{"X-Forwarded-For", "203.0.113.7"}, true, ""},
		{"other", []string{"X-Forwarded-For", "203.0.113.8"}, false, ""},
		{"IPv6 in a network", []string{"X-Forwarded-For", "2001:db8:0:7::1"}, true, ""},
		{"IPv6 in brackets, with a port", []string{"X-Forwarded-For", "[2001:db8:0:7::1]:4711"}, true, ""},
		{"IPv6 in brackets", []string{"X-Forwarded-For", "[2001:db8:0:7::1]"}, true, ""},
		{"with a port", []string{"X-Forwarded-For", "203.0.113.7:4711"}, true, ""},
		{"IPv4 as IPv6", []string{"X-Forwarded-For", "::ffff:203.0.113.7"}, true, ""},
		{"with a zone", []string{"X-Forwarded-For", "2001:db8:0:7::1%eth0"}, true, ""},
		{"who writes another before itself", []string{"X-Forwarded-For", "203.0.113.8, 203.0.113.7"}, true, ""},
		{"who accuses another", []string{"X-Forwarded-For", "203.0.113.7, 203.0.113.8"}, false, ""},
		{"who accuses another in a line of its own", []string{"X-Forwarded-For", "203.0.113.7", "X-Forwarded-For", "203.0.113.8"}, false, ""},
		{"before a listed proxy", []string{"X-Forwarded-For", "203.0.113.8, 203.0.113.7, 127.0.0.1"}, true, ""},
		{"X-Real-IP alone", []string{"X-Real-IP", "203.0.113.7"}, true, ""},
		{"who writes X-Forwarded-For where the proxy sets X-Real-IP", []string{"X-Forwarded-For", "203.0.113.8", "X-Real-IP", "203.0.113.7"}, true, ""},
		{"who writes X-Real-IP where the proxy sets X-Forwarded-For", []string{"X-Forwarded-For", "203.0.113.7", "X-Real-IP", "203.0.113.8"}, true, ""},
		{"a proxy itself", []string{"X-Forwarded-For", "127.0.0.1"}, false, ""},
		{"nobody", nil, false, "127.0.0.1 asks whether clients are banned and does not say which"},
		{"no address", []string{"X-Forwarded-For", "unknown"}, false, `such as "unknown", which is no address`},
		{"empty", []string{"X-Forwarded-For", ""}, false, `such as "nothing", which is no address`},
		{"hostile", []string{"X-Forwarded-For", "\x1b[2J" + strings.Repeat("x", 10_000)}, false, `such as "\x1b[2Jxxx`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServed(func(o *denylist.Options) { o.Lists = s.lists })
			if got := s.get("/check", tt.headers...).Code; (got == http.StatusForbidden) != tt.denied || !tt.denied && got != http.StatusOK {
				t.Errorf("status %d", got)
			}
			problems := s.misuse.Problems()
			if len(problems) > 1 || (len(problems) == 1) != (tt.problem != "") {
				t.Errorf("problems %q", problems)
			}
			for _, text := range problems {
				if !strings.Contains(text, tt.problem) || len(text) > 400 {
					t.Errorf("got %q, want %q", text, tt.problem)
				}
			}
		})
	}
}

func TestAskedAboutSomeJails(t *testing.T) {
	s := newServed()
	s.jail(t, "shop", "203.0.113.7")
	s.jail(t, "mail", "203.0.113.8")
	for target, want := range map[string]int{
		"/check": 403, "/check/shop": 403, "/check/mail": 200, "/check/mail,shop": 403, "/check/nowhere": 200,
		// Caddy hands on the query of the client's request.
		"/check?jail=mail": 403, "/check/shop?jails=mail": 403, "/elsewhere": 404,
	} {
		if got := s.get(target, "X-Forwarded-For", "203.0.113.7").Code; got != want {
			t.Errorf("%s: status %d, want %d", target, got, want)
		}
	}
	if got := s.misuse.Problems()["jail"]; !strings.Contains(got, `asks about bans of "nowhere", and there is no such jail`) {
		t.Errorf("got %q", got)
	}
}

func TestStrangersAreToldNothing(t *testing.T) {
	s := newServed()
	s.jail(t, "web", "203.0.113.7")
	for range 100 {
		if got := s.from("203.0.113.99:1", "/check", "X-Forwarded-For", "203.0.113.7").Code; got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
	}
	s.from("203.0.113.98:1", "/check", "X-Forwarded-For", "203.0.113.7")
	if got := s.misuse.Problems(); len(got) != 1 || !strings.HasPrefix(got["peer"], "203.0.113.99 asks whether clients are banned and is not in [web] proxies") {
		t.Errorf("got %q", got)
	}
	if got := s.from("203.0.113.99:1", "/denylist"); got.Code != http.StatusUnauthorized || strings.Contains(got.Body.String(), "203.0.113.7") {
		t.Errorf("status %d: %s", got.Code, got.Body)
	}
}

func TestMisusePasses(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	misuse := denylist.NewMisuse(func() time.Time { return now })
	s := newServed(func(o *denylist.Options) { o.Misuse = misuse })
	s.get("/check")
	now = now.Add(9 * time.Minute)
	if len(misuse.Problems()) != 1 {
		t.Error("it has passed already")
	}
	s.get("/check")
	now = now.Add(9 * time.Minute)
	if len(misuse.Problems()) != 1 {
		t.Error("it has passed though it goes on")
	}
	now = now.Add(time.Minute)
	if got := misuse.Problems(); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

func TestTheWholeList(t *testing.T) {
	s := newServed()
	shop := s.jail(t, "shop", "203.0.113.7", "2001:db8::/64", "9.9.9.0/24")
	s.jail(t, "mail", "203.0.113.7", "203.0.113.8")
	for target, want := range map[string]string{
		"/denylist":                         "9.9.9.0/24\n203.0.113.7/32\n203.0.113.8/32\n2001:db8::/64\n",
		"/denylist?jail=mail":               "203.0.113.7/32\n203.0.113.8/32\n",
		"/denylist?jail=mail&jail=shop":     "9.9.9.0/24\n203.0.113.7/32\n203.0.113.8/32\n2001:db8::/64\n",
		"/denylist?jail=mail&format=deny":   "deny 203.0.113.7/32;\ndeny 203.0.113.8/32;\n",
		"/denylist?jail=mail&format=geo":    "203.0.113.7/32 1;\n203.0.113.8/32 1;\n",
		"/denylist?jail=nowhere":            "there is no such jail with the action caddy, traefik or web\n",
		"/denylist?jail=mail&format=$(id)'": "format: choose plain, deny or geo\n",
	} {
		if got := s.get(target).Body.String(); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
	tag := s.get("/denylist").Header().Get("ETag")
	for _, sent := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		if got := s.get("/denylist", "If-None-Match", sent); got.Code != http.StatusNotModified || got.Body.Len() > 0 {
			t.Errorf("If-None-Match: %s: status %d, %q", sent, got.Code, got.Body)
		}
	}
	must(t, shop.Unban(t.Context(), bansOf("203.0.113.7")))
	if got := s.get("/denylist", "If-None-Match", tag); got.Code != http.StatusOK || got.Header().Get("ETag") == tag {
		t.Errorf("after an unban: status %d, tag %s", got.Code, got.Header().Get("ETag"))
	}
}

func TestTheTokenOpensTheList(t *testing.T) {
	s := newServed(func(o *denylist.Options) { o.Token = "sesame" })
	s.jail(t, "web", "203.0.113.7")
	for header, want := range map[string]int{"": 401, "Bearer sesame": 200, "Bearer Sesame": 401, "Bearer ": 401, "Basic sesame": 401, "sesame": 401} {
		for _, peer := range []string{"127.0.0.1:1", "203.0.113.99:1"} {
			if got := s.from(peer, "/denylist", "Authorization", header).Code; got != want {
				t.Errorf("%s with %q: status %d, want %d", peer, header, got, want)
			}
		}
	}
	if got := s.get("/check", "X-Forwarded-For", "203.0.113.7").Code; got != http.StatusForbidden {
		t.Errorf("a proxy asks without it: status %d", got)
	}
}

// TestAskedMeanwhile is for the race detector; and no answer may be wrong while others are banned and let in.
func TestAskedMeanwhile(t *testing.T) {
	s := newServed()
	l := s.jail(t, "web", "203.0.113.7")
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if s.get("/check", "X-Forwarded-For", "203.0.113.7").Code != 403 || s.get("/check", "X-Forwarded-For", "203.0.113.8").Code != 200 {
					t.Error("a wrong answer")
					return
				}
			}
		})
	}
	var many []jail.Ban
	for i := range 20_000 {
		many = append(many, actiontest.Ban(fmt.Sprintf("10.%d.%d.%d", i%7, i/200, i%200), time.Hour))
	}
	for range 3 {
		must(t, l.Ban(t.Context(), many, time.Now()))
		must(t, l.Unban(t.Context(), many))
	}
	close(done)
	all.Wait()
}
