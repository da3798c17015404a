package stock_test

import (
	"testing"
	"time"

	"gaol/filter"
)

// Lines with more than one reading for "gaol test", whose attacks put colons into names
// where they cannot be (RFC 7617 section 2). So they are not in the filter's file.
func TestNginxAmbiguousLines(t *testing.T) {
	const (
		head = `2026/11/24 20:56:26 [error] 22#22: *1 user `
		tail = `, client: 192.0.2.5, server: www.example.org, request: "GET / HTTP/1.1", host: "192.0.2.1"`
	)
	lines := map[string]string{
		"the name has a message in it": head + `"x" was not found in "/etc/htpasswd", client" was not found in "/run/recording/htpasswd"` + tail,
		"the request, as nginx before 1.21.1 let it pass": head + `"alice": password mismatch, client: 192.0.2.5, server: www.example.org, ` +
			`request: "GET /", client: ` + innocent + `, server: y, request: "GET / HTTP/1.1", host: "192.0.2.1"`,
	}
	// The referrer is all the client's own, and stands at the line's end where it can
	// imitate everything before it.
	for _, referrer := range []string{
		"http://www.example.org/login",
		`r", client: ` + innocent + `, server: y, request: "GET / HTTP/1.1"`,
		`r": password mismatch, client: ` + innocent + `, server: y, request: "GET / HTTP/1.1", host: "h`,
		`r" was not found in "/etc/htpasswd", client: ` + innocent + `, server: y, request: "GET / HTTP/1.1", host: "h`,
		`, client: ` + innocent + `, server: y, request: "GET / HTTP/1.1", host: "h": password mismatch, client: 192.0.2.9`,
	} {
		lines["referrer "+referrer] = head + `"alice": password mismatch` + tail + `, referrer: "` + referrer + `"`
	}
	f, err := filter.Compile(load(t, "nginx-http-auth"), filter.Options{Timezone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			failure := f.NewMatcher().Match(filter.Line{Text: line, Read: time.Unix(0, 0)}).Failure
			if failure == nil || failure.Host != "192.0.2.5" {
				t.Errorf("accused: %+v, want 192.0.2.5", failure)
			}
		})
	}
}
