package filter_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gaol/filter"
)

func TestAttackJSON(t *testing.T) {
	failedBy := func(event string) []filter.Condition {
		return []filter.Condition{{Path: "event", Values: []any{event}}}
	}
	private := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	withTests := func(spec filter.Spec, lines ...string) filter.Spec {
		for _, text := range lines {
			spec.Tests = append(spec.Tests, filter.Test{Lines: []string{text}, Match: true})
		}
		return spec
	}
	for _, tt := range []struct {
		name string
		spec filter.Spec
		// places are what is attacked, by what their names contain; weak says which of the weapons succeeds.
		places []string
		weak   string
	}{
		{"Caddy", withTests(caddy(), caddyLine), []string{"/login", "curl/7.82.0", "198.51.100.1, 203.0.113.9", "POST"}, ""},
		{"Traefik", withTests(traefik(), traefikLine), []string{"/dashboard/", "joe", "192.0.2.6:52178"}, ""},
		{"the last of a list", withTests(specOf(filter.JSON{When: failedBy("failed"), Host: []string{"xff"}}),
			`{"event":"failed","user":"joe","xff":["198.51.100.1, 192.0.2.1"]}`), []string{"joe", "198.51.100.1, 192.0.2.1"}, ""},
		{"behind trusted proxies", withTests(specOf(filter.JSON{When: failedBy("failed"), Host: []string{"xff"}, Trusted: private}),
			`{"event":"failed","xff":["203.0.113.1","192.0.2.1, 10.0.0.1","10.0.0.2"]}`), []string{"203.0.113.1", "192.0.2.1, 10.0.0.1"}, ""},
		{"past a trusted proxy", withTests(specOf(filter.JSON{When: failedBy("failed"), Host: []string{"xff"}, Peer: "peer", Trusted: private}),
			`{"event":"failed","xff":"203.0.113.1","peer":"192.0.2.1"}`), []string{"203.0.113.1"}, ""},
		{"the first of a list", withTests(specOf(filter.JSON{When: failedBy("failed"), Host: []string{"xff[0]"}}),
			`{"event":"failed","xff":["192.0.2.1","203.0.113.1"]}`), []string{"203.0.113.1"}, ""},
		{"a message, anchored", withTests(filter.Spec{Failregex: []string{`^Login failure for <F-USER>.*</F-USER> from <HOST>$`}, JSON: []filter.JSON{{Message: []string{"msg"}}}},
			`{"msg":"Login failure for \"joe\" from 192.0.2.1","agent":"curl"}`), []string{"user", "curl"}, ""},
		{"a message, not anchored", withTests(filter.Spec{Failregex: []string{`Login failure for <F-USER>.*?</F-USER> from <HOST>`}, JSON: []filter.JSON{{Message: []string{"msg"}}}},
			`{"ts":1773178283,"msg":"Login failure for joe from 192.0.2.1"}`), []string{"user"}, "an address and a port in place of user"},
		{"a failregex on raw JSON", withTests(filter.Spec{Failregex: []string{`"ip":"<HOST>".*Login failure`}, JSON: []filter.JSON{{When: failedBy("x"), Host: []string{"ip"}}}},
			`{"agent":"curl","ip":"192.0.2.1","msg":"Login failure"}`), []string{"curl"}, ""},
		{"a failregex on raw JSON that is not careful", withTests(filter.Spec{Failregex: []string{`Login failure.*<HOST>`}, JSON: []filter.JSON{{When: failedBy("x"), Host: []string{"ip"}}}},
			`{"msg":"Login failure","ip":"192.0.2.1","agent":"curl"}`), []string{"curl"}, "another address in place of the text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range filter.RunTests(tt.spec) {
				if !r.OK {
					t.Fatalf("the test itself fails: %s", r.Problem)
				}
			}
			results := filter.Attack(tt.spec)
			var all strings.Builder
			for _, r := range results {
				fmt.Fprintln(&all, r.Attack)
			}
			for _, place := range tt.places {
				if !strings.Contains(all.String(), place) {
					t.Errorf("%s is not attacked", place)
				}
			}
			bad := failed(results)
			if tt.weak == "" {
				for _, r := range bad {
					t.Errorf("%s: %s", r.Attack, r.Problem)
				}
				return
			}
			found := false
			for _, r := range bad {
				found = found || strings.HasPrefix(r.Attack, tt.weak)
			}
			if !found {
				t.Errorf("%q did not succeed, only %+v", tt.weak, bad)
			}
		})
	}
}

// What the service alone writes is not attacked: it would show nothing.
func TestAttackSparesTheHost(t *testing.T) {
	spec := specOf(filter.JSON{When: []filter.Condition{{Path: "event", Values: []any{"failed"}}}, Host: []string{"ip"}})
	spec.Tests = []filter.Test{{Lines: []string{`{"event":"failed","ip":"192.0.2.1:4711","remote":"192.0.2.1:4712"}`}, Match: true}}
	remote := false
	for _, r := range filter.Attack(spec) {
		if strings.Contains(r.Attack, "192.0.2.1:4711") {
			t.Fatalf("attacked: %s", r.Attack)
		}
		remote = remote || strings.Contains(r.Attack, "192.0.2.1:4712")
	}
	if !remote {
		t.Error("another field with the address is not attacked")
	}
}
