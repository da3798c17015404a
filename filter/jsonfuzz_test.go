package filter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"gaol/filter"
)

// encoders are the ways in which programs write a JSON object.
func encoders() map[string]func(value any) string {
	plain := func(html bool) func(any) string {
		return func(value any) string {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(html)
			if err := e.Encode(value); err != nil {
				panic(err)
			}
			return strings.TrimSuffix(b.String(), "\n")
		}
	}
	return map[string]func(any) string{
		"plain":      plain(false),
		"HTML":       plain(true),
		"everything": func(value any) string { return escapeMore(plain(true)(value)) },
	}
}

// escapeMore escapes slashes and all that is not ASCII, and what .NET and Gson do.
func escapeMore(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c == '/':
			b.WriteString(`\/`)
		case c == '\'' || c == '+' || c == '=' || c == '`':
			fmt.Fprintf(&b, `\u%04x`, c)
		case c < 0x80:
			b.WriteRune(c)
		default:
			for _, unit := range utf16.Encode([]rune{c}) {
				fmt.Fprintf(&b, `\u%04X`, unit)
			}
		}
	}
	return b.String()
}

// A line that matches is always a candidate, however its encoder writes texts. Which lines
// match is found out by a filter whose ignoreregex lets every line through.
func FuzzJSONCandidates(f *testing.F) {
	f.Add("uri", `^/login`, "/login?x=<b>", "request", "192.0.2.1", "x")
	f.Add("a/b", `caf\x{e9}|th\x{e9}`, "un caf\u00e9", "k\u00e9y", "192.0.2.1:80", "")
	f.Add("a", `a"b`, `a"b`, "'k'", "[2001:db8::1]:1", "msg")
	f.Add("a", `(?i)Failed [\w ]+from`, "FAILED + from", "=", "192.0.2.1", "\u2028")
	f.Add("", `for .*\+ at 'x'`, "for a+ at 'x'", "h", "192.0.2.1", "/")
	f.Fuzz(func(t *testing.T, key, pattern, value, outer, host, message string) {
		if len(pattern) > 200 || len(value)+len(key)+len(outer)+len(message) > 1000 {
			t.Skip()
		}
		path := func(keys ...string) string {
			for i := range keys {
				keys[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(keys[i]) + `"`
			}
			return strings.Join(keys, ".")
		}
		rule := filter.JSON{When: []filter.Condition{{Path: path(outer, key), Values: []any{pattern}}}, Host: []string{path("h", key)}}
		keysAlone := filter.JSON{When: []filter.Condition{{Path: path(outer, key), Values: []any{`(?s).*`, int64(5)}}}, Host: []string{path("h", key)}}
		text := filter.Spec{Failregex: []string{pattern + ".* from <HOST>$"}, JSON: []filter.JSON{{Message: []string{path("m", key)}}}}
		object := map[string]any{outer: map[string]any{key: value}, "h": map[string]string{key: host}, "m": map[string]string{key: value + message + " from " + host}}
		for _, spec := range []filter.Spec{specOf(rule), specOf(keysAlone), text} {
			f, err := filter.Compile(spec, filter.Options{})
			if err != nil {
				continue
			}
			spec.Ignoreregex = []string{`[^\x00-\x{10FFFF}]`}
			open := compile(t, spec, filter.Options{})
			for name, encode := range encoders() {
				written := encode(object)
				want := open.NewMatcher().Match(line(written))
				got := f.NewMatcher().Match(line(written))
				if got.Verdict != want.Verdict || accused(got) != accused(want) {
					t.Errorf("%s: %s of %q, without literals %s of %q: %+v on %s", name, got.Verdict, accused(got), want.Verdict, accused(want), spec, written)
				}
				if want.Verdict == filter.Matched && f.Candidate("\n"+written+"\n{}", 1) != 1 {
					t.Errorf("%s: no candidate: %+v on %s", name, spec, written)
				}
			}
		}
	})
}

// Whatever stands in a line of JSON, the accused stands in the field for it, which
// encoding/json finds as well.
func FuzzJSONMatch(f *testing.F) {
	f.Add(caddyLine)
	f.Add(`{"request":{"method":"POST","uri":"\/login","client_ip":"[2001:db8::1]:443"},"status":403.0}`)
	f.Add(`{"request":{"method":["POST"],"uri":"/login","client_ip":["192.0.2.1, 192.0.2.2"]},"status":"401"}`)
	f.Fuzz(func(t *testing.T, text string) {
		m := compile(t, caddy(), filter.Options{}).NewMatcher()
		got := m.Match(line(text))
		m.Explain(line(text))
		m.Date(line(text))
		if got.Verdict != filter.Matched {
			return
		}
		var decoded struct{ Request map[string]any }
		if err := json.Unmarshal([]byte(text), &decoded); err != nil {
			t.Fatalf("%q matched, but: %v", text, err)
		}
		if field := fmt.Sprint(decoded.Request["client_ip"]); !standsIn(field, got.Failure.Prefix) {
			t.Errorf("%q accuses %s, but client_ip is %q", text, got.Failure.Host, field)
		}
	})
}
