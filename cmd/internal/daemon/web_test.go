package daemon_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
)

// freePort is an address on loopback to which nobody listens now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func webJail(address, action string) string {
	return oneJail("app", "banaction = \"none\"\naction = "+action) + fmt.Sprintf("[web]\nlisten = %q\n", address)
}

// ask asks the daemon's listener over a connection of its own. Status 0 is no answer.
func ask(t *testing.T, url string, headers ...string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

// waitAnswer waits until a question about a client is answered by a status.
func (s *site) waitAnswer(url, client string, want int) {
	s.t.Helper()
	t, ok := s.t.(*testing.T)
	if !ok {
		s.t.Fatal("it is for tests")
	}
	s.wait(fmt.Sprintf("%s says %d of %s", url, want, client), func() error {
		if got, body := ask(t, url, "X-Forwarded-For", client); got != want {
			return fmt.Errorf("status %d: %s", got, body)
		}
		return nil
	})
}

func bans(o *daemon.Options) { o.Observe = false }

func TestProxiesAskWhoIsBanned(t *testing.T) {
	address := freePort(t)
	s := newSite(t, webJail(address, `"caddy"`))
	stop := s.run(bans)
	s.waitAnswer(address+"/check", "203.0.113.7", 200)
	s.append("app.log", failures(5, "203.0.113.7"))
	s.waitAnswer(address+"/check", "203.0.113.7", 403)
	s.waitAnswer(address+"/check/app", "203.0.113.7", 403)
	s.waitAnswer(address+"/check", "203.0.113.8", 200)
	if status, body := ask(t, address+"/denylist"); status != 200 || body != "203.0.113.7/32\n" {
		t.Errorf("the list: status %d, %q", status, body)
	}
	if a := s.jail("app").Actions; len(a) != 1 || a[0].Name != "caddy" || !a[0].Healthy {
		t.Errorf("actions: %+v", a)
	}

	// Another address, name of the action and jail beside it; the bans stay.
	other := freePort(t)
	if reply := s.reload(webJail(other, `"traefik"`)); len(reply.Problems) > 0 {
		t.Errorf("reloading: %q", reply.Problems)
	}
	s.waitAnswer(other+"/check", "203.0.113.7", 403)
	s.waitAnswer(address+"/check", "203.0.113.7", 0)
	// A slip in [web] leaves it as it is.
	if reply := s.reload(webJail(other, `"traefik"`) + "proxies = ['proxy']\n"); len(reply.Problems) == 0 {
		t.Error("reloading: no problem")
	}
	s.waitAnswer(other+"/check", "203.0.113.7", 403)
	if _, err := s.client.Unban(t.Context(), control.UnbanRequest{All: true}); err != nil {
		t.Fatal(err)
	}
	s.waitAnswer(other+"/check", "203.0.113.7", 200)

	if w := s.status().Web; w == nil || w.Listen != other || w.Denied < 4 || w.Allowed < 2 {
		t.Errorf("status: %+v", w)
	}
	if _, metrics := ask(t, other+"/metrics"); !strings.Contains(metrics, "\ngaol_web_checks_total{answer=\"denied\"} ") {
		t.Errorf("metrics: %.2000s", metrics)
	}

	// Whoever is not listed any more is told nothing, and the list is for the token.
	s.append("app.log", failures(5, "203.0.113.9"))
	s.waitAnswer(other+"/check", "203.0.113.9", 403)
	s.reload(webJail(other, `"traefik"`) + "proxies = [\"192.0.2.80\"]\ntoken = \"sesame\"\n")
	s.waitAnswer(other+"/check", "203.0.113.9", 200)
	s.waitProblem("", "127.0.0.1 asks whether clients are banned and is not in [web] proxies")
	if status, _ := ask(t, other+"/denylist"); status != 401 {
		t.Errorf("the list without the token: status %d", status)
	}
	if status, body := ask(t, other+"/denylist", "Authorization", "Bearer sesame"); status != 200 || body != "203.0.113.9/32\n" {
		t.Errorf("the list: status %d, %q", status, body)
	}

	s.reload(webJail("", `[]`))
	s.waitAnswer(other+"/check", "203.0.113.7", 0)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestHostileQuestions sends what no proxy would. Nobody is let in or kept out by it, and gaol goes on.
func TestHostileQuestions(t *testing.T) {
	address := freePort(t)
	s := newSite(t, webJail(address, `"caddy"`))
	s.run(bans)
	s.append("app.log", failures(5, "203.0.113.7"))
	s.waitAnswer(address+"/check", "203.0.113.7", 403)
	for name, tt := range map[string]struct {
		text string
		want int
	}{
		"much before the client":    {"GET /check HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + strings.Repeat("203.0.113.8, ", 4000) + "203.0.113.7\r\n\r\n", 403},
		"commas":                    {"GET /check HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + strings.Repeat(",", 50_000) + "203.0.113.7\r\n\r\n", 403},
		"proxies without end":       {"GET /check HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + strings.Repeat("127.0.0.1,", 6000) + "127.0.0.1\r\n\r\n", 200},
		"a body that never comes":   {"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n", 403},
		"headers beyond all bounds": {"GET /check HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\nCookie: " + strings.Repeat("x", 200<<10), 431},
		"another method":            {"TRACE /check HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n", 403},
		"no HTTP":                   {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			_, _ = io.WriteString(conn, tt.text) // it need not be read to its end
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != tt.want {
				t.Errorf("status %d, want %d", answer.StatusCode, tt.want)
			}
		})
	}
	s.waitAnswer(address+"/check", "203.0.113.7", 403)
	s.waitAnswer(address+"/check", "203.0.113.8", 200)
}

func TestObservingDeniesNobody(t *testing.T) {
	address := freePort(t)
	s := newSite(t, webJail(address, `"web"`))
	s.run(nil)
	s.append("app.log", failures(5, "203.0.113.7"))
	s.waitDecided("203.0.113.7")
	s.waitAnswer(address+"/check/app", "203.0.113.7", 200)
	if status, body := ask(t, address+"/denylist?jail=app"); status != 200 || body != "# nobody is banned\n" {
		t.Errorf("the list: status %d, %q", status, body)
	}
	if problems := s.status().Problems; len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}

func TestAQuestionThatCannotBeAnsweredIsAProblem(t *testing.T) {
	address := freePort(t)
	s := newSite(t, webJail(address, `"caddy"`))
	s.run(bans)
	s.waitAnswer(address+"/check", "unknown", 200)
	s.waitProblem("", `127.0.0.1 asks about clients such as "unknown", which is no address`)
	if status, body := ask(t, address+"/metrics"); status != 200 || !strings.Contains(body, "\ngaol_problems{jail=\"\"} 1\n") {
		t.Errorf("metrics: status %d, %.2000s", status, body)
	}
}

func TestAnAddressInUseStopsNoJail(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	s := newSite(t, webJail(address, `"caddy"`))
	s.run(bans)
	s.waitProblem("", "listening on "+address+" for [web]: listen tcp "+address+": bind: address already in use")
	s.append("app.log", failures(5, "203.0.113.7"))
	s.waitDecided("203.0.113.7")
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	s.waitAnswer(address+"/check", "203.0.113.7", 403)
	s.wait("the problem is over", func() error {
		if problems := s.status().Problems; len(problems) > 0 {
			return fmt.Errorf("problems: %q", problems)
		}
		return nil
	})
}
