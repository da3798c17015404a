package config

import (
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"gaol/action"
	"gaol/jail"
	"gaol/jail/formula"
)

// draft is a jail that is being read.
type draft struct {
	Jail
	// filter is the key of that name; nil: the filter is called like the jail.
	filter *node
	// params is the key param, nil for none.
	params *node
}

const (
	longestFindTime = 365 * day
	longestBanTime  = 3650 * day
)

// jailKeys are the keys of [jail.NAME], [default] and stock jail files, those of filters in
// a jail's own table left out (see filterKeys).
func jailKeys() []key[draft] {
	return []key[draft]{
		{name: "description", scope: ofBoth, doc: "What the jail is for, in a few words.",
			value: text(func(d *draft) *string { return &d.Description })},
		{name: "enabled", def: "false",
			doc:   "Whether the jail runs. The stock jail `sshd` runs unless this is false.",
			value: boolean(func(d *draft) *bool { return &d.Enabled })},
		{name: "filter", scope: ofBoth,
			doc: "What finds the failures: the name of a filter, a name with a mode (`\"sshd[mode=aggressive]\"`), " +
				"or a table with the keys of a filter file. Without it, the filter called like the jail; " +
				"with failregex in the jail itself, none is needed.",
			value: value[draft]{"text or table", setFilter}},
		{name: "mode", doc: "Which of the filter's modes is meant, where `filter` names none.",
			value: text(func(d *draft) *string { return &d.Mode })},
		{name: "param", scope: ofBoth, doc: "Values of the filter's parameters: `param = { path = '/signin', failure = [401, 403] }`. Those not named have the filter's defaults.",
			value: value[draft]{"table", func(c *checker, d *draft, n *node) {
				if d.params = n; n.kind != table {
					d.params = nil
					c.wrongType(n, paramsForm)
				}
			}}},
		{name: "logpath", scope: ofBoth,
			doc: "The files to read: absolute paths with `*`, `?` and `[…]`, looked up again as files come and go. " +
				"`\"journal\"` is the systemd journal. `\"bans\"`, which stands alone, makes the bans of all other jails the failures of this one: " +
				"see `recidive` in [bantime.md](bantime.md).",
			value: value[draft]{"list of texts", setLogPath}},
		{name: "journal", scope: ofStock,
			doc:   "Whether the journal has the same records as the files of `logpath`.",
			value: boolean(func(d *draft) *bool { return &d.Journal })},
		{name: "blocklist", doc: "Lists of networks to be refused, in place of logs: `\"https://…\"`, `\"file:/PATH\"`, or tables with `url` and `column`; see [blocklists.md](blocklists.md).",
			value: value[draft]{"list of texts and tables", func(c *checker, d *draft, n *node) { d.Blocklist = c.blocklists(n) }}},
		{name: "blocklistrefresh", def: `"1h"`, scope: ofDefault, doc: "How often lists on the web are asked for. Files are read when they change.",
			value: duration(time.Minute, 30*day, func(d *draft) *time.Duration { return &d.BlocklistRefresh })},
		{name: "blocklistsize", def: "64", scope: ofDefault, doc: "How many MiB a list has at most; of a larger one nothing is taken.",
			value: value[draft]{"whole number, 1 to 1024", func(c *checker, d *draft, n *node) {
				if v, ok := c.whole(n, 1, 1024); ok {
					d.BlocklistLimits.Bytes = int64(v) << 20
				}
			}}},
		{name: "blocklistentries", def: "500_000", scope: ofDefault, doc: "How many networks a list has at most; of a longer one nothing is taken.",
			value: whole(1, 5_000_000, func(d *draft) *int { return &d.BlocklistLimits.Entries })},
		{name: "port", def: `"all"`, scope: ofAll,
			doc: "The ports that a banned host is refused: numbers, names, ranges (`\"8000-8010\"`) or `\"all\"`.",
			value: value[draft]{"list of numbers and texts", func(c *checker, d *draft, n *node) {
				d.Rule.Ports = c.ports(n)
			}}},
		{name: "protocol", def: `"tcp"`, scope: ofAll,
			doc:   "The protocol of those ports; `\"all\"` refuses every packet.",
			value: choice([]string{"tcp", "udp", "all"}, func(d *draft, s string) { d.Rule.Protocol = s })},
		{name: "chain", scope: ofDefault,
			doc:   "The chains iptables jumps from; without it INPUT, and DOCKER-USER where there is one ([firewall.md](firewall.md)).",
			value: value[draft]{"list of texts", setChains}},
		{name: "blocktype", def: `"reject"`, scope: ofDefault,
			doc: "What becomes of the packets of the banned: an ICMP error (`reject`), nothing (`drop`), a TCP reset (`reset`), " +
				"or for TCP a connection that leads nowhere (`tarpit`, with iptables and xtables-addons) ([firewall.md](firewall.md)).",
			value: choice(action.Blocks(), func(d *draft, s string) { d.Rule.Block, _ = action.ParseBlock(s) })},
		{name: "interface", scope: ofDefault,
			doc: "Only packets that come in through these interfaces are refused: names, or beginnings such as `\"wg+\"`; without it, " +
				"whatever they come in through.",
			value: value[draft]{"list of texts", setInterfaces}},
		{name: "established", def: `"keep"`, scope: ofAll,
			doc: "What becomes of the connections that a host has open to the jail's ports when it is banned: `end` cuts them off, those of containers too; with `keep`, " +
				"what it sends is refused, unless a rule before gaol's accepts it, and the server waits for it ([established.md](established.md)). The stock jail `sshd` has `end`.",
			value: choice([]string{"keep", "end"}, func(d *draft, s string) { d.EndEstablished = s == "end" })},
		{name: "banaction", def: `"auto"`, scope: ofAll,
			doc: "The firewall: `auto` is iptables where its command is there and may be used (it takes CAP_NET_RAW, which the systemd unit leaves out), else nftables; `iptables-rules` does without ipset; `route` throws away what the host would answer, on all ports ([routes.md](routes.md)); `none` leaves it alone ([firewall.md](firewall.md)).",
			value: choice([]string{"auto", "iptables", "iptables-rules", "nftables", "route", "none"},
				func(d *draft, s string) { d.BanAction = s })},
		{name: "action", scope: ofDefault,
			doc: "What else is done for a ban: names of action files, or tables with `name` and what is to differ from the file. " +
				"`name = \"command\"` runs programs of your own, which get `GAOL_IP`, `GAOL_JAIL` and more as environment; " +
				"[actions.md](actions.md) has all kinds.",
			value: value[draft]{"list of texts and tables", func(c *checker, d *draft, n *node) { d.Actions, d.Notifiers = c.actions(n) }}},
		{name: "maxretry", def: "5", scope: ofAll, doc: "How many failures within `findtime` lead to a ban.",
			value: whole(1, 10_000, func(d *draft) *int { return &d.MaxRetry })},
		{name: "findtime", def: `"10m"`, scope: ofAll, doc: "The time within which failures are counted together.",
			value: duration(time.Second, longestFindTime, func(d *draft) *time.Duration { return &d.FindTime })},
		{name: "trusttime", scope: ofDefault,
			doc: "For how long a host that was let in (`successregex` of the filter) may fail more often before it is banned; without it, " +
				"never. A success lifts no ban and resets no count. Everybody behind the same address (NAT, a proxy, a company's gateway, the same IPv6 prefix) is trusted with whoever has logged in, an attacker there as well ([counting.md](counting.md)).",
			value: duration(time.Second, longestFindTime, func(d *draft) *time.Duration { return &d.TrustTime })},
		{name: "trustretry", scope: ofDefault, doc: "How many more failures than `maxretry` a host in its `trusttime` needs for a ban; without it as many again.",
			value: whole(1, 10_000, func(d *draft) *int { return &d.TrustRetry })},
		{name: "bantime", def: `"10m"`, scope: ofAll, doc: "How long a first ban lasts; -1 is `\"forever\"` too.",
			value: banTime()},
		{name: "bantime_increment", scope: ofDefault, doc: "How much longer the bans of those who come back last.",
			value: value[draft]{"table", func(c *checker, d *draft, n *node) {
				readKeys(c, n, incrementKeys(), &d.Increment)
				c.checkIncrement(n, d.Increment)
			}}},
		{name: "escalate", scope: ofDefault, doc: "When whole networks are banned for the hosts in them.",
			value: value[draft]{"table", func(c *checker, d *draft, n *node) {
				readKeys(c, n, escalateKeys(), &d.Escalate)
			}}},
		{name: "maxmatches", scope: ofDefault, doc: "How many lines are kept as evidence for a host; without it as many as `maxretry`.",
			value: whole(1, 10_000, func(d *draft) *int { return &d.MaxMatches })},
		{name: "maxhosts", def: "1_000_000", scope: ofDefault,
			doc:   "How many hosts are tracked at most, at some 100 bytes each. Where more fail, those that failed once are forgotten first, and those of a network that holds an eighth of all: see docs/store.md.",
			value: whole(100, 10_000_000, func(d *draft) *int { return &d.MaxHosts })},
		{name: "ipv4prefix", def: "32", scope: ofDefault, doc: "The prefix length by which IPv4 hosts are counted and banned.",
			value: whole(8, 32, func(d *draft) *int { return &d.IPv4Prefix })},
		{name: "ipv6prefix", def: "64", scope: ofDefault, doc: "The prefix length by which IPv6 hosts are counted and banned.",
			value: whole(16, 128, func(d *draft) *int { return &d.IPv6Prefix })},
		{name: "ignoreip", def: `["127.0.0.0/8", "::1"]`, scope: ofDefault,
			doc: "Who is never banned: addresses, prefixes, host names, `\"file:/PATH\"`, `\"command:/PATH ARG …\"` for a program that prints a list, " +
				"and `\"https://…\"` for one on the web; see [ignore.md](ignore.md).",
			value: value[draft]{"list of texts", func(c *checker, d *draft, n *node) { d.IgnoreIP = c.ignoreIPs(n) }}},
		{name: "ignorecommand", scope: ofDefault,
			doc: "A program that is asked about each address that fails: status 0 means that it is not to be banned, 1 that it may be. " +
				"It gets `GAOL_IP`, `GAOL_FAMILY` and `GAOL_JAIL` as environment; see [ignore.md](ignore.md).",
			value: value[draft]{"list of texts: a program and its arguments", func(c *checker, d *draft, n *node) { d.IgnoreCommand = c.argv(n) }}},
		{name: "ignorerefresh", def: `"5m"`, scope: ofDefault,
			doc: "How often the programs and lists on the web of `ignoreip` and `trusted` are asked, and how long what `ignorecommand` says holds. Names are looked up again when their TTL is over, " +
				"files are read when they change.",
			value: duration(10*time.Second, day, func(d *draft) *time.Duration { return &d.IgnoreRefresh })},
		{name: "ignoreself", def: "true", scope: ofDefault, doc: "Whether this host's own addresses are never banned.",
			value: boolean(func(d *draft) *bool { return &d.IgnoreSelf })},
		{name: "trusted", scope: ofDefault,
			doc: "Your own proxies, in the forms of `ignoreip`. They are never banned, what a line charges to them is shown as a problem, and " +
				"the rules of `json` look behind them.",
			value: value[draft]{"list of texts", func(c *checker, d *draft, n *node) { d.Trusted = c.ignoreIPs(n) }}},
		{name: "usedns", def: `"no"`, scope: ofDefault,
			doc:   "Whether host names found in lines are looked up, which lets whoever owns the name decide who is banned.",
			value: choice([]string{"no", "yes"}, func(d *draft, s string) { d.UseDNS = s == "yes" })},
		{name: "timezone", scope: ofAll,
			doc: "The time zone of dates that name none: a name (`\"Europe/Berlin\"`), `\"UTC\"`, an offset (`\"+02:00\"` is east of UTC) " +
				"or a POSIX string (`\"CET-1CEST\"`, of which `-` is east); without it, this host's.",
			value: value[draft]{"text", setTimezone}},
		{name: "from", def: `"end"`, scope: ofDefault,
			doc: "Where a file seen for the first time is read from: its end, or the lines of the last `findtime`.",
			value: choice([]string{"end", "findtime"},
				func(d *draft, s string) { d.FromFindTime = s == "findtime" })},
		{name: "enforce", def: "true", scope: ofDefault,
			doc: "Whether bans reach the firewall and the actions; false makes it a shadow jail, which counts and decides, and tells what it would do; " +
				"its bans don't count in other jails (`overalljails`). Once it is true, bans that are in force by then are enforced; once false, they are let go.",
			value: boolean(func(d *draft) *bool { return &d.Enforce })},
	}
}

// incrementKeys are those of bantime_increment.
func incrementKeys() []key[jail.Increment] {
	type inc = jail.Increment
	return []key[inc]{
		{name: "enabled", def: "false", doc: "Whether bans grow at all.",
			value: boolean(func(i *inc) *bool { return &i.Enabled })},
		{name: "factor", def: "1", doc: "Multiplies every ban after the first.",
			value: value[inc]{"number above 0, to 1000000", setFactor}},
		{name: "multipliers",
			doc: "By what the ban time is multiplied: the first one is for no earlier ban (and never used), the next for one, the last one for all further; " +
				"without it `formula` counts.",
			value: value[inc]{"list of whole numbers, 1 to 1000000", setMultipliers}},
		{name: "formula", def: `""`,
			doc: "The length of a ban after the first, in seconds, such as `\"time * pow(2, min(count, 20)) * factor\"`, which is used without one: " +
				"see [bantime.md](bantime.md).",
			value: value[inc]{"text", setFormula}},
		{name: "maxtime", doc: "No ban is longer than this; without it, there is no limit.",
			value: duration(time.Second, longestBanTime, func(i *inc) *time.Duration { return &i.MaxTime })},
		{name: "rndtime", doc: "The longest random addition, on top of `maxtime`.",
			value: duration(time.Second, longestBanTime, func(i *inc) *time.Duration { return &i.RndTime })},
		{name: "overalljails", def: "false", doc: "Whether bans by other jails count too, if they are enforced.",
			value: boolean(func(i *inc) *bool { return &i.OverallJails })},
	}
}

// escalateKeys are those of escalate.
func escalateKeys() []key[jail.Escalate] {
	type esc = jail.Escalate
	return []key[esc]{
		{name: "enabled", def: "false", doc: "Whether networks are banned at all, none of which holds an address of `ignoreip` or `ignoreself`.",
			value: boolean(func(e *esc) *bool { return &e.Enabled })},
		{name: "hosts", def: "5", doc: "How many hosts of one network, banned by the jail within `findtime`, lead to a ban of the network.",
			value: whole(2, 1000, func(e *esc) *int { return &e.Hosts })},
		{name: "findtime", def: `"1d"`, doc: "The time within which bans of hosts are counted together.",
			value: duration(time.Second, longestFindTime, func(e *esc) *time.Duration { return &e.FindTime })},
		{name: "bantime",
			doc: "How long a first ban of a network lasts, at least as long as the longest ban of these hosts in any case; without it, the jail's `bantime`. " +
				"`bantime_increment` makes further ones longer.",
			value: durationOrForever(time.Second, longestBanTime, func(e *esc) *time.Duration { return &e.BanTime })},
		{name: "ipv4prefix", def: "24", doc: "How wide an IPv4 network is.",
			value: whole(8, 31, func(e *esc) *int { return &e.IPv4Prefix })},
		{name: "ipv6prefix", def: "48", doc: "How wide an IPv6 network is.",
			value: whole(16, 127, func(e *esc) *int { return &e.IPv6Prefix })},
	}
}

// banTime is a duration; fail2ban's dotted bantime.increment makes a table of it.
func banTime() value[draft] {
	v := durationOrForever(time.Second, longestBanTime, func(d *draft) *time.Duration { return &d.BanTime })
	set := v.set
	v.set = func(c *checker, d *draft, n *node) {
		if n.kind == table {
			p := c.at(n)
			p.Found, p.Expected = n.describe(), durationForm
			p.Hint = "what grows it is in [" + n.within + ".bantime_increment]"
			c.add(p)
			return
		}
		set(c, d, n)
	}
	return v
}

func setFilter(c *checker, d *draft, n *node) {
	if _, ok := n.value.(string); !ok && n.kind != table {
		c.wrongType(n, `the name of a filter, such as "sshd", or a table with failregex`)
		return
	}
	d.filter = n
}

func setLogPath(c *checker, d *draft, n *node) {
	const expected = `an absolute path, such as "/var/log/auth.log", "journal" or "bans"`
	members, _ := c.members(n, expected)
	// Explicit sources are all read; see Jail.Either for those of stock jails.
	d.LogPath = nil
	if n.kind == list && len(members) == 0 {
		c.wrongValue(n, expected, "")
	}
	for _, m := range members {
		path, ok := c.text(m, expected)
		switch {
		case !ok:
		case path == "journal":
			d.Journal = true
		case path == "bans" && len(members) > 1:
			c.wrongValue(m, `"bans" alone`, "a jail counts either the bans of others or lines of logs")
		case path == "bans":
			d.Bans = true
		case !filepath.IsAbs(path):
			c.wrongValue(m, expected, "")
		case !validGlob(path):
			c.wrongValue(m, "a path with a valid pattern", `a "[" needs its "]"; write "\\[" for the character itself`)
		default:
			d.LogPath = append(d.LogPath, path)
		}
	}
}

func validGlob(pattern string) bool {
	_, err := filepath.Match(pattern, "/")
	return err == nil
}

// chainName is what iptables(8) takes: XT_EXTENSION_MAXNAMELEN of
// linux/netfilter/x_tables.h leaves 28 characters, and a leading "-" or "!" would be an option.
var chainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,27}$`)

func setChains(c *checker, d *draft, n *node) {
	const expected = `the name of a chain, such as "INPUT"`
	members, _ := c.members(n, expected)
	d.Rule.Chains = nil
	for _, m := range members {
		name, ok := c.text(m, expected)
		if ok && !chainName.MatchString(name) {
			c.wrongValue(m, expected, "")
		} else if ok {
			d.Rule.Chains = append(d.Rule.Chains, name)
		}
	}
}

func setInterfaces(c *checker, d *draft, n *node) {
	const expected = `the name of an interface, such as "eth0" or "wg+"`
	members, _ := c.members(n, expected)
	d.Rule.Interfaces = nil
	for _, m := range members {
		name, ok := c.text(m, expected)
		if ok && !action.ValidInterface(name) {
			c.wrongValue(m, expected, "at most 15 letters, digits, dots, dashes and underscores, with + or * at the end for all whose names begin so")
		} else if ok {
			d.Rule.Interfaces = append(d.Rule.Interfaces, name)
		}
	}
}

func setTimezone(c *checker, d *draft, n *node) {
	name, ok := c.text(n, timezoneForm)
	if !ok {
		return
	}
	loc, err := ParseTimezone(name)
	if err != nil {
		c.wrongValue(n, timezoneForm, twoMeaningsHint(name))
		return
	}
	d.Timezone = loc
}

func setFactor(c *checker, i *jail.Increment, n *node) {
	var v float64
	switch n := n.value.(type) {
	case float64:
		v = n
	case int64:
		v = float64(n)
	}
	// The comparison is written so that NaN fails it.
	if !(v > 0 && v <= 1e6) {
		c.wrongType(n, "a number above 0, such as 1.5")
		return
	}
	i.Factor = v
}

func setMultipliers(c *checker, i *jail.Increment, n *node) {
	if n.kind != list {
		c.wrongType(n, "a list of whole numbers, such as [1, 5, 30]")
		return
	}
	i.Multipliers = nil
	for _, m := range n.list {
		if v, ok := c.whole(m, 1, 1_000_000); ok {
			i.Multipliers = append(i.Multipliers, v)
		}
	}
}

func setFormula(c *checker, i *jail.Increment, n *node) {
	text, ok := c.text(n, `a formula, such as "time * (1 + count)"`)
	if !ok {
		return
	}
	i.Formula = nil
	if strings.TrimSpace(text) == "" {
		return
	}
	f, err := formula.Parse(text)
	if err != nil {
		p := c.at(n)
		p.What, p.Err = "not a formula", err
		c.add(p)
		return
	}
	i.Formula = f
}

// checkIncrement reports what would be without effect: multipliers take the place of a formula.
func (c *checker) checkIncrement(n *node, i jail.Increment) {
	if i.Formula != nil && len(i.Multipliers) > 0 {
		p := c.at(n.table["formula"])
		p.What, p.Hint = "multipliers stand over it", "remove one of the two; multipliers = [] takes back those of [default]"
		c.add(p)
	}
}

// jailName is what sets, chains and paths can be called after.
var jailName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
