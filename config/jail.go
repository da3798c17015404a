package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gaol/filter"
	"gaol/jail/blocklist"
)

// defaultJail is the jail that runs without being asked for: the service that every
// server has.
const defaultJail = "sshd"

// JailNames are the jails known, in alphabetical order: the stock ones and those of the configuration.
func JailNames(opts Options) []string {
	all := newLibrary(opts).names("jail.d")
	for _, j := range Load(opts).Jails {
		all = append(all, j.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// readJails reads the user's jails, and of the stock ones those that run without being mentioned, in the
// order of their names.
func (l *loader) readJails(defaults, jails *node) {
	var all []string
	for _, name := range l.library.names("jail.d") {
		if name == defaultJail || name == l.opts.Enable {
			all = append(all, name)
		}
	}
	var tables map[string]*node
	if jails != nil {
		tables = l.userJails(jails)
	}
	all = append(all, sorted(tables)...)
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		j := l.readJail(name, defaults, tables[name])
		j.Problems = arrange(j.Problems, l.files)
		l.config.Jails = append(l.config.Jails, j)
		l.config.Problems = append(l.config.Problems, j.Problems...)
	}
}

// userJails are the tables in [jail]; what isn't one is reported.
func (l *loader) userJails(jails *node) map[string]*node {
	c := l.opts.checker(l.library, "")
	tables := map[string]*node{}
	for name, n := range jails.table {
		if n.kind == table {
			tables[name] = n
			continue
		}
		p := c.at(n)
		p.Found, p.Expected = n.describe(), "the table of a jail"
		p.Hint = "keys of one jail go below [jail.NAME], those of all below [default]"
		c.add(p)
	}
	l.config.Problems = append(l.config.Problems, c.problems...)
	return tables
}

// readJail puts one jail together out of its layers; user is nil for a stock jail
// that isn't mentioned.
func (l *loader) readJail(name string, defaults, user *node) Jail {
	c := l.opts.checker(l.library, name)
	stock, isStock := l.stockJail(c, name)
	if user != nil {
		c.userJail(name, user)
	}
	n := merge(defaults, merge(withoutJournal(stock, user), user))
	d := draft{Jail: Jail{Name: name, Stock: isStock, Enabled: isStock && name == defaultJail}}
	setKeys(c, n, jailKeys(), &d)
	d.Enabled = d.Enabled || name == l.opts.Enable
	d.Guessed = saysLogs(stock) && !saysLogs(user)
	d.finish(c, n)
	l.checkActions(c, &d, n)
	d.readFilter(c, n)
	d.Problems = c.problems
	return d.Jail
}

// stockJail is what the library says of a jail, nil if it says nothing.
func (l *loader) stockJail(c *checker, name string) (n *node, known bool) {
	doc, err := l.library.find("jail.d", name)
	switch {
	case err != nil:
		c.addError(err)
		return nil, true
	case doc == nil:
		return nil, false
	}
	c.unknownKeys(doc.root, names(pick(jailKeys(), ofStock, ofBoth, ofAll)))
	return doc.root, true
}

// withoutJournal leaves the stock jail's journal out where the user says which logs
// to read.
func withoutJournal(stock, user *node) *node {
	if stock == nil || !saysLogs(user) {
		return stock
	}
	return stock.without("journal")
}

// saysLogs says whether a jail's table names the logs to read.
func saysLogs(n *node) bool { return n != nil && n.table["logpath"] != nil }

// userJail checks the name of a [jail.NAME] and those of its keys.
func (c *checker) userJail(name string, n *node) {
	if !jailName.MatchString(name) {
		p := c.at(n)
		p.What, p.Found, p.Key = "a jail's name", quoteShort(name), ""
		p.Expected = `letters, digits, ".", "_" and "-", 64 at most`
		c.add(p)
	}
	known := names(pick(jailKeys(), ofJail, ofDefault, ofBoth, ofAll))
	c.unknownKeys(n, append(known, names(pick(filterKeys(), ofBoth))...))
}

// finish fills in what follows from the rest, and checks what an enabled jail needs.
func (d *draft) finish(c *checker, n *node) {
	d.Rule.Jail = d.Name
	if d.Rule.Protocol == "all" {
		d.Rule.Ports = nil
	}
	if d.MaxMatches == 0 {
		d.MaxMatches = d.MaxRetry
	}
	if n.table["blocklist"] == nil {
		d.BlocklistRefresh, d.BlocklistLimits = 0, blocklist.Limits{}
	}
	d.checkEscalate(c, n)
	if d.TrustTime > 0 && d.TrustRetry == 0 {
		d.TrustRetry = d.MaxRetry
	}
	d.Either = n.table["journal"] != nil && d.Journal && len(d.LogPath) > 0
	if d.Enabled && len(d.LogPath) == 0 && !d.Journal && n.table["logpath"] == nil && n.table["blocklist"] == nil {
		c.missing(n, "no log to read", `set logpath = ["/path/to.log"], or logpath = "journal"`)
	}
}

// checkEscalate reports networks that are no wider than what the jail bans anyway. What is at fault may be
// gaol's own default, so it is told where escalation was enabled.
func (d *draft) checkEscalate(c *checker, n *node) {
	if !d.Escalate.Enabled {
		return
	}
	for _, family := range []struct {
		key           string
		network, jail int
	}{
		{"ipv4prefix", d.Escalate.IPv4Prefix, d.IPv4Prefix},
		{"ipv6prefix", d.Escalate.IPv6Prefix, d.IPv6Prefix},
	} {
		if family.network < family.jail {
			continue
		}
		p := c.at(n.table["escalate"].table["enabled"])
		p.What = fmt.Sprintf("networks with %s %d are no wider than what jail %s bans, %d", family.key, family.network, d.Name, family.jail)
		p.Hint = fmt.Sprintf("in [jail.%s.escalate], set a lower one or enabled = false", quoteKey(d.Name))
		p.Jail = c.jail
		c.add(p)
	}
}

// missing reports what the table n lacks.
func (c *checker) missing(n *node, what, hint string) {
	p := c.at(n)
	p.Table, p.Key, p.What, p.Hint = n.path(), "", what, hint
	p.Jail = c.jail
	c.add(p)
}

// readFilter finds the filter and checks its patterns. Of a jail that isn't enabled,
// only its own keys are looked at.
func (d *draft) readFilter(c *checker, n *node) {
	own := n.only(names(pick(filterKeys(), ofBoth)))
	if n.table["blocklist"] != nil {
		d.checkBlocklist(c, n, own)
		return
	}
	if d.Bans {
		d.refuseFilter(c, n, own)
		return
	}
	if !d.Enabled {
		setKeys(c, own, filterKeys(), &filter.Spec{})
		if name, ok := d.filterName(); ok {
			d.FilterName, _, _ = SplitFilter(name)
		}
		return
	}
	base, ok := d.baseFilter(c, n)
	if !ok {
		return
	}
	before := len(c.problems)
	merged := base // the same node for all jails that change nothing, see library.compile
	if len(own.table) > 0 {
		merged = merge(base, own)
	}
	d.Filter.Name = d.FilterName
	c.filter(merged, &d.Filter)
	if len(d.Filter.JSON) > 0 {
		d.Filter.Trusted = append(d.Filter.Trusted, prefixesIn(d.Trusted)...)
	}
	d.Mode = c.checkMode(d.modeNode(n), &d.Filter, d.Mode)
	d.readParams(c, merged)
	if len(c.problems) == before {
		d.Compiled = c.compile(merged, d.Filter, filter.Options{
			Mode: d.Mode, Params: d.Params, Timezone: d.Timezone, Names: d.UseDNS, Success: d.TrustTime > 0,
		})
		d.checkTrust(c, n)
	}
}

// refuseFilter reports a jail that counts bans and has a filter, be it that of a stock jail.
func (d *draft) refuseFilter(c *checker, n, own *node) {
	needless := sorted(own.table)
	if d.filter != nil {
		needless = append(needless, "filter")
	}
	if d.params != nil {
		needless = append(needless, "param")
	}
	if len(needless) > 0 {
		p := c.at(n.table["logpath"])
		p.What = `"bans" goes without a filter, and the jail has ` + strings.Join(needless, ", ")
		p.Hint = "leave that out, or give the jail another name"
		c.add(p)
	}
}

// checkTrust reports a jail that itself asks for trust that its filter can't tell of. [default] may ask
// for it for those jails that can.
func (d *draft) checkTrust(c *checker, n *node) {
	m := n.table["trusttime"]
	if d.TrustTime == 0 || m.within == defaultTable || d.Compiled == nil || d.Compiled.Trusts() {
		return
	}
	p := c.at(m)
	p.What, p.Hint = "no successregex", "write successregex = ['…'] for lines of successful logins into the filter, or leave trusttime out"
	c.add(p)
}

// filterName is the name that the key filter gives, or the jail's own; ok is false where
// the filter is a table.
func (d *draft) filterName() (name string, ok bool) {
	if d.filter == nil {
		return d.Name, true
	}
	name, ok = d.filter.value.(string)
	return name, ok
}

// modeNode is where the mode was asked for.
func (d *draft) modeNode(n *node) *node {
	if d.filter != nil && d.filter.kind == scalar && n.table["mode"] == nil {
		return d.filter
	}
	if m := n.table["mode"]; m != nil {
		return m
	}
	return n
}

// baseFilter finds what the jail's own filter keys stand over: the table or file that
// the key filter names, or the file called like the jail. With patterns of its own a
// jail needs none.
func (d *draft) baseFilter(c *checker, n *node) (base *node, ok bool) {
	name, isName := d.filterName()
	if !isName {
		return d.filter, true
	}
	inline := d.filter == nil && (n.table["failregex"] != nil || n.table["json"] != nil)
	if inline {
		return n.only(nil), true
	}
	name, mode, err := SplitFilter(name)
	if err != nil {
		p := c.at(d.filter)
		p.Err = err
		c.add(p)
		return nil, false
	}
	if mode != "" {
		d.Mode = mode
	}
	d.FilterName = name
	if hasTOMLEnding(name) && !filepath.IsAbs(name) {
		c.wrongValue(d.filter, "the name of a filter or an absolute path", "")
		return nil, false
	}
	doc, err := c.library.filterFile(name)
	switch {
	case err != nil:
		c.addError(err)
	case doc != nil:
		return doc.root, true
	case d.filter == nil:
		// Perhaps a stock jail is meant, whose name is all that it takes.
		hint := `set filter = "NAME", or failregex = ['…']`
		if stock := nearest(d.Name, c.library.names("jail.d")); stock != "" {
			hint += fmt.Sprintf("; or is the stock jail %q meant?", stock)
		}
		c.missing(n, "no filter", hint)
	default:
		p := c.at(d.filter)
		p.Found, p.Expected = quoteShort(name), "the name of a filter"
		p.Nearest = nearest(name, c.library.names("filter.d"))
		c.add(p)
	}
	return nil, false
}
