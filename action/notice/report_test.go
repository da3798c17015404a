package notice_test

import (
	"net/netip"
	"testing"

	"gaol/action/notice"
	"gaol/jail"
)

func TestReportable(t *testing.T) {
	for _, tt := range []struct {
		name, prefix string
		change       func(*jail.Ban)
		want         string
	}{
		{"an address", "192.0.2.7/32", nil, "192.0.2.7"},
		{"a site and its address", "2001:db8:0:7::/64", func(b *jail.Ban) { b.Lines = []string{"from 2001:db8:0:7::1 port 22", "from 2001:db8:0:7::1"} }, "2001:db8:0:7::1"},
		{"a site and two addresses", "2001:db8:0:7::/64", func(b *jail.Ban) { b.Lines = []string{"user 2001:db8:0:7::2 from 2001:db8:0:7::1"} }, ""},
		{"a site without an address", "2001:db8:0:7::/64", nil, ""},
		{"a network", "192.0.2.0/24", func(b *jail.Ban) { b.Lines = []string{"from 192.0.2.7"} }, ""},
		{"private", "192.168.1.1/32", nil, ""},
		{"shared", "100.64.0.1/32", nil, ""},
		{"this host", "127.0.0.1/32", nil, ""},
		{"link-local", "fe80::1/128", nil, ""},
		{"by hand", "192.0.2.7/32", func(b *jail.Ban) { b.By = "hand" }, ""},
		{"for nothing", "192.0.2.7/32", func(b *jail.Ban) { b.Failures = 0 }, ""},
		{"an id", "192.0.2.7/32", func(b *jail.Ban) { b.ID = "alice" }, ""},
	} {
		b := sample()
		b.Prefix = netip.MustParsePrefix(tt.prefix)
		if tt.change != nil {
			tt.change(&b)
		}
		e := notice.NewEvent(notice.Ban, b, noon, "")
		got := ""
		if notice.Reportable(e) {
			a, _ := notice.Address(e.Ban)
			got = a.String()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMask(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"Mar 10 12:00:00 web1 sshd[17]: Failed password for alice from 192.0.2.7 port 51000 ssh2",
			"Mar 10 12:00:00 [hidden] sshd[17]: Failed password for [account] from 192.0.2.7 port 51000 ssh2"},
		{"Failed password for invalid user bob from 192.0.2.7 port 1", "Failed password for invalid user [account] from 192.0.2.7 port 1"},
		{"authentication failure; rhost=192.0.2.7 user=carol", "authentication failure; rhost=192.0.2.7 user=[account]"},
		{`192.0.2.7 - - "POST /login HTTP/1.1" 401 to 203.0.113.9:443 and 2001:db8::9`, `192.0.2.7 - - "POST /login HTTP/1.1" 401 to [address]:443 and [address]`},
		{"login of dave@example.com at WEB1.example.org root", "login of [account] at [hidden] [hidden]"},
		{"web10 and myweb1 are others", "web10 and myweb1 are others"},
	} {
		b := sample()
		b.Lines = []string{tt.line}
		if got := notice.Mask(b, []string{"web1", "web1.example.org"})[0]; got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
