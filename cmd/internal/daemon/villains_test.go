package daemon_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/action/notice"
)

// villain is a server that somebody is told through and that misbehaves in one way.
type villain struct {
	name string
	// web and mail are how it answers: addresses by which it is reached.
	web, mail string
	// options are further keys of the actions that are told through it; mailOptions those of mails.
	options, mailOptions string
	// words are what status must say of the actions, for each kind; "": of all others. None: they are well.
	words map[string]string
	// asked counts the requests of each kind.
	asked *counter
	mails *actiontest.MailServer
}

// counter counts by name.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[name]++
}

func (c *counter) of(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[name]
}

// outbound are the kinds of actions that tell others, with the keys that each needs. WEB and MAIL stand for the
// server's addresses.
var outbound = map[string]string{
	"webhook":      `url = "http://WEB/webhook", token = "s3cret"`,
	"notify":       `url = "ntfy://me:s3cret@WEB/notify?scheme=http"`,
	"abuseipdb":    `url = "http://WEB/abuseipdb", token = "s3cret", lines = 10`,
	"blocklist.de": `url = "http://WEB/blocklist.de", token = "s3cret", from = "me@example.com"`,
	"mail":         `server = "MAIL", tls = "starttls", user = "me", password = "s3cret", from = "gaol@example.com", to = "root@example.com"`,
	"xarf":         `server = "MAIL", tls = "starttls", user = "me", password = "s3cret", from = "gaol@example.com", to = "abuse@example.com"`,
}

func isMail(kind string) bool { return kind == "mail" || kind == "xarf" }

// entry is the configuration of an action of kind that is told through v.
func (v *villain) entry(kind string) string {
	keys, more := outbound[kind], v.options
	if isMail(kind) {
		more = v.mailOptions
	}
	if v.name == "certificate" {
		keys = strings.NewReplacer("http://", "https://", "?scheme=http", "").Replace(keys)
	}
	keys = strings.NewReplacer("WEB", v.web, "MAIL", v.mail).Replace(keys)
	return fmt.Sprintf(`{ name = %q, kind = %q, timeout = "2s", %s%s },`, v.name+"-"+kind, kind, keys, more) + "\n"
}

// wordsOf are what status must say of an action of kind.
func (v *villain) wordsOf(kind string) string {
	if words, ok := v.words[kind]; ok {
		return words
	}
	if isMail(kind) && v.words["mail"] != "" {
		return v.words["mail"]
	}
	return v.words[""]
}

const (
	mend  = "mend the action's settings and reload gaol"
	again = "it is tried again"
)

// newVillains makes one of each.
func newVillains(t *testing.T) []*villain {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	answers := func(status int, words string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if len(header) > 0 {
				w.Header().Set(header[0], header[1])
			}
			w.WriteHeader(status)
			text, _ := json.Marshal(words)
			switch kind := strings.Trim(r.URL.Path, "/"); kind {
			case "notify": // https://docs.ntfy.sh/publish/
				fmt.Fprintf(w, `{"code":%d01,"http":%d,"error":%s}`, status, status, text)
			case "abuseipdb": // https://docs.abuseipdb.com/#api-daily-rate-limits
				fmt.Fprintf(w, `{"errors":[{"detail":%s,"status":%d}]}`, text, status)
			default:
				fmt.Fprint(w, words)
			}
		}
	}
	drip := func(first string, pause time.Duration, drop string) func(net.Conn) {
		return func(c net.Conn) {
			_, err := io.WriteString(c, first)
			for err == nil {
				if pause > 0 {
					select {
					case <-time.After(pause):
					case <-over:
						return
					}
				}
				_, err = io.WriteString(c, drop)
			}
		}
	}
	raw := func(speak func(net.Conn)) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				defer c.Close()
				speak(c)
			}
		}
	}
	long := strings.Repeat("x", 1<<16)
	silent := func(net.Conn) { <-over }
	all := []*villain{
		well(t),
		newVillain(t, "401", answers(401, "unknown key"), replies(t, "AUTH", "535 5.7.8 unknown key"), map[string]string{"": "unknown key|" + mend}),
		newVillain(t, "403", answers(403, "not yours"), replies(t, "MAIL", "553 not yours"), map[string]string{"": "not yours|" + mend}),
		newVillain(t, "429", answers(429, "slow down", "Retry-After", "3600"), replies(t, "", "421 slow down"), map[string]string{"": "slow down|" + again}),
		newVillain(t, "500", answers(500, "out of order"), replies(t, "RCPT", "451 out of order"), map[string]string{"": "out of order|" + again}),
		newVillain(t, "silent", raw(silent), speaks(t, silent), map[string]string{"": "no answer within 2s|" + again}),
		newVillain(t, "slow", raw(drip("HTTP/1.1 200 OK\r\nX-Slow: ", time.Second, "x")), speaks(t, drip("220-", time.Second, "x")),
			map[string]string{"": "no answer within 2s|" + again}),
		newVillain(t, "header", raw(drip("HTTP/1.1 200 OK\r\n", 0, "X-More: "+long[:1000]+"\r\n")), speaks(t, drip("", 0, "220-"+long[:70]+"\r\n")),
			map[string]string{"": "headers exceeded|" + again, "mail": "says more than|" + again}),
		newVillain(t, "body", raw(drip("HTTP/1.1 500 Out of order\r\n\r\n", 0, long)), speaks(t, drip("220 ", 0, long)),
			map[string]string{"": "500|" + again, "mail": "says more than|" + again}),
		newVillain(t, "refused", nil, nil, map[string]string{"": "connection refused|" + again}),
	}
	stranger := newVillain(t, "certificate", nil, actiontest.NewMailServer(t, false), map[string]string{"": "certificate|" + notice.NameCA + "|" + mend})
	stranger.serve(t, httptest.NewTLSServer, answers(200, "{}"))
	return append(all, stranger)
}

// newVillain makes one whose web server is web and whose mail server is mail: a *actiontest.MailServer or the
// address of another. Without either its ports are closed.
func newVillain(t *testing.T, name string, web http.HandlerFunc, mail any, words map[string]string) *villain {
	t.Helper()
	v := &villain{name: name, words: words, asked: &counter{}}
	switch mail := mail.(type) {
	case *actiontest.MailServer:
		v.mail, v.mails = mail.Address, mail
		if name != "certificate" {
			v.mailOptions = fmt.Sprintf(`, ca = %q`, mail.CA)
		}
	case string:
		v.mail = mail
	default:
		v.mail = closedPort(t)
	}
	if web == nil {
		v.web = closedPort(t)
		return v
	}
	v.serve(t, httptest.NewServer, web)
	return v
}

// serve starts its web server, which checks what it is asked.
func (v *villain) serve(t *testing.T, start func(http.Handler) *httptest.Server, answer http.HandlerFunc) {
	server := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := strings.Trim(r.URL.Path, "/")
		v.asked.add(kind)
		if err := checkRequest(kind, r); err != nil {
			t.Errorf("%s %s: %v", v.name, kind, err)
		}
		answer(w, r)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Listener.Close() })
	v.web = server.Listener.Addr().String()
}

// well is no villain: whoever is told through it is served.
func well(t *testing.T) *villain {
	answer := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/abuseipdb":
			fmt.Fprint(w, `{"data":{"ipAddress":"203.0.113.1","abuseConfidenceScore":52}}`)
		case "/blocklist.de":
			fmt.Fprint(w, `{"status":"success","error":0}`)
		default:
			fmt.Fprint(w, `{}`)
		}
	}
	return newVillain(t, "well", answer, actiontest.NewMailServer(t, false), nil)
}

// replies is a mail server that answers a command so.
func replies(t *testing.T, command, reply string) *actiontest.MailServer {
	s := actiontest.NewMailServer(t, false)
	s.Reply(command, reply)
	return s
}

// speaks is the address of a server that treats each connection so.
func speaks(t *testing.T, speak func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); speak(c) }()
		}
	}()
	return l.Addr().String()
}

// closedPort is an address on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// checkRequest compares a request with what the documentation of the provider asks for.
func checkRequest(kind string, r *http.Request) error {
	if r.Method != http.MethodPost {
		return fmt.Errorf("the method is %s", r.Method)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(body))
	if isForm := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"); isForm && err != nil {
		return err
	}
	switch kind {
	case "webhook": // docs/actions.md
		var d notice.Document
		if err := json.Unmarshal(body, &d); err != nil || d.Version != 1 || d.Total != len(d.Events)+d.More || len(d.Events) == 0 {
			return fmt.Errorf("document %+v, %v", d, err)
		}
		if got := r.Header.Get("Authorization"); got != "Bearer s3cret" {
			return fmt.Errorf("authorization %q", got)
		}
	case "notify": // https://docs.ntfy.sh/publish/
		user, password, _ := r.BasicAuth()
		if user != "me" || password != "s3cret" || r.Header.Get("Title") == "" || len(body) == 0 || len(body) > 4096 {
			return fmt.Errorf("headers %v, body %q", r.Header, body)
		}
	case "abuseipdb": // https://docs.abuseipdb.com/#report-endpoint
		_, timeErr := time.Parse(time.RFC3339, form.Get("timestamp"))
		_, ipErr := netip.ParseAddr(form.Get("ip"))
		if err := errors.Join(timeErr, ipErr); err != nil || form.Get("categories") == "" || len(form.Get("comment")) > 1024 || r.Header.Get("Key") != "s3cret" ||
			r.Header.Get("Accept") != "application/json" {
			return fmt.Errorf("headers %v, form %v, %v", r.Header, form, err)
		}
	case "blocklist.de": // https://www.blocklist.de/en/httpreports.html?help
		_, err := netip.ParseAddr(form.Get("ip"))
		if err != nil || form.Get("server") != "me@example.com" || form.Get("apikey") != "s3cret" || form.Get("service") == "" || form.Get("format") != "json" || form.Get("logs") == "" {
			return fmt.Errorf("form %v, %v", form, err)
		}
	default:
		return fmt.Errorf("the path is %s", r.URL)
	}
	return nil
}
