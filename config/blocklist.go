package config

import (
	"slices"
	"strconv"
	"strings"

	"gaol/jail/blocklist"
)

const blocklistForm = `"https://…", "file:/PATH", or a table with url`

// blocklistKeys are those of an entry of blocklist that is a table.
func blocklistKeys() []key[blocklist.Source] {
	type src = blocklist.Source
	return []key[src]{
		{name: "url", doc: "Where the list is: `\"https://…\"` or `\"file:/PATH\"`.",
			value: value[src]{"text", func(c *checker, s *src, n *node) {
				if text, ok := c.text(n, blocklistForm); ok && c.blocklistSource(n, text) {
					s.Text = text
				}
			}}},
		{name: "column", doc: "Which column of a table has the networks, from 1 on; without it, lines begin with them.",
			value: whole(1, 1000, func(s *src) *int { return &s.Column })},
		{name: "separator", def: `","`, doc: "What parts the columns: one character, such as `\";\"` or `\"\\t\"`.",
			value: value[src]{"text", func(c *checker, s *src, n *node) {
				text, ok := c.text(n, "one character")
				if ok && (len(text) != 1 || strings.ContainsAny(text, "\"\n\r")) {
					c.wrongValue(n, "one character", "")
				} else if ok {
					s.Separator = text[0]
				}
			}}},
		{name: "ca", doc: "A file of certificates (PEM) that are trusted besides the system's.",
			value: value[src]{"absolute path", func(c *checker, s *src, n *node) { s.CA = c.absolute(n) }}},
	}
}

// blocklists reads the entries of blocklist.
func (c *checker) blocklists(n *node) []blocklist.Source {
	members := []*node{n}
	if n.kind == list {
		members = n.list
	}
	var sources []blocklist.Source
	for _, m := range members {
		var s blocklist.Source
		switch m.kind {
		case table:
			readKeys(c, m, blocklistKeys(), &s)
			if m.table["url"] == nil {
				c.wrongType(m, blocklistForm)
			}
		default:
			text, ok := c.text(m, blocklistForm)
			if ok && c.blocklistSource(m, text) {
				s.Text = text
			}
		}
		if s.Text != "" && !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	return sources
}

func (c *checker) blocklistSource(n *node, text string) bool {
	err := blocklist.CheckSource(text)
	if err != nil {
		c.wrongValue(n, blocklistForm, strings.TrimPrefix(err.Error(), strconv.Quote(text)+": "))
	}
	return err == nil
}

// needless are the keys that mean nothing to a jail without lines to count.
var needless = []string{"logpath", "filter", "mode", "param", "maxretry", "findtime", "trusttime", "trustretry", "escalate", "usedns", "timezone", "from", "maxmatches", "maxhosts"}

// checkBlocklist reports what a jail with lists says in vain, and one that can't enforce them.
func (d *draft) checkBlocklist(c *checker, n, own *node) {
	said := sorted(own.table)
	for _, name := range needless {
		if m := n.table[name]; m != nil && m.within != defaultTable {
			said = append(said, name)
		}
	}
	if len(said) > 0 {
		p := c.at(n.table["blocklist"])
		p.What = "blocklist goes without logs and a filter, and the jail has " + strings.Join(said, ", ")
		p.Hint = "leave that out, or make a jail of its own for the list"
		c.add(p)
	}
	if len(d.Blocklist) == 0 && len(c.problems) == 0 {
		c.wrongType(n.table["blocklist"], "at least one list")
	}
	if slices.Contains([]string{"none", "route", "iptables-rules"}, d.BanAction) {
		p := c.at(n.table["blocklist"])
		p.What, p.Hint = "no firewall refuses what is on the lists, as banaction is "+d.BanAction, `set banaction = "auto" in the jail`
		c.add(p)
	}
}
