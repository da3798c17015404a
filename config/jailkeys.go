package config

import (
	"path/filepath"
	"regexp"
	"time"

	"gaol/jail"
)

// draft is a jail that is being read.
type draft struct {
	Jail
	// filter is the key of that name; nil: the filter is called like the jail.
	filter *node
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
		{name: "logpath", scope: ofBoth,
			doc: "The files to read: absolute paths with `*`, `?` and `[…]`, looked up again as files come and go. " +
				"`\"journal\"` is the systemd journal.",
			value: value[draft]{"list of texts", setLogPath}},
		{name: "journal", scope: ofStock,
			doc:   "Whether the journal has the same records as the files of `logpath`.",
			value: boolean(func(d *draft) *bool { return &d.Journal })},
		{name: "port", def: `"all"`, scope: ofAll,
			doc: "The ports that a banned host is refused: numbers, names, ranges (`\"8000-8010\"`) or `\"all\"`.",
			value: value[draft]{"list of numbers and texts", func(c *checker, d *draft, n *node) {
				d.Rule.Ports = c.ports(n)
			}}},
		{name: "protocol", def: `"tcp"`, scope: ofAll,
			doc:   "The protocol of those ports; `\"all\"` refuses every packet.",
			value: choice([]string{"tcp", "udp", "all"}, func(d *draft, s string) { d.Rule.Protocol = s })},
		{name: "chain", scope: ofDefault,
			doc:   "The chains iptables jumps from; without it INPUT, and DOCKER-USER where there is one.",
			value: value[draft]{"list of texts", setChains}},
		{name: "blocktype", def: `"reject"`, scope: ofDefault,
			doc:   "Whether packets are refused (`reject`) or vanish (`drop`).",
			value: choice([]string{"reject", "drop"}, func(d *draft, s string) { d.Rule.Drop = s == "drop" })},
		{name: "banaction", def: `"auto"`, scope: ofDefault,
			doc: "The firewall: `auto` is iptables where its command is there and may be used (it takes CAP_NET_RAW, which the systemd unit leaves out), else nftables; `none` leaves it alone.",
			value: choice([]string{"auto", "iptables", "nftables", "none"},
				func(d *draft, s string) { d.BanAction = s })},
		{name: "action", scope: ofDefault,
			doc: "What else is done for a ban: names of action files, or tables with `name` and what is to differ from the file. " +
				"`name = \"command\"` runs programs of your own, which get `GAOL_IP`, `GAOL_JAIL` and more as environment; " +
				"[actions.md](actions.md) has all kinds.",
			value: value[draft]{"list of texts and tables", func(c *checker, d *draft, n *node) { d.Actions, d.Notifiers = c.actions(n) }}},
		{name: "maxretry", def: "5", scope: ofDefault, doc: "How many failures within `findtime` lead to a ban.",
			value: whole(1, 10_000, func(d *draft) *int { return &d.MaxRetry })},
		{name: "findtime", def: `"10m"`, scope: ofDefault, doc: "The time within which failures are counted together.",
			value: duration(time.Second, longestFindTime, func(d *draft) *time.Duration { return &d.FindTime })},
		{name: "bantime", def: `"10m"`, scope: ofDefault, doc: "How long a first ban lasts; -1 is `\"forever\"` too.",
			value: banTime()},
		{name: "bantime_increment", scope: ofDefault, doc: "How much longer the bans of those who come back last.",
			value: value[draft]{"table", func(c *checker, d *draft, n *node) {
				readKeys(c, n, incrementKeys(), &d.Increment)
			}}},
		{name: "maxmatches", scope: ofDefault, doc: "How many lines are kept as evidence for a host; without it as many as `maxretry`.",
			value: whole(1, 10_000, func(d *draft) *int { return &d.MaxMatches })},
		{name: "maxhosts", def: "1_000_000", scope: ofDefault,
			doc:   "How many hosts are tracked at most; those that failed longest ago are forgotten first.",
			value: whole(100, 10_000_000, func(d *draft) *int { return &d.MaxHosts })},
		{name: "ipv4prefix", def: "32", scope: ofDefault, doc: "The prefix length by which IPv4 hosts are counted and banned.",
			value: whole(8, 32, func(d *draft) *int { return &d.IPv4Prefix })},
		{name: "ipv6prefix", def: "64", scope: ofDefault, doc: "The prefix length by which IPv6 hosts are counted and banned.",
			value: whole(16, 128, func(d *draft) *int { return &d.IPv6Prefix })},
		{name: "ignoreip", def: `["127.0.0.0/8", "::1"]`, scope: ofDefault,
			doc: "Who is never banned: addresses, prefixes, host names, and `\"file:/PATH\"` for a file with one of these a line.",
			value: value[draft]{"list of texts", func(c *checker, d *draft, n *node) {
				d.IgnoreIP = c.ignoreIPs(n)
			}}},
		{name: "ignoreself", def: "true", scope: ofDefault, doc: "Whether this host's own addresses are never banned.",
			value: boolean(func(d *draft) *bool { return &d.IgnoreSelf })},
		{name: "usedns", def: `"no"`, scope: ofDefault,
			doc:   "Whether host names found in lines are looked up, which lets whoever owns the name decide who is banned.",
			value: choice([]string{"no", "yes"}, func(d *draft, s string) { d.UseDNS = s == "yes" })},
		{name: "timezone", scope: ofDefault,
			doc: "The time zone of dates that name none: a name (`\"Europe/Berlin\"`), `\"UTC\"`, an offset (`\"+02:00\"` is east of UTC) " +
				"or a POSIX string (`\"CET-1CEST\"`, of which `-` is east); without it, this host's.",
			value: value[draft]{"text", setTimezone}},
		{name: "from", def: `"end"`, scope: ofDefault,
			doc: "Where a file seen for the first time is read from: its end, or the lines of the last `findtime`.",
			value: choice([]string{"end", "findtime"},
				func(d *draft, s string) { d.FromFindTime = s == "findtime" })},
		{name: "enforce", def: "true", scope: ofDefault,
			doc:   "Whether bans reach the firewall and the actions; false counts and decides, and tells what it would do.",
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
			doc:   "By what the ban time is multiplied after 1, 2, 3 … earlier bans, the last one for all further; without it 2, 4, 8 ….",
			value: value[inc]{"list of whole numbers, 1 to 1000000", setMultipliers}},
		{name: "maxtime", doc: "No ban is longer than this; without it, there is no limit.",
			value: duration(time.Second, longestBanTime, func(i *inc) *time.Duration { return &i.MaxTime })},
		{name: "rndtime", doc: "The longest random addition, on top of `maxtime`.",
			value: duration(time.Second, longestBanTime, func(i *inc) *time.Duration { return &i.RndTime })},
		{name: "overalljails", def: "false", doc: "Whether bans by other jails count too.",
			value: boolean(func(i *inc) *bool { return &i.OverallJails })},
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
	const expected = `an absolute path, such as "/var/log/auth.log", or "journal"`
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

// jailName is what sets, chains and paths can be called after.
var jailName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
