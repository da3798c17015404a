package filter_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"gaol/filter"
)

// Lines as services write them.
const (
	// https://caddyserver.com/docs/logging, "Structured logs"
	caddyLine = `{"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.5","remote_port":"41342","client_ip":"192.0.2.5","proto":"HTTP/2.0","method":"POST","host":"localhost","uri":"/login","headers":{"User-Agent":["curl/7.82.0"],"Accept":["*/*"],"X-Forwarded-For":["198.51.100.1, 203.0.113.9"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"example.com"}},"bytes_read":0,"user_id":"","duration":0.000929675,"size":10900,"status":401,"resp_headers":{"Server":["Caddy"],"Content-Type":["text/html; charset=utf-8"]}}`
	// https://doc.traefik.io/traefik/observability/access-logs/
	traefikLine = `{"ClientAddr":"192.0.2.6:52178","ClientHost":"192.0.2.6","ClientPort":"52178","ClientUsername":"joe","DownstreamContentSize":17,"DownstreamStatus":401,"Duration":56341,"RequestAddr":"example.com","RequestHost":"example.com","RequestMethod":"GET","RequestPath":"/dashboard/","RequestPort":"-","RequestProtocol":"HTTP/1.1","RequestScheme":"https","RetryAttempts":0,"RouterName":"dashboard@file","StartLocal":"2026-03-10T21:31:23.899+01:00","StartUTC":"2026-03-10T20:31:23.899123456Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-10T20:31:23Z"}`
)

// caddy is a filter for Caddy's access log.
func caddy() filter.Spec {
	return filter.Spec{JSON: []filter.JSON{{
		When: []filter.Condition{
			{Path: "request.method", Values: []any{"^POST$"}},
			{Path: "request.uri", Values: []any{`^/login`}},
			{Path: "status", Values: []any{int64(401), int64(403)}},
		},
		Unless: []filter.Condition{{Path: "request.host", Values: []any{`^internal`}}},
		Host:   []string{"request.client_ip"},
		User:   []string{"user_id"},
		Time:   []string{"ts"},
	}}}
}

// traefik is a filter for Traefik's access log.
func traefik() filter.Spec {
	return filter.Spec{JSON: []filter.JSON{{
		When: []filter.Condition{{Path: "DownstreamStatus", Values: []any{int64(401)}}, {Path: "RequestPath", Values: []any{"^/dashboard/"}}},
		Host: []string{"ClientHost"},
		User: []string{"ClientUsername"},
	}}}
}

// rule is a filter of one rule for lines with "event":"failed" that accuses what is in host.
func rule(host ...string) filter.JSON {
	return filter.JSON{When: []filter.Condition{{Path: "event", Values: []any{"^failed$"}}}, Host: host}
}

func specOf(rules ...filter.JSON) filter.Spec { return filter.Spec{JSON: rules} }

func TestJSONOfServices(t *testing.T) {
	for _, tt := range []struct {
		name, line, host, user string
		spec                   filter.Spec
		at                     time.Time
	}{
		{"Caddy", caddyLine, "192.0.2.5", "", caddy(), time.Date(2022, 3, 9, 21, 30, 1, 524102400, time.UTC)},
		{"Traefik", traefikLine, "192.0.2.6", "joe", traefik(), time.Date(2026, 3, 10, 20, 31, 23, 0, time.UTC)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := compile(t, tt.spec, filter.Options{})
			r := f.NewMatcher().Match(line(tt.line))
			if r.Verdict != filter.Matched || r.Pattern != 0 || r.Failure == nil {
				t.Fatalf("got %+v: %s", r, f.NewMatcher().Explain(line(tt.line)))
			}
			if r.Failure.Host != tt.host || r.Failure.User != tt.user || !r.Time.Equal(tt.at) || !r.Failure.Time.Equal(tt.at) {
				t.Errorf("got %s, %q at %s", r.Failure.Host, r.Failure.User, r.Time)
			}
			if r.Failure.Prefix != netip.PrefixFrom(netip.MustParseAddr(tt.host), 32) || r.Failure.Lines[0] != tt.line {
				t.Errorf("got %+v", r.Failure)
			}
			if f.Candidate("\n"+tt.line+"\n", 1) != 1 {
				t.Error("no candidate")
			}
			for _, miss := range []string{
				strings.Replace(tt.line, `":401`, `":200`, 1), tt.line + "}", tt.line + tt.line, tt.line[:len(tt.line)-1],
				strings.Replace(tt.line, "{", `{"request":1,"ClientHost":"192.0.2.9",`, 1), "x" + tt.line,
			} {
				if v := f.NewMatcher().Match(line(miss)).Verdict; v != filter.Missed {
					t.Errorf("%s: %s", v, miss)
				}
			}
		})
	}
}

// accuses runs a filter on one line and returns whom it accuses, "" for nobody.
func accuses(t testing.TB, spec filter.Spec, text string) string {
	t.Helper()
	return accused(compile(t, spec, filter.Options{}).NewMatcher().Match(line(text)))
}

func TestJSONConditions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []any
		field  string // the value of "f" in the line, "" for none
		want   bool
	}{
		{"pattern anywhere", []any{"log"}, `"/login"`, true},
		{"pattern at the start", []any{"^log"}, `"/login"`, false},
		{"pattern of the whole", []any{"^/login$"}, `"/login"`, true},
		{"pattern of the whole, more there", []any{"^/login$"}, `"/login?x"`, false},
		{"escaped slash", []any{"^/login$"}, `"\/login"`, true},
		{"escaped as for HTML", []any{"^<b>&$"}, `"\u003cb\u003e\u0026"`, true},
		{"escaped quotation mark", []any{`^a"b\\c$`}, `"a\"b\\c"`, true},
		{"not ASCII", []any{"^caf\u00e9$"}, `"caf\u00e9"`, true},
		{"not ASCII, not escaped", []any{"^caf\u00e9$"}, "\"caf\u00e9\"", true},
		{"not UTF-8", []any{"^caf\uFFFD$"}, "\"caf\xe9\"", true},
		{"any case", []any{"(?i)^LOGIN$"}, `"login"`, true},
		{"pattern and a number", []any{"^4"}, `401`, true},
		{"pattern and a bool", []any{"^f"}, `false`, true},
		{"pattern and null", []any{"n"}, `null`, false},
		{"pattern of the empty text", []any{"^$"}, `""`, true},
		{"pattern of anything, not there", []any{".*"}, ``, false},
		{"one of two patterns", []any{"^a$", "^b$"}, `"b"`, true},
		{"number", []any{int64(401)}, `401`, true},
		{"another number", []any{int64(401)}, `4011`, false},
		{"number written otherwise", []any{int64(401)}, `4.010e2`, true},
		{"number with a point", []any{1.5}, `1.50`, true},
		{"negative number", []any{int64(-32)}, `-32`, true},
		{"number in a text", []any{int64(401)}, `"401"`, true},
		{"number and another text", []any{int64(401)}, `"401 "`, false},
		{"one of two numbers", []any{int64(401), int64(403)}, `403`, true},
		{"number out of range", []any{int64(401)}, `1e999`, false},
		{"true", []any{true}, `true`, true},
		{"not false", []any{false}, `true`, false},
		{"true in a text", []any{true}, `"true"`, true},
		{"number and a bool", []any{int64(1)}, `true`, false},
		{"pattern or number", []any{"^no$", int64(0)}, `0`, true},
		{"one of an array", []any{"^b$"}, `["a","b"]`, true},
		{"none of an array", []any{"^c$"}, `["a","b"]`, false},
		{"an empty array", []any{".*"}, `[]`, false},
		{"an object", []any{".*"}, `{"x":"y"}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := `{"h":"192.0.2.1"}`
			if tt.field != "" {
				text = `{"f": ` + tt.field + `, "h":"192.0.2.1"}`
			}
			cond := []filter.Condition{{Path: "f", Values: tt.values}}
			if got := accuses(t, specOf(filter.JSON{When: cond, Host: []string{"h"}}), text) != ""; got != tt.want {
				t.Errorf("when, %s: %t", text, got)
			}
			always := []filter.Condition{{Path: "h", Values: []any{"."}}}
			if got := accuses(t, specOf(filter.JSON{When: always, Unless: cond, Host: []string{"h"}}), text) == ""; got != tt.want {
				t.Errorf("unless, %s: %t", text, got)
			}
		})
	}
}

func TestJSONHost(t *testing.T) {
	private := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	plain, xff := rule("h", "other"), rule("xff")
	trusting := xff
	trusting.Trusted = private
	withPeer := trusting
	withPeer.Peer = "peer"
	untrusting := xff
	untrusting.Peer = "peer"
	for _, tt := range []struct {
		name   string
		rule   filter.JSON
		fields string
		want   string
	}{
		{"address", plain, `"h":"192.0.2.1"`, "192.0.2.1"},
		{"IPv6", plain, `"h":"2001:db8:0::1"`, "2001:db8::1"},
		{"IPv4 in IPv6", plain, `"h":"::ffff:192.0.2.1"`, "192.0.2.1"},
		{"port", plain, `"h":"192.0.2.1:52178"`, "192.0.2.1"},
		{"IPv6 with port", plain, `"h":"[2001:db8::1]:443"`, "2001:db8::1"},
		{"IPv6 in brackets", plain, `"h":"[2001:db8::1]"`, "2001:db8::1"},
		{"IPv4 in IPv6 with port", plain, `"h":"[::ffff:192.0.2.1]:443"`, "192.0.2.1"},
		{"escaped", plain, `"h":"192\u002e0.2.1"`, "192.0.2.1"},
		{"blanks around it", plain, `"h":" 192.0.2.1 "`, "192.0.2.1"},
		{"zone", plain, `"h":"fe80::1%eth0"`, ""},
		{"port that is none", plain, `"h":"192.0.2.1:x"`, ""},
		{"port too long", plain, `"h":"192.0.2.1:123456"`, ""},
		{"more behind it", plain, `"h":"192.0.2.1 x"`, ""},
		{"more behind brackets", plain, `"h":"[2001:db8::1]x"`, ""},
		{"octet too large", plain, `"h":"192.0.2.256"`, ""},
		{"name", plain, `"h":"host.example.com"`, ""},
		{"number", plain, `"h":3221225985`, ""},
		{"object", plain, `"h":{"ip":"192.0.2.1"}`, ""},
		{"not there", plain, `"x":1`, ""},

		{"the other, the first missing", plain, `"other":"192.0.2.2"`, "192.0.2.2"},
		{"the other, the first null", plain, `"other":"192.0.2.2","h":null`, "192.0.2.2"},
		{"the other, the first empty", plain, `"other":"192.0.2.2","h":""`, "192.0.2.2"},
		{"the other, the first an empty array", plain, `"other":"192.0.2.2","h":[]`, "192.0.2.2"},
		{"the first", plain, `"other":"192.0.2.2","h":"192.0.2.1"`, "192.0.2.1"},
		{"the first is no address", plain, `"other":"192.0.2.2","h":"unknown"`, ""},
		{"the first is a dash", plain, `"other":"192.0.2.2","h":"-"`, ""},

		{"list in a text, the last", xff, `"xff":"198.51.100.1, 192.0.2.1"`, "192.0.2.1"},
		{"list in an array, the last", xff, `"xff":["198.51.100.1","192.0.2.1"]`, "192.0.2.1"},
		{"lists in an array, the last", xff, `"xff":["198.51.100.1","198.51.100.2 ,\t192.0.2.1"]`, "192.0.2.1"},
		{"the last is no address", xff, `"xff":"198.51.100.1, unknown"`, ""},
		{"the last is empty", xff, `"xff":"198.51.100.1,"`, ""},
		{"the last is null", xff, `"xff":["198.51.100.1",null]`, ""},
		{"no trusted, a private one counts", xff, `"xff":"198.51.100.1, 10.0.0.1"`, "10.0.0.1"},

		{"one proxy", trusting, `"xff":"198.51.100.1, 192.0.2.1, 10.0.0.1"`, "192.0.2.1"},
		{"proxies of both kinds", trusting, `"xff":["198.51.100.1, 192.0.2.1","10.0.0.1, [2001:db8:ffff::1]:80"]`, "192.0.2.1"},
		{"no proxy", trusting, `"xff":"192.0.2.1"`, "192.0.2.1"},
		{"trusted behind the client", trusting, `"xff":"10.0.0.9, 192.0.2.1, 10.0.0.1"`, "192.0.2.1"},
		{"all trusted", trusting, `"xff":"10.0.0.9, 10.0.0.1"`, ""},
		{"no address behind the proxies", trusting, `"xff":"192.0.2.1, x, 10.0.0.1"`, ""},
		{"mapped proxy", trusting, `"xff":"192.0.2.1, ::ffff:10.0.0.1"`, "192.0.2.1"},

		{"through the proxy", withPeer, `"xff":"198.51.100.1, 192.0.2.1","peer":"10.0.0.1:4711"`, "192.0.2.1"},
		{"past the proxy", withPeer, `"xff":"198.51.100.1","peer":"192.0.2.1"`, "192.0.2.1"},
		{"past the proxy without a list", withPeer, `"peer":"192.0.2.1"`, "192.0.2.1"},
		{"the proxy itself", withPeer, `"peer":"10.0.0.1"`, ""},
		{"no peer", withPeer, `"xff":"192.0.2.1"`, ""},
		{"peer is no address", withPeer, `"xff":"192.0.2.1","peer":"@"`, ""},
		{"peer and nobody trusted", untrusting, `"xff":"198.51.100.1","peer":"192.0.2.1"`, "192.0.2.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := `{"event":"failed",` + tt.fields + `}`
			if got := accuses(t, specOf(tt.rule), text); got != tt.want {
				t.Errorf("%s: %q, want %q", text, got, tt.want)
			}
			if tt.rule.Trusted != nil {
				byFilter := tt.rule
				byFilter.Trusted = nil
				if got := accuses(t, filter.Spec{JSON: []filter.JSON{byFilter}, Trusted: private}, text); got != tt.want {
					t.Errorf("trusted by the filter, %s: %q, want %q", text, got, tt.want)
				}
			}
		})
	}
}

func TestJSONHostName(t *testing.T) {
	f := compile(t, specOf(rule("h")), filter.Options{Names: true})
	for text, want := range map[string]string{
		`{"event":"failed","h":"host.example.com"}`:    "host.example.com",
		`{"event":"failed","h":"host.example.com:80"}`: "host.example.com",
		`{"event":"failed","h":"192.0.2.1"}`:           "192.0.2.1",
		`{"event":"failed","h":"192.0.2.256"}`:         "",
		`{"event":"failed","h":"a b"}`:                 "",
	} {
		if got := accused(f.NewMatcher().Match(line(text))); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestJSONCaptures(t *testing.T) {
	spec := specOf(filter.JSON{
		When: []filter.Condition{{Path: "event", Values: []any{"failed"}}},
		Host: []string{"h"}, User: []string{"request.user", "names[0]", "n"},
	}, filter.JSON{
		When: []filter.Condition{{Path: "event", Values: []any{"failed"}}},
		ID:   []string{"token"},
	})
	m := compile(t, spec, filter.Options{}).NewMatcher()
	for _, tt := range []struct {
		fields, host, id, user string
		pattern                int
	}{
		{`"h":"192.0.2.1","request":{"user":"joe"}`, "192.0.2.1", "", "joe", 0},
		{`"h":"192.0.2.1","request":{"user":"j\"\u00f6\ud83d\ude00"}`, "192.0.2.1", "", `j"ö😀`, 0},
		{`"h":"192.0.2.1","names":["x","y"],"n":5`, "192.0.2.1", "", "x", 0},
		{`"h":"192.0.2.1","n":5`, "192.0.2.1", "", "5", 0},
		{`"h":"192.0.2.1","n":{}`, "192.0.2.1", "", "", 0},
		{`"token":"abc"`, "", "abc", "", 1},
		{`"token":"192.0.2.7"`, "192.0.2.7", "", "", 1},
	} {
		text := `{"event":"failed",` + tt.fields + `}`
		r := m.Match(line(text))
		if r.Failure == nil {
			t.Errorf("%s: %s", text, m.Explain(line(text)))
			continue
		}
		if f := r.Failure; f.Host != tt.host || f.ID != tt.id || f.User != tt.user || f.Pattern != tt.pattern || f.Fields != nil {
			t.Errorf("%s: got %+v", text, f)
		}
	}
}

func TestJSONTime(t *testing.T) {
	when := time.Date(2026, 3, 10, 21, 31, 23, 899e6, time.UTC)
	explicit := rule("h")
	explicit.Time = []string{"meta.at", "alt"}
	for _, tt := range []struct {
		name, line string
		rule       filter.JSON
		want       time.Time
		template   string
	}{
		{"RFC 3339", `{"ts":"2026-03-10T21:31:23.899Z",%s}`, rule("h"), when, ""},
		{"RFC 3339 with an offset", `{"time":"2026-03-10T22:31:23.899+01:00",%s}`, rule("h"), when, ""},
		{"seconds", `{"ts":1773178283.899,%s}`, rule("h"), when, "EPOCH"},
		{"whole seconds", `{"ts":1773178283,%s}`, rule("h"), when.Truncate(time.Second), "EPOCH"},
		{"milliseconds", `{"timestamp":1773178283899,%s}`, rule("h"), when, "EPOCH"},
		{"seconds in a text", `{"msec":"1773178283.899",%s}`, rule("h"), when, ""},
		{"milliseconds in a text", `{"ts":"1773178283899",%s}`, rule("h"), when, "EPOCH"},
		{"MongoDB", `{"t":{"$date":"2026-03-10T21:31:23.899+00:00"},"s":"I",%s}`, rule("h"), when, ""},
		{"Elastic", `{"@timestamp":"2026-03-10T21:31:23.899Z",%s}`, rule("h"), when, ""},
		{"nginx", `{"time_local":"10/Mar/2026:21:31:23 +0000",%s}`, rule("h"), when.Truncate(time.Second), ""},
		{"another form", `{"time":"2026-03-10 21:31:23,899",%s}`, rule("h"), when, ""},
		{"a field of no date, then one with", `{"time":"x","date":"2026-03-10T21:31:23.899Z",%s}`, rule("h"), when, ""},
		{"a number that is none", `{"ts":17,%s}`, rule("h"), time.Time{}, ""},
		{"no field, somewhere else", `{"x":"at 2026-03-10 21:31:23,899",%s}`, rule("h"), when, ""},
		{"twice in usual fields, and so none of them", `{"ts":"2027-01-01T00:00:00Z","ts":"2027-01-01T00:00:00Z",%s}`, rule("h"), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), ""},
		{"before the object", `2026-03-10T21:31:23.899Z {"ts":"2027-01-01T00:00:00Z",%s}`, rule("h"), when, ""},
		{"explicit", `{"ts":"2027-01-01T00:00:00Z","meta":{"at":1773178283899},%s}`, explicit, when, "EPOCH"},
		{"explicit, the other", `{"ts":"2027-01-01T00:00:00Z","alt":1773178283899,%s}`, explicit, when, "EPOCH"},
		{"explicit, not there", `{"ts":"2027-01-01T00:00:00Z",%s}`, explicit, time.Time{}, ""},
		{"explicit, no date", `{"ts":"2027-01-01T00:00:00Z","alt":"x",%s}`, explicit, time.Time{}, ""},
		{"no date", `{"a":1,%s}`, rule("h"), time.Time{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, specOf(tt.rule), filter.Options{}).NewMatcher()
			text := strings.Replace(tt.line, "%s", `"event":"failed","h":"192.0.2.1"`, 1)
			r := m.Match(line(text))
			if r.Verdict != filter.Matched || !r.Time.Equal(tt.want) || !r.Failure.Time.Equal(tt.want) {
				t.Errorf("%s: %s at %s, want %s", text, r.Verdict, r.Time, tt.want)
			}
			if (r.Date == "") != tt.want.IsZero() || tt.template != "" && r.Date != tt.template {
				t.Errorf("%s: template %q, want %q", text, r.Date, tt.template)
			}
			template, at := m.Date(line(text))
			if tt.rule.Time == nil && (template != r.Date || !at.Equal(tt.want)) {
				t.Errorf("%s: Date says %q, %s", text, template, at)
			}
			known := line(text)
			known.Time = when.Add(time.Hour)
			if r := m.Match(known); strings.HasPrefix(text, "{") && (!r.Time.Equal(known.Time) || r.Date != "") {
				t.Errorf("%s: the source's time does not count: %s", text, r.Time)
			}
		})
	}
}

func TestJSONMessage(t *testing.T) {
	spec := filter.Spec{
		Failregex:   []string{`^(?:ERROR )?Login failure for "<F-USER>[^"]*</F-USER>" from <HOST>$`, `^probe from <HOST>$`},
		Ignoreregex: []string{`from 192\.0\.2\.9$`, `"env":"test"`},
		Unless:      []string{`"root"`},
		JSON: []filter.JSON{
			{Message: []string{"msg", "log"}, Unless: []filter.Condition{{Path: "level", Values: []any{"^debug$"}}}},
			rule("h"),
		},
	}
	f := compile(t, spec, filter.Options{})
	for _, tt := range []struct {
		name, line string
		verdict    filter.Verdict
		pattern    int
		host       string
		at         string
	}{
		{"message", `{"msg":"Login failure for \"joe\" from 192.0.2.1","ts":"2026-03-10T21:31:23Z"}`, filter.Matched, 0, "192.0.2.1", "2026-03-10T21:31:23Z"},
		{"in Docker's own file", `{"log":"{\"msg\":\"ERROR Login failure for \\\"joe\\\" from 192.0.2.1\"}\n","stream":"stdout","time":"2026-03-10T21:31:23.9Z"}`, filter.Matched, 0, "192.0.2.1", "2026-03-10T21:31:23.9Z"},
		{"date in the message alone", `{"log":"2026-03-10 20:31:23 ERROR Login failure for \"joe\" from 192.0.2.1\n"}`, filter.Matched, 0, "192.0.2.1", "2026-03-10T20:31:23Z"},
		{"the second failregex", `{"msg":"probe from 192.0.2.1"}`, filter.Matched, 1, "192.0.2.1", ""},
		{"unless of failregex", `{"msg":"Login failure for \"root\" from 192.0.2.1"}`, filter.Missed, -1, "", ""},
		{"ignored by the message", `{"msg":"probe from 192.0.2.9","ts":"2026-03-10T21:31:23Z"}`, filter.Ignored, 0, "", "2026-03-10T21:31:23Z"},
		{"ignored by the object", `{"msg":"probe from 192.0.2.1","env":"test"}`, filter.Ignored, 1, "", ""},
		{"unless of the rule", `{"msg":"probe from 192.0.2.1","level":"debug"}`, filter.Missed, -1, "", ""},
		{"in another field", `{"text":"probe from 192.0.2.1"}`, filter.Missed, -1, "", ""},
		{"a line that is no JSON", `probe from 192.0.2.1`, filter.Missed, -1, "", ""},
		{"broken JSON", `{"msg":"probe from 192.0.2.1"`, filter.Missed, -1, "", ""},
		{"message twice", `{"msg":"probe from 192.0.2.1","msg":"probe from 192.0.2.2"}`, filter.Missed, -1, "", ""},
		{"the rule that accuses", `{"event":"failed","h":"192.0.2.1","msg":"x"}`, filter.Matched, 2, "192.0.2.1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := f.NewMatcher().Match(line(tt.line))
			if r.Verdict != tt.verdict || r.Pattern != tt.pattern || accused(r) != tt.host {
				t.Errorf("got %s by %d of %q", r.Verdict, r.Pattern, accused(r))
			}
			at := ""
			if !r.Time.IsZero() {
				at = r.Time.UTC().Format(time.RFC3339Nano)
			}
			if at != tt.at {
				t.Errorf("at %q, want %q", at, tt.at)
			}
		})
	}
}

func TestJSONBesideFailregex(t *testing.T) {
	spec := filter.Spec{
		Failregex: []string{`^failed from <HOST>$`, `"raw":"<HOST>"`},
		JSON:      []filter.JSON{rule("h")},
		Modes:     map[string]filter.Mode{"more": {Failregex: []string{`^odd <HOST>$`}, JSON: []filter.JSON{{When: []filter.Condition{{Path: "odd", Values: []any{true}}}, Host: []string{"h"}}}}},
	}
	f := compile(t, spec, filter.Options{Mode: "more"})
	m := f.NewMatcher()
	for text, want := range map[string]int{
		"2026-03-10 21:31:23 failed from 192.0.2.1":                                0,
		"failed from 192.0.2.1":                                                    0,
		`{"ts":"2026-03-10T21:31:23Z","raw":"192.0.2.1"}`:                          1,
		"2026-03-10 21:31:23 odd 192.0.2.1":                                        2,
		`{"ts":"2026-03-10T21:31:23Z","event":"failed","h":"192.0.2.1"}`:           3,
		`2026-03-10 21:31:23 {"event":"failed","h":"192.0.2.1"}`:                   3,
		`{"ts":"2026-03-10T21:31:23Z","odd":true,"h":"192.0.2.1"}`:                 4,
		`{"ts":"2026-03-10T21:31:23Z","odd":false,"h":"192.0.2.1"}`:                -1,
		`{"event":"failed","h":"192.0.2.1","raw":"192.0.2.1"`:                      -1,
		`x {"event":"failed","h":"192.0.2.1"}`:                                     -1,
		`2026-03-10 21:31:23 x {"event":"failed","h":"192.0.2.1"}`:                 -1,
		`{"ts":"2026-03-10T21:31:23Z","event":"failed","h":"192.0.2.1"} 192.0.2.2`: -1,
	} {
		if r := m.Match(line(text)); r.Pattern != want {
			t.Errorf("%s: %d, want %d", text, r.Pattern, want)
		}
	}
	names := f.Failregex()
	if len(names) != 5 || names[3] != `json event='^failed$' host=h` || names[4] != `json odd=true host=h` {
		t.Errorf("patterns are %q", names)
	}
}

func TestJSONBehindHeader(t *testing.T) {
	spec := specOf(rule("h"))
	spec.Daemon = []string{"caddy"}
	m := compile(t, spec, filter.Options{}).NewMatcher()
	object := `{"event":"failed","h":"192.0.2.1"}`
	syslog := line("Mar 10 21:31:23 host caddy[77]: " + object)
	if r := m.Match(syslog); accused(r) != "192.0.2.1" || !r.Time.Equal(read) {
		t.Errorf("syslog: %+v", r)
	}
	journal := line("host caddy[77]: " + object)
	journal.Time = read
	if r := m.Match(journal); accused(r) != "192.0.2.1" || !r.Time.Equal(read) {
		t.Errorf("journal: %+v", r)
	}
	other := compile(t, specOf(rule("h")), filter.Options{}).NewMatcher()
	if r := other.Match(journal); accused(r) != "192.0.2.1" {
		t.Errorf("journal without daemon: %+v", r)
	}
	if r := other.Match(line("2026-03-10T21:31:23Z stdout F " + object)); accused(r) != "192.0.2.1" || !r.Time.Equal(read) {
		t.Errorf("Kubernetes: %+v", r)
	}
	for _, text := range []string{"2026-03-10T21:31:23Z stdout P " + object, "stdout F " + object, "2026-03-10T21:31:23Z x stdout F " + object} {
		if r := other.Match(line(text)); r.Verdict != filter.Missed {
			t.Errorf("%s: %s", text, r.Verdict)
		}
	}
	for _, text := range []string{"Mar 10 21:31:23 host nginx[77]: " + object, object} {
		if r := m.Match(line(text)); r.Verdict != filter.Missed {
			t.Errorf("%s: %s", text, r.Verdict)
		}
	}
}

func TestJSONFaults(t *testing.T) {
	when := []filter.Condition{{Path: "a", Values: []any{"x"}}}
	for _, tt := range []struct {
		name string
		spec filter.Spec
		want string
	}{
		{"no host", specOf(filter.JSON{When: when}), "json 1: names neither a host nor an id: say with host where the client's address stands"},
		{"no condition", specOf(filter.JSON{Host: []string{"h"}}), "json 1: every line would match: say with when which lines are failures"},
		{"message and host", filter.Spec{Failregex: []string{"<HOST>"}, JSON: []filter.JSON{{Message: []string{"m"}, Host: []string{"h"}}}},
			"json 1: message and host, peer, user or id: with message, the failregexes say where these stand"},
		{"message alone", specOf(filter.JSON{Message: []string{"m"}}), "json 1: message without a failregex: add one for the text in that field"},
		{"peer without host", specOf(filter.JSON{When: when, ID: []string{"i"}, Peer: "p"}), "json 1: peer without a host: say with host where the list of addresses stands"},
		{"path", specOf(rule("h"), rule("a..b")), `json 2 host "a..b": a key is missing before ".b"`},
		{"pattern", specOf(filter.JSON{When: []filter.Condition{{Path: "a", Values: []any{"("}}}, Host: []string{"h"}}),
			`json 1 when a "(": a parenthesis is not closed: add ), or write \( for the character`},
		{"tag", specOf(filter.JSON{When: []filter.Condition{{Path: "a", Values: []any{"<HOST>"}}}, Host: []string{"h"}}),
			`json 1 when a "<HOST>": a condition captures nothing: say with host, user or id where these stand`},
		{"no value", specOf(filter.JSON{When: []filter.Condition{{Path: "a"}}, Host: []string{"h"}}),
			`json 1 when "a": nothing that it may be: give a pattern, a number, true or false`},
		{"value of another kind", specOf(filter.JSON{When: []filter.Condition{{Path: "a", Values: []any{read}}}, Host: []string{"h"}}),
			`json 1 when a "2026-03-10 21:31:23 +0000 UTC": a time.Time: give a pattern, a number, true or false`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := filter.Compile(tt.spec, filter.Options{}); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestJSONProxies trusts by what is known at the time of the line, and says when nobody is left.
func TestJSONProxies(t *testing.T) {
	shared := filter.JSON{When: rule().When, Host: []string{"xff"}, Peer: "peer"}
	own := shared
	own.Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.9/32")}
	for _, tt := range []struct {
		name, fields, want, proxied string
		rule                        filter.JSON
	}{
		{"through the proxy", `"xff":"192.0.2.1","peer":"10.0.0.1"`, "192.0.2.1", "", shared},
		{"past the proxy", `"xff":"198.51.100.1","peer":"192.0.2.1"`, "192.0.2.1", "", shared},
		{"the proxy tells nothing", `"peer":"10.0.0.1"`, "", "10.0.0.1", shared},
		{"the proxies are all there is", `"xff":"10.0.0.2, 10.0.0.1","peer":"10.0.0.1"`, "", "10.0.0.2", shared},
		{"no address behind the proxy", `"xff":"unknown","peer":"10.0.0.1"`, "", "", shared},
		{"no failure", `"event":"fine","peer":"10.0.0.1"`, "", "", filter.JSON{
			When: []filter.Condition{{Path: "other", Values: []any{"x"}}}, Host: []string{"xff"}, Peer: "peer"}},
		{"the rule's own proxies alone", `"xff":"198.51.100.1","peer":"10.0.0.1"`, "10.0.0.1", "", own},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, specOf(tt.rule), filter.Options{}).NewMatcher()
			m.Trust(func(a netip.Addr) bool { return netip.MustParsePrefix("10.0.0.0/24").Contains(a) })
			got := ""
			if f := m.Match(line(`{"event":"failed",` + tt.fields + `}`)).Failure; f != nil {
				got = f.Prefix.Addr().String()
			}
			proxied := ""
			if a := m.Proxied(); a.IsValid() {
				proxied = a.String()
			}
			if got != tt.want || proxied != tt.proxied || m.Proxied().IsValid() {
				t.Errorf("got %q, proxied %q; want %q, %q", got, proxied, tt.want, tt.proxied)
			}
		})
	}
}

func TestJSONExplain(t *testing.T) {
	trusting := rule("h")
	trusting.Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	trusting.Peer = "p"
	withText := filter.Spec{Failregex: []string{`^failed from <HOST>$`}, JSON: []filter.JSON{{Message: []string{"msg"}}}}
	swap := func(old, new string) string { return strings.Replace(caddyLine, old, new, 1) }
	for _, tt := range []struct {
		name, line string
		spec       filter.Spec
		want       string
	}{
		{"text", swap(`"uri":"/login"`, `"uri":"/x"`), caddy(), `request.uri is "/x", not ^/login`},
		{"number", swap(`"status":401`, `"status":200`), caddy(), `status is 200, not 401 or 403`},
		{"no field", swap(`"status":401`, `"x":1`), caddy(), `no field status`},
		{"no host", swap(`"client_ip":"192.0.2.5",`, ""), caddy(), `no field request.client_ip`},
		{"empty host", swap(`"client_ip":"192.0.2.5",`, `"client_ip":"",`), caddy(), `request.client_ip is ""`},
		{"no address", swap(`"client_ip":"192.0.2.5",`, `"client_ip":"unknown",`), caddy(), `"unknown" in request.client_ip is not an address`},
		{"nearly an address", swap(`"client_ip":"192.0.2.5",`, `"client_ip":"192.0.2.555",`), caddy(), `"192.0.2.555" is not an address`},
		{"unless", swap(`"host":"localhost"`, `"host":"internal.x"`), caddy(), `request.host is "internal.x", which unless forbids`},
		{"no JSON", "hello", caddy(), "not JSON"},
		{"cut off", caddyLine[:300], caddy(), "not JSON: the object is cut off or not valid"},
		{"two objects", caddyLine + caddyLine, caddy(), "not JSON: something follows the object"},
		{"twice", swap(`"status":401`, `"status":401,"status":200`), caddy(), "status is there twice, and it is not known which counts"},
		{"too deep", `{"x":` + strings.Repeat("[", 100), caddy(), "JSON nested more than 64 levels deep"},
		{"array", `{"event":["a","b","c","d"]}`, specOf(rule("h")), `event is "a", "b", "c", …, not ^failed$`},
		{"object", `{"event":{}}`, specOf(rule("h")), `event is an object or array, not ^failed$`},
		{"the rule that nearly fits", `{"event":"failed","n":1}`, specOf(
			filter.JSON{When: []filter.Condition{{Path: "n", Values: []any{int64(2)}}}, Host: []string{"h"}}, rule("h", "h2")), `no field h or h2`},
		{"all trusted", `{"event":"failed","h":"10.0.0.1","p":"10.0.0.2"}`, specOf(trusting), "all addresses in h or p are trusted proxies"},
		{"no peer", `{"event":"failed","h":"10.0.0.1"}`, specOf(trusting), "no field p"},
		{"no id", `{"event":"failed"}`, specOf(filter.JSON{When: rule().When, ID: []string{"id"}}), "no field id"},
		{"message", `{"msg":"failed from x.example.com"}`, withText, `"x.example.com" is a host name, not an address (usedns takes names)`},
		{"another message", `{"msg":"hello"}`, withText, `no pattern matched "hello"`},
		{"no message", `{"m":"hello"}`, withText, "no field msg"},
		{"matched", caddyLine, caddy(), "json rule matched"},
		{"letters escaped", swap("/login", `/\u006cogin`), caddy(), `letters or digits are written as \u…, and so not looked at`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, tt.spec, filter.Options{}).NewMatcher()
			if got := m.Explain(line(tt.line)).Text; got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestJSONOwnTests(t *testing.T) {
	spec := caddy()
	at := time.Date(2022, 3, 9, 21, 30, 1, 524102400, time.UTC)
	spec.Tests = []filter.Test{
		{Lines: []string{caddyLine}, Match: true, Host: "192.0.2.5", Time: at},
		{Lines: []string{strings.Replace(caddyLine, `"status":401`, `"status":200`, 1)}},
		{Lines: []string{strings.Replace(caddyLine, `"status":401`, `"status":200`, 1)}, Match: true},
		{Lines: []string{caddyLine}},
	}
	var got []string
	for _, r := range filter.RunTests(spec) {
		got = append(got, r.Problem)
	}
	want := []string{"", "", "want a failure, got none: status is 200, not 401 or 403", `want no failure, got one of "192.0.2.5" by json rule 1`}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("test %d: %s, want %s", i+1, got[i], want[i])
		}
	}
}

func TestJSONAmongOthers(t *testing.T) {
	web, ssh := compile(t, caddy(), filter.Options{}), compile(t, sshd, filter.Options{})
	lines := []filter.Line{
		line("Mar 10 21:31:23 host sshd[4711]: Invalid user joe from 192.0.2.1 port 22"),
		line(strings.Replace(caddyLine, `"status":401`, `"status":200`, 1)), line(caddyLine), line("x"),
	}
	found := filter.NewScanner([]*filter.Filter{ssh, web}).Scan(lines)
	var got []int
	web.NewMatcher().MatchAll(found, func(i int, r filter.Result) {
		if r.Verdict == filter.Matched {
			got = append(got, i)
		}
	})
	if len(got) != 1 || got[0] != 2 {
		t.Errorf("matched are %v", got)
	}
}

// However a line is made, what it costs grows with its length alone.
func TestJSONIsLinear(t *testing.T) {
	spec := caddy()
	spec.JSON[0].Host = []string{"request.xff"}
	spec.JSON[0].Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	m := compile(t, spec, filter.Options{}).NewMatcher()
	const size = 1 << 20
	for _, part := range []string{`\u0041`, `\"`, "10.0.0.1,", "\xff", "/login", `","x":"`, `"],"y":["`} {
		for _, field := range []string{"uri", "xff", "host"} {
			others := map[string]string{"uri": `"uri":"/login"`, "xff": `"xff":"192.0.2.1"`, "host": `"host":"x"`}
			others[field] = `"` + field + `":["` + strings.Repeat(part, size/len(part)) + `"]`
			text := `{"status":401,"request":{"method":"POST",` + others["uri"] + "," + others["xff"] + "," + others["host"] + "}}"
			began := time.Now()
			m.Match(line(text))
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%q in %s: %s for 1 MiB", part, field, took)
			}
		}
	}
}
