package config_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/action"
	"gaol/config"
	"gaol/jail"
)

func TestEmptyFile(t *testing.T) {
	c := load(t, map[string]string{"gaol.toml": ""})
	if c.OnStop != config.Flush || c.Web.Listen != "" || len(c.Web.Proxies) != 2 || c.Web.Token != "" || c.Operators != 12*time.Hour || c.Store != (config.Store{Path: "/var/lib/gaol/gaol.sqlite3", PurgeAge: 30 * 24 * time.Hour}) {
		t.Errorf("defaults are %+v", c)
	}
	got := jailOf(t, c, "sshd")
	if want := []string{`^Failed password for <F-USER>\S+</F-USER> from <HOST>`}; !slices.Equal(got.Filter.Failregex, want) {
		t.Errorf("failregex is %q, want %q", got.Filter.Failregex, want)
	}
	if got.Compiled == nil {
		t.Error("the filter is not compiled")
	}
	got.Compiled = nil
	got.Filter.Failregex, got.Filter.Modes, got.Filter.Daemon, got.Filter.Journalmatch = nil, nil, nil, nil
	want := config.Jail{
		Name: "sshd", Enabled: true, Stock: true, Description: "OpenSSH", FilterName: "sshd",
		LogPath: []string{"/var/log/auth.log"}, Guessed: true, Journal: true, Either: true,
		FindTime: 10 * time.Minute, BanTime: 10 * time.Minute, MaxRetry: 5, MaxMatches: 5, MaxHosts: 1_000_000,
		IPv4Prefix: 32, IPv6Prefix: 64, Increment: jail.Increment{Factor: 1},
		Escalate: jail.Escalate{Hosts: 5, FindTime: 24 * time.Hour, IPv4Prefix: 24, IPv6Prefix: 48},
		IgnoreIP: []string{"127.0.0.0/8", "::1"}, IgnoreSelf: true, IgnoreRefresh: 5 * time.Minute, Enforce: true, BanAction: "auto",
		Rule: action.Rule{Jail: "sshd", Ports: []action.Port{{First: 22, Last: 22}}, Protocol: "tcp"},
	}
	want.Filter.Name = "sshd"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the jail sshd (-want +got):\n%s", diff)
	}
}

func TestEnabled(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing said", "", []string{"sshd"}},
		{"mentioned only", "[jail.sshd]\nmaxretry = 3\n[jail.django-auth]\nmaxretry = 3", []string{"sshd"}},
		{"sshd off", "[jail.sshd]\nenabled = false", nil},
		{"another on", "[jail.django-auth]\nenabled = true\nlogpath = '/var/log/x'", []string{"django-auth", "sshd"}},
		{"own jail not enabled", "[jail.own]\nfailregex = '<HOST>'", []string{"sshd"}},
		{"own jail", "[jail.own]\nenabled = true\nfailregex = '^<HOST>$'\nlogpath = 'journal'", []string{"own", "sshd"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, j := range load(t, map[string]string{"gaol.toml": tt.text}).Jails {
				if j.Enabled {
					got = append(got, j.Name)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("enabled are %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPrecedence(t *testing.T) {
	c := load(t, map[string]string{
		"gaol.toml": `
[default]
maxretry = 7
bantime = "1h"
port = "all"
ignoreip = ["192.0.2.1"]
[default.bantime_increment]
enabled = true
factor = 2
[jail.sshd]
bantime = "2h"
bantime_increment = { factor = 3 }
[jail.django-auth]
`,
		"conf.d/10-a.toml":  "[jail.sshd]\nfindtime = '3m'\nmaxmatches = 2\nport = [22, 2222]\n",
		"conf.d/20-b.toml":  "[jail.sshd]\nfindtime = '4m'\n[default]\nignoreip = '192.0.2.2'\n",
		"conf.d/.hidden":    "[[[",
		"conf.d/.x.toml":    "[[[",
		"conf.d/30.toml.sv": "[[[",
	})
	ssh, django := jailOf(t, c, "sshd"), jailOf(t, c, "django-auth")
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"default over built-in", ssh.MaxRetry, 7},
		{"jail over default", ssh.BanTime, 2 * time.Hour},
		{"later file over earlier", ssh.FindTime, 4 * time.Minute},
		{"earlier file where later is silent", ssh.MaxMatches, 2},
		{"tables merge", ssh.Increment, jail.Increment{Enabled: true, Factor: 3}},
		{"lists replace", ssh.IgnoreIP, []string{"192.0.2.2"}},
		{"jail over stock", ssh.Rule.Ports, []action.Port{{First: 22, Last: 22}, {First: 2222, Last: 2222}}},
		{"stock over default", django.Rule.Ports, []action.Port{{First: 80, Last: 80}, {First: 443, Last: 443}}},
		{"maxmatches follows maxretry", django.MaxMatches, 7},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestSources(t *testing.T) {
	for _, tt := range []struct {
		name, text      string
		paths           []string
		journal, either bool
	}{
		{"stock", "", []string{"/var/log/auth.log"}, true, true},
		{"own path instead of both", "logpath = '/x/*.log'", []string{"/x/*.log"}, false, false},
		{"journal alone", "logpath = 'journal'", nil, true, false},
		{"each of both", "logpath = ['journal', '/x']", []string{"/x"}, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := jailOf(t, load(t, map[string]string{"gaol.toml": "[jail.sshd]\n" + tt.text}), "sshd")
			if !slices.Equal(j.LogPath, tt.paths) || j.Journal != tt.journal || j.Either != tt.either || j.Guessed != tt.either {
				t.Errorf("logs %q, journal %v, either %v, guessed %v", j.LogPath, j.Journal, j.Either, j.Guessed)
			}
		})
	}
}

func TestEveryKey(t *testing.T) {
	c := load(t, map[string]string{
		"gaol.toml": `
onstop = "keep"
operators = 0
web.listen = "[::1]:7413"
store = { path = "/x/y.sqlite3", purgeage = "2w" }
[jail.own]
description = "mine"
enabled = true
filter = { failregex = ['^a <HOST>$', '^b <HOST>$'], daemon = "x", mode.more.failregex = ['^c <HOST>$'] }
mode = "more"
logpath = ["journal", "/var/log/*.log"]
port = ["https", 8080, "8000:8079", "http,2000-2001", 80]
protocol = "udp"
chain = ["INPUT", "FORWARD"]
blocktype = "reset"
interface = ["eth0", "wg*"]
banaction = "nftables"
action = ["nginx-deny", { name = "nginx-deny", timeout = 9, unban = [] }, { name = "command", start = ["a"], stop = ["/b", "c"] }]
maxretry = 3
findtime = 90
bantime = -1
maxmatches = 4
maxhosts = 1000
ipv4prefix = 24
ipv6prefix = 56
ignoreip = ["192.0.2.0/255.255.255.0", "2001:db8::/32", "host.example", "file:/etc/gaol/allow.txt", "command:/bin/list -x", "https://office.example/allow"]
ignorerefresh = "1h"
ignorecommand = ["/bin/is-friend", "-q"]
trusted = ["10.0.0.0/255.0.0.0", "proxy.example"]
ignoreself = false
usedns = "yes"
timezone = "-03:30"
from = "findtime"
enforce = false
unless = ['x']
journalmatch = ["_COMM=x", "+", "_COMM=y"]
[jail.own.bantime_increment]
enabled = true
factor = 1.5
multipliers = [1, 5, 30]
maxtime = "1w"
rndtime = "5m"
overalljails = true
[jail.own.escalate]
enabled = true
hosts = 9
findtime = "2d"
bantime = "forever"
ipv4prefix = 20
ipv6prefix = 44
`,
	})
	if c.OnStop != config.Keep || c.Web.Listen != "[::1]:7413" || c.Operators != 0 || c.Store != (config.Store{Path: "/x/y.sqlite3", PurgeAge: 14 * 24 * time.Hour}) {
		t.Errorf("the daemon's keys are %+v", c)
	}
	got := jailOf(t, c, "own")
	if _, seconds := time.Now().In(got.Timezone).Zone(); seconds != -(3*60+30)*60 {
		t.Errorf("timezone is %v", got.Timezone)
	}
	if !slices.Equal(got.Filter.Unless, []string{"x"}) || len(got.Filter.Failregex) != 2 || got.Filter.Daemon[0] != "x" || len(got.Filter.Journalmatch) != 3 {
		t.Errorf("filter is %+v", got.Filter)
	}
	got.Timezone, got.Filter, got.Compiled = nil, config.Jail{}.Filter, nil
	want := config.Jail{
		Name: "own", Enabled: true, Description: "mine", Mode: "more", LogPath: []string{"/var/log/*.log"}, Journal: true,
		FromFindTime: true, UseDNS: true, FindTime: 90 * time.Second, BanTime: config.Forever, MaxRetry: 3, MaxMatches: 4, MaxHosts: 1000,
		IPv4Prefix: 24, IPv6Prefix: 56, BanAction: "nftables",
		Increment: jail.Increment{Enabled: true, Factor: 1.5, Multipliers: []int{1, 5, 30}, MaxTime: 7 * 24 * time.Hour,
			RndTime: 5 * time.Minute, OverallJails: true},
		Escalate: jail.Escalate{Enabled: true, Hosts: 9, FindTime: 48 * time.Hour, BanTime: jail.Forever, IPv4Prefix: 20, IPv6Prefix: 44},
		IgnoreIP: []string{"192.0.2.0/24", "2001:db8::/32", "host.example", "file:/etc/gaol/allow.txt", "command:/bin/list -x",
			"https://office.example/allow"},
		IgnoreRefresh: time.Hour, IgnoreCommand: []string{"/bin/is-friend", "-q"}, Trusted: []string{"10.0.0.0/8", "proxy.example"},
		Rule: action.Rule{Jail: "own", Protocol: "udp", Block: action.Reset, Interfaces: []string{"eth0", "wg*"}, Chains: []string{"INPUT", "FORWARD"},
			Ports: []action.Port{{First: 80, Last: 80}, {First: 443, Last: 443}, {First: 2000, Last: 2001}, {First: 8000, Last: 8080}}},
		Actions: []config.Action{
			{Name: "nginx-deny", Ban: []string{"/usr/lib/gaol/nginx-deny", "add"}, Unban: []string{"/usr/lib/gaol/nginx-deny", "remove"}, Timeout: 5 * time.Second},
			{Name: "nginx-deny", Ban: []string{"/usr/lib/gaol/nginx-deny", "add"}, Timeout: 9 * time.Second},
			{Name: "command", Start: []string{"a"}, Stop: []string{"/b", "c"}, Timeout: time.Minute},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the jail (-want +got):\n%s", diff)
	}
}

func TestFilterOfJail(t *testing.T) {
	for _, tt := range []struct {
		name, text      string
		filter, mode    string
		failregexBegins string
	}{
		{"stock", "", "sshd", "", "^Failed"},
		{"mode in brackets", "filter = 'sshd[mode=aggressive]'", "sshd", "aggressive", "^Failed"},
		{"mode by key", "mode = 'aggressive'", "sshd", "aggressive", "^Failed"},
		{"mode normal", "mode = 'normal'", "sshd", "", "^Failed"},
		{"own pattern over the filter's", "failregex = '^own <HOST>$'", "sshd", "", "^own"},
		{"another", "filter = 'django-auth'", "django-auth", "", "ERROR"},
		{"user's file", "filter = 'mine'", "mine", "", "^mine"},
		{"table", "filter.failregex = '^table <HOST>$'", "", "", "^table"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := jailOf(t, load(t, map[string]string{
				"gaol.toml":          "[jail.sshd]\n" + tt.text,
				"filter.d/mine.toml": "failregex = '^mine <HOST>$'",
			}), "sshd")
			if j.FilterName != tt.filter || j.Mode != tt.mode || len(j.Filter.Failregex) != 1 ||
				j.Filter.Failregex[0][:len(tt.failregexBegins)] != tt.failregexBegins {
				t.Errorf("filter %q, mode %q, failregex %q", j.FilterName, j.Mode, j.Filter.Failregex)
			}
		})
	}
}

func TestUserFileReplacesStock(t *testing.T) {
	c := load(t, map[string]string{
		"gaol.toml":                "[jail.sshd]\naction = 'nginx-deny'",
		"filter.d/sshd.toml":       "failregex = '^mine <HOST>$'",
		"action.d/nginx-deny.toml": "ban = ['/mine']",
	})
	j := jailOf(t, c, "sshd")
	if len(j.Filter.Daemon) != 0 || j.Filter.Failregex[0] != "^mine <HOST>$" || j.Actions[0].Ban[0] != "/mine" {
		t.Errorf("filter %+v, actions %+v", j.Filter, j.Actions)
	}
}

func TestJailNamesAreSorted(t *testing.T) {
	opts := write(t, map[string]string{"gaol.toml": "[jail.zz]\n[jail.aa]\n"})
	var names []string
	for _, j := range config.Load(opts).Jails {
		names = append(names, j.Name)
	}
	if want := []string{"aa", "sshd", "zz"}; !slices.Equal(names, want) {
		t.Errorf("jails are %q, want %q", names, want)
	}
	if got, want := config.JailNames(opts), []string{"aa", "django-auth", "sshd", "zz"}; !slices.Equal(got, want) {
		t.Errorf("jails known are %q, want %q", got, want)
	}
}
