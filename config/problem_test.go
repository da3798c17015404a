package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
)

// said are the texts of problems, with the folder taken off.
func said(problems []config.Problem, opts config.Options) []string {
	var all []string
	for _, p := range problems {
		all = append(all, strings.ReplaceAll(p.Error(), filepath.Dir(opts.File)+"/", ""))
	}
	return all
}

func TestProblems(t *testing.T) {
	own := func(keys string) string {
		return "[jail.own]\nenabled = true\nfailregex = ['^x <HOST>$']\nlogpath = '/var/log/x'\n" + keys
	}
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"key misspelt", "[jail.sshd]\nmaxrety = 3", []string{`reading gaol.toml:2: unknown key "maxrety" in [jail.sshd]: did you mean "maxretry"?`}},
		{"formula", "[default.bantime_increment]\nenabled = true\nformula = 'time * (count +'", []string{
			`reading gaol.toml:3: formula in [default.bantime_increment]: not a formula: character 16: found the end, expected a number, a name or "("`}},
		{"formula of a jail", "[jail.sshd.bantime_increment]\nformula = 'ban.Time'", []string{
			`reading gaol.toml:2: formula in [jail.sshd.bantime_increment]: not a formula: character 1: found "ban.Time", expected time, count, factor, or one of the functions ` +
				`abs, ceil, exp, floor, log, max, min, pow, round and sqrt: write time`}},
		{"formula that is none", "[jail.sshd.bantime_increment]\nformula = 2", []string{
			`reading gaol.toml:2: formula in [jail.sshd.bantime_increment]: found number 2, expected a formula, such as "time * (1 + count)"`}},
		{"formula below multipliers", "[default.bantime_increment]\nmultipliers = [1, 2]\n[jail.sshd.bantime_increment]\nformula = 'time'", []string{
			`reading gaol.toml:4: formula in [jail.sshd.bantime_increment]: multipliers stand over it: remove one of the two; multipliers = [] takes back those of [default]`}},
		{"formula in place of multipliers", "[default.bantime_increment]\nmultipliers = [1, 2]\n[jail.sshd.bantime_increment]\nformula = 'time'\nmultipliers = []", nil},
		{"formula taken back", "[default.bantime_increment]\nformula = 'time'\n[jail.sshd.bantime_increment]\nformula = ''\nmultipliers = [1, 2]", nil},
		{"networks no wider than the jail's", "[default.escalate]\nenabled = true\n[jail.sshd]\nipv4prefix = 24", []string{
			`reading gaol.toml:2: enabled in [default.escalate]: networks with ipv4prefix 24 are no wider than what jail sshd bans, 24: in [jail.sshd.escalate], set a lower one or enabled = false`}},
		{"networks no wider, but off", "[default.escalate]\nenabled = true\n[jail.sshd]\nipv4prefix = 24\nescalate.enabled = false", nil},
		{"one host is no network", "[jail.sshd.escalate]\nhosts = 1", []string{
			`reading gaol.toml:2: hosts in [jail.sshd.escalate]: found number 1, expected a whole number from 2 to 1000`}},
		{"key of escalate misspelt", "[default.escalate]\nhotss = 3", []string{`reading gaol.toml:2: unknown key "hotss" in [default.escalate]: did you mean "hosts"?`}},
		{"key far from all", "[web]\nxyzzy = 3", []string{`reading gaol.toml:2: unknown key "xyzzy" in [web]: known here: listen, proxies or token`}},
		{"key of another table", "[jail.sshd]\npurgeage = '30d'", []string{`reading gaol.toml:2: unknown key "purgeage" in [jail.sshd]: it belongs in [store]`}},
		{"key of jails at the top", "maxretry = 3", []string{`reading gaol.toml:1: unknown key "maxretry": it belongs in [default] or [jail.NAME]`}},
		{"jail without its prefix", "[sshd]\nenabled = true", []string{`reading gaol.toml:1: unknown key "sshd": a jail's table is [jail.sshd]`}},
		{"defaults in capitals", "[DEFAULT]\nbantime = 3", []string{`reading gaol.toml:1: unknown key "DEFAULT": defaults are in [default]`}},
		{"table misspelt", "[jails.sshd]\nenabled = true", []string{`reading gaol.toml:1: unknown key "jails": did you mean "jail"?`}},
		{"key of a jail directly in jail", "[jail]\nenabled = true", []string{`reading gaol.toml:2: enabled in [jail]: found true, expected the table of a jail: keys of one jail go below [jail.NAME], those of all below [default]`}},
		{"key that may not be a default", "[default]\nlogpath = '/x'", []string{`reading gaol.toml:2: unknown key "logpath" in [default]: it belongs in [jail.NAME]`}},
		{"fail2ban's backend", "[jail.sshd]\nbackend = 'systemd'", []string{`reading gaol.toml:2: unknown key "backend" in [jail.sshd]: files are followed as they are; for the journal write logpath = "journal"`}},
		{"fail2ban's bantime.increment", "[default]\nbantime.increment = true", []string{`reading gaol.toml:2: bantime in [default]: found a table, expected a duration, such as "90s", "10m", "1h30m", "1d" or "2w": what grows it is in [default.bantime_increment]`}},
		{"text for a number", "[jail.sshd]\nmaxretry = 'five'", []string{`reading gaol.toml:2: maxretry in [jail.sshd]: found string "five", expected a whole number from 1 to 10000`}},
		{"number out of range", "[jail.sshd]\nmaxretry = 0", []string{`reading gaol.toml:2: maxretry in [jail.sshd]: found number 0, expected a whole number from 1 to 10000`}},
		{"text for a truth", "[jail.sshd]\nenabled = 'yes'", []string{`reading gaol.toml:2: enabled in [jail.sshd]: found string "yes", expected true or false: without quotes`}},
		{"unknown unit", "[jail.sshd]\nfindtime = '10 parsecs'", []string{`reading gaol.toml:2: findtime in [jail.sshd]: found "10 parsecs", expected a duration, such as "90s", "10m", "1h30m", "1d" or "2w"`}},
		{"no time at all", "[jail.sshd]\nfindtime = 0", []string{`reading gaol.toml:2: findtime in [jail.sshd]: found number 0, expected a duration from 1s to 365d`}},
		{"negative time", "[jail.sshd]\nfindtime = -5", []string{`reading gaol.toml:2: findtime in [jail.sshd]: found number -5, expected a duration from 1s to 365d`}},
		{"findtime without end", "[jail.sshd]\nfindtime = 'forever'", []string{`reading gaol.toml:2: findtime in [jail.sshd]: found "forever", expected a duration from 1s to 365d`}},
		{"absurd bantime", "[jail.sshd]\nbantime = '1000y'", []string{`reading gaol.toml:2: bantime in [jail.sshd]: found "1000y", expected a duration from 1s to 3650d, or "forever"`}},
		{"list for a time", "[jail.sshd]\nbantime = [1]", []string{`reading gaol.toml:2: bantime in [jail.sshd]: found a list, expected a duration, such as "90s", "10m", "1h30m", "1d" or "2w", or "forever"`}},
		{"interface of another kind", "[default]\ninterface = ['eth0/1']", []string{`reading gaol.toml:2: interface[1] in [default]: found "eth0/1", expected the name of an interface, such as "eth0" or "wg+": at most 15 letters, digits, dots, dashes and underscores, with + or * at the end for all whose names begin so`}},
		{"interface too long", "[default]\ninterface = ['a-very-long-name']", []string{`reading gaol.toml:2: interface[1] in [default]: found "a-very-long-name", expected the name of an interface, such as "eth0" or "wg+": at most 15 letters, digits, dots, dashes and underscores, with + or * at the end for all whose names begin so`}},
		{"word misspelt", "[default]\nbanaction = 'iptable'", []string{`reading gaol.toml:2: banaction in [default]: found "iptable", expected "auto", "iptables", "iptables-rules", "nftables", "route" or "none": did you mean "iptables"?`}},
		{"address out of range", "[jail.sshd]\nignoreip = ['127.0.0.1', '300.1.1.1', '10.0.0.0/33']", []string{
			`reading gaol.toml:2: ignoreip[2] in [jail.sshd]: found "300.1.1.1", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…"`,
			`reading gaol.toml:2: ignoreip[3] in [jail.sshd]: found "10.0.0.0/33", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…": a length is from 0 to 32`,
		}},
		{"who can't be asked", "[jail.sshd]\nignoreip = ['command:list', 'command:/bin/list | sort', 'http://192.0.2.1/', 'https:']\ntrusted = ['file:x']", []string{
			`reading gaol.toml:2: ignoreip[1] in [jail.sshd]: found "command:list", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…": the program's absolute path is missing`,
			`reading gaol.toml:2: ignoreip[2] in [jail.sshd]: found "command:/bin/list | sort", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…": no shell reads this: put what needs one into a script`,
			`reading gaol.toml:2: ignoreip[3] in [jail.sshd]: found "http://192.0.2.1/", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…": only https is safe from those in between: write https://`,
			`reading gaol.toml:2: ignoreip[4] in [jail.sshd]: found "https:", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…": the host is missing`,
			`reading gaol.toml:3: trusted[1] in [jail.sshd]: found "file:x", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…": the path must be absolute`,
		}},
		{"addresses in one text", "[jail.sshd]\nignoreip = '127.0.0.1/8 ::1'", []string{`reading gaol.toml:2: ignoreip in [jail.sshd]: found "127.0.0.1/8 ::1", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…": write a list: ["127.0.0.1/8", "::1"]`}},
		{"relative file of addresses", "[jail.sshd]\nignoreip = 'file:allow.txt'", []string{`reading gaol.toml:2: ignoreip in [jail.sshd]: found "file:allow.txt", expected an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…": the path must be absolute`}},
		{"unknown port", "[jail.sshd]\nport = ['ssh', 'htpp', 70000]", []string{
			`reading gaol.toml:2: port[2] in [jail.sshd]: found "htpp", expected a port such as 22, "ssh", "8000-8010" or "all": did you mean "http"?`,
			`reading gaol.toml:2: port[3] in [jail.sshd]: found number 70000, expected a port from 1 to 65535`,
		}},
		{"range backwards", "[jail.sshd]\nport = '8010-8000'", []string{`reading gaol.toml:2: port in [jail.sshd]: found "8010-8000", expected a range from the lower to the higher port: write "8000-8010"`}},
		{"no ports", "[jail.sshd]\nport = []", []string{`reading gaol.toml:2: port in [jail.sshd]: found an empty list, expected a port such as 22, "ssh", "8000-8010" or "all": write "all" to refuse a banned host everything`}},
		{"relative logpath", "[jail.sshd]\nlogpath = ['auth.log']", []string{`reading gaol.toml:2: logpath[1] in [jail.sshd]: found "auth.log", expected an absolute path, such as "/var/log/auth.log", "journal" or "bans"`}},
		{"bans and a log", "[jail.again]\nenabled = true\nlogpath = ['bans', '/x']", []string{
			`reading gaol.toml:1: no filter in [jail.again]: set filter = "NAME", or failregex = ['…']`,
			`reading gaol.toml:3: logpath[1] in [jail.again]: found "bans", expected "bans" alone: a jail counts either the bans of others or lines of logs`}},
		{"bans with a filter", "[jail.again]\nenabled = true\nlogpath = 'bans'\nfilter = 'sshd'\nfailregex = ['^x <HOST>$']", []string{
			`reading gaol.toml:3: logpath in [jail.again]: "bans" goes without a filter, and the jail has failregex, filter: leave that out, or give the jail another name`}},
		{"bans in a stock jail", "[jail.sshd]\nlogpath = ['bans']", []string{
			`reading gaol.toml:2: logpath in [jail.sshd]: "bans" goes without a filter, and the jail has filter: leave that out, or give the jail another name`}},
		{"bans alone", "[jail.again]\nenabled = true\nlogpath = 'bans'", nil},
		{"bad glob", "[jail.sshd]\nlogpath = ['/var/log/[a']", []string{`reading gaol.toml:2: logpath[1] in [jail.sshd]: found "/var/log/[a", expected a path with a valid pattern: a "[" needs its "]"; write "\\[" for the character itself`}},
		{"zone misspelt", "[jail.sshd]\ntimezone = 'Europe/Brelin'", []string{`reading gaol.toml:2: timezone in [jail.sshd]: found "Europe/Brelin", expected a time zone such as "Europe/Berlin", "UTC", "+02:00" or "CET-1CEST"`}},
		{"zone with two meanings", "[jail.sshd]\ntimezone = 'UTC+02'", []string{`reading gaol.toml:2: timezone in [jail.sshd]: found "UTC+02", expected a time zone such as "Europe/Berlin", "UTC", "+02:00" or "CET-1CEST": POSIX and fail2ban give it opposite signs: write +02 for east of UTC or -02 for west`}},
		{"no such filter", "[jail.sshd]\nfilter = 'ssdh'", []string{`reading gaol.toml:2: filter in [jail.sshd]: found "ssdh", expected the name of a filter: did you mean "sshd"?`}},
		{"no such mode", "[jail.sshd]\nfilter = 'sshd[mode=agressive]'", []string{`reading gaol.toml:2: filter in [jail.sshd]: found mode "agressive", expected "aggressive" or "normal": did you mean "aggressive"?`}},
		{"filter's name not closed", "[jail.sshd]\nfilter = 'sshd[mode=aggressive'", []string{`reading gaol.toml:2: filter in [jail.sshd]: "sshd[mode=aggressive" is not a filter's name: write "sshd" or "sshd[mode=NAME]"`}},
		{"stock jail misspelt", "[jail.django-outh]\nenabled = true\nlogpath = '/var/log/x'", []string{`reading gaol.toml:1: no filter in [jail.django-outh]: set filter = "NAME", or failregex = ['…']; or is the stock jail "django-auth" meant?`}},
		{"own jail without filter", "[jail.own]\nenabled = true\nlogpath = '/var/log/x'", []string{`reading gaol.toml:1: no filter in [jail.own]: set filter = "NAME", or failregex = ['…']`}},
		{"own jail without log", "[jail.own]\nenabled = true\nfailregex = ['x <HOST>$']", []string{`reading gaol.toml:1: no log to read in [jail.own]: set logpath = ["/path/to.log"], or logpath = "journal"`}},
		{"pattern that does not compile", own("ignoreregex = [\n'ok',\n'(']"), []string{`reading gaol.toml:7: ignoreregex[2] in [jail.own]: pattern "(": a parenthesis is not closed: add ), or write \( for the character`}},
		{"pattern without host", "[jail.sshd]\nfailregex = ['^a <HOST>$', 'Failed password']", []string{`reading gaol.toml:2: failregex[2] in [jail.sshd]: pattern "Failed password": names neither a host nor an id nor a session: write <HOST> where the client's address stands (or <F-ID>, <F-MLFID>)`}},
		{"empty pattern", own("unless = ''"), []string{`reading gaol.toml:5: unless in [jail.own]: found "", expected a pattern in single quotes, such as 'login failure from <HOST>$': an empty pattern would match every line: leave it out`}},
		{"no such action", own("action = ['nginx-dney']"), []string{`reading gaol.toml:5: action[1] in [jail.own]: found "nginx-dney", expected the name of an action file or of a kind, such as "command": did you mean "nginx-deny"?`}},
		{"action without name", own("action = [{ ban = ['/x'] }]"), []string{`reading gaol.toml:5: action[1] in [jail.own]: no name: write name = "command" for a program of your own`}},
		{"action that does nothing", own("action = [{ name = 'command' }]"), []string{`reading gaol.toml:5: the action "command" does nothing in [jail.own]: give it ban = ["/path/to/program"]`}},
		{"command in one text", own("action = [{ name = 'command', ban = '/bin/x -a b' }]"), []string{`reading gaol.toml:5: action[1].ban in [jail.own]: found string "/bin/x -a b", expected a list of a program and its arguments, such as ["/usr/local/bin/notify", "--quiet"]: write ["/bin/x", "-a", "b"]`}},
		{"command with a relative path", own("action = { name = 'command', ban = ['./x'], timeout = 0 }"), []string{
			`reading gaol.toml:5: ban[1] in [jail.own.action]: found "./x", expected a program by its absolute path or its name in PATH`,
			`reading gaol.toml:5: timeout in [jail.own.action]: found number 0, expected a duration from 1s to 1h`,
		}},
		{"name of a jail", "[jail.'a b']\nenabled = false", []string{`reading gaol.toml:1: a jail's name in [jail]: found "a b", expected letters, digits, ".", "_" and "-", 64 at most`}},
		{"chain", own("chain = '-j'"), []string{`reading gaol.toml:5: chain in [jail.own]: found "-j", expected the name of a chain, such as "INPUT"`}},
		{"prefix", own("ipv4prefix = 0"), []string{`reading gaol.toml:5: ipv4prefix in [jail.own]: found number 0, expected a whole number from 8 to 32`}},
		{"increment", own("bantime_increment = { enabled = true, factr = 2, multipliers = '1 2', maxtime = 'x' }"), []string{
			`reading gaol.toml:5: unknown key "factr" in [jail.own.bantime_increment]: did you mean "factor"?`,
			`reading gaol.toml:5: multipliers in [jail.own.bantime_increment]: found string "1 2", expected a list of whole numbers, such as [1, 5, 30]`,
			`reading gaol.toml:5: maxtime in [jail.own.bantime_increment]: found "x", expected a duration, such as "90s", "10m", "1h30m", "1d" or "2w"`,
		}},
		{"store", "[store]\npath = 'x'\npurgeage = 5", []string{
			`reading gaol.toml:2: path in [store]: found "x", expected an absolute path, such as "/var/lib/gaol/gaol.sqlite3"`,
			`reading gaol.toml:3: purgeage in [store]: found number 5, expected a duration from 1h to 3650d`,
		}},
		{"web", "[web]\nlisten = '127.0.0.1'", []string{`reading gaol.toml:2: listen in [web]: found "127.0.0.1", expected an address with its port, such as "127.0.0.1:7413"`}},
		{"who asks", "[web]\nproxies = ['127.0.0.1', 'proxy.example']\ntoken = 'env:GAOL_NO_TOKEN'", []string{
			`reading gaol.toml:2: proxies[2] in [web]: found "proxy.example", expected an address or a prefix, such as "10.0.0.0/8"`,
			`reading gaol.toml:3: token in [web]: the environment variable "GAOL_NO_TOKEN" is empty: set it for gaol, such as by systemctl edit gaol`,
		}},
		{"a list that nobody can ask about", own("action = 'caddy'"), []string{
			`reading gaol.toml:5: action in [jail.own]: the action caddy is for proxies that ask gaol, which listens nowhere: write listen = "127.0.0.1:7413" in [web]`}},
		{"one list twice", own("action = ['caddy', 'traefik']\n[web]\nlisten = '127.0.0.1:7413'"), []string{
			`reading gaol.toml:5: action in [jail.own]: the actions caddy and traefik are one and the same list: leave one out: all proxies may ask about it`}},
		{"a list of a jail that is off", "[jail.own]\naction = 'caddy'", nil},
		{"a key of another kind", own("action = { name = 'caddy', path = '/x' }\n[web]\nlisten = '127.0.0.1:7413'"), []string{
			`reading gaol.toml:5: unknown key "path" in [jail.own.action]: it belongs in ` + "`nginx`, `haproxy`" + ` or [store]`}},
		{"one file for two jails", own("action = { name = 'nginx', path = '/x/y' }\n[jail.sshd]\naction = [{ name = 'haproxy', path = '/x/../x/y' }]"), []string{
			`reading gaol.toml:7: action in [jail.sshd]: the action haproxy keeps the file /x/y, which is that of jail own: give it a path of its own: a server can read several files`}},
		{"one file for all jails", own("[default]\naction = { name = 'nginx', path = '/x/y' }"), []string{
			`reading gaol.toml:6: action in [default]: the action nginx keeps the file /x/y, which is that of jail own: give it a path of its own: a server can read several files`}},
		{"one file twice", own("action = ['nginx', { name = 'again', kind = 'nginx' }]"), []string{
			`reading gaol.toml:5: action in [jail.own]: two actions keep the file /var/lib/gaol/nginx/own.conf, and each would remove the other's bans: give them a path of their own, or leave one out`}},
		{"one file, but of a jail that is off", own("action = { name = 'nginx', path = '/x/y' }\n[jail.django-auth]\naction = { name = 'nginx', path = '/x/y' }"), nil},
		{"a socket and a reload", own("action = { name = 'haproxy', socket = '/run/haproxy/admin.sock', reload = ['true'] }"), []string{
			`reading gaol.toml:5: socket and reload together in [jail.own.action]: leave reload out`}},
		{"a socket by itself", own("action = { name = 'haproxy', socket = '/run/haproxy/admin.sock' }"), nil},
		{"a socket without a folder", own("action = { name = 'haproxy', socket = 'admin.sock' }"), []string{
			`reading gaol.toml:5: socket in [jail.own.action]: found "admin.sock", expected an absolute path`}},
		{"onstop", "onstop = 'flsh'", []string{`reading gaol.toml:1: onstop: found "flsh", expected "flush" or "keep": did you mean "flush"?`}},
		{"defaults are no table", "default = 5", []string{`reading gaol.toml:1: default: found number 5, expected a table`}},
		{"text without quotes", "[default]\nbantime = 10m", []string{`reading gaol.toml:2: not valid TOML: expected a top-level item to end with a newline, comment, or EOF, but got 'm' instead: text needs quotes: bantime = "10m"`}},
		{"comment of INI files", "; a comment", []string{`reading gaol.toml:1: not valid TOML: expected '.' or '=', but got ';' instead: comments begin with "#"`}},
		{"backslash in double quotes", own("ignoreregex = [\"\\d+\"]"), []string{`reading gaol.toml:5: not valid TOML: invalid escape in string '\d': write patterns in single quotes, where a backslash stands for itself`}},
		{"text not closed", "[web]\nlisten = \"127", []string{`reading gaol.toml:2: not valid TOML: unexpected EOF; expected '"'`}},
		{"a list without TLS", "[jail.x]\nenabled = true\nblocklist = ['http://example.org/x']", []string{`reading gaol.toml:3: blocklist[1] in [jail.x]: found "http://example.org/x", expected "https://…", "file:/PATH", or a table with url: only https is safe from those in between: write https://`}},
		{"a list's certificates", "[jail.x]\nenabled = true\nblocklist = [{ url = 'https://example.org/x', ca = 'ca.pem' }]", []string{`reading gaol.toml:3: blocklist[1].ca in [jail.x]: found "ca.pem", expected an absolute path`}},
		{"a list without a firewall", "[jail.x]\nenabled = true\nbanaction = 'route'\nblocklist = ['file:/x']", []string{`reading gaol.toml:4: blocklist in [jail.x]: no firewall refuses what is on the lists, as banaction is route: set banaction = "auto" in the jail`}},
		{"an unknown key of a list", "[jail.x]\nenabled = true\nblocklist = [{ url = 'https://example.org/x', colum = 2 }]", []string{`reading gaol.toml:3: unknown key "colum" in [jail.x]: did you mean "column"?`}},
		{"bracket not closed", "onstop = 'keep'\n[jail.sshd\nmaxretry = 3", []string{`reading gaol.toml:2: not valid TOML: expected '.' or ']' to end table name, but got '\n' instead`}},
		{"key twice", "[jail.sshd]\nmaxretry = 3\nmaxretry = 4", []string{`reading gaol.toml:3: not valid TOML: key 'jail.sshd.maxretry' has already been defined`}},
		{"table twice", "[jail.sshd]\nmaxretry = 3\n[jail.sshd]\nport = 4", []string{`reading gaol.toml:3: not valid TOML: key 'jail.sshd' has already been defined`}},
		{"colon", "onstop: flush", []string{`reading gaol.toml:1: not valid TOML: expected '.' or '=', but got ':' instead: write "onstop = …", with an equals sign`}},
		{"several at once, with a byte order mark and CRLF", "\uFEFFonstp = 'keep'\r\n[jail.sshd]\r\nmaxretry = 'x'\r\nportt = 1\r\n", []string{
			`reading gaol.toml:1: unknown key "onstp": did you mean "onstop"?`,
			`reading gaol.toml:3: maxretry in [jail.sshd]: found string "x", expected a whole number from 1 to 10000`,
			`reading gaol.toml:4: unknown key "portt" in [jail.sshd]: did you mean "port"?`,
		}},
		{"NUL", "onstop = 'keep'\nx\x00", []string{`reading gaol.toml:2: not text: it has a NUL byte`}},
		{"UTF-16", "\xff\xfeo\x00n\x00", []string{`reading gaol.toml:1: text in UTF-16: save it as UTF-8`}},
		{"control characters", "[jail.sshd]\n\"a\\u001b[31m\" = 1", []string{`reading gaol.toml:2: unknown key "a\x1b[31m" in [jail.sshd]`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := write(t, map[string]string{"gaol.toml": tt.text})
			got := said(config.Load(opts).Problems, opts)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", strings.Join(got, "\n"))
			}
		})
	}
}
