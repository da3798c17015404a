package config

import (
	"path/filepath"
	"strings"
	"time"
)

// defaultTable is what every jail inherits.
const defaultTable = "default"

// top is the whole configuration while it is read.
type top struct {
	*Config
	// defaults and jails are the tables of those names, nil if there are none.
	defaults, jails *node
}

// topKeys are those outside of any table.
func topKeys() []key[top] {
	return []key[top]{
		{name: "onstop", def: `"flush"`,
			doc: "What a stop does to the bans in the kernel: `flush` lifts them, until the next start; " +
				"`keep` leaves them until they end.",
			value: choice([]string{"flush", "keep"}, func(t *top, s string) { t.OnStop = OnStop(s) })},
		{name: "operators", def: `"12h"`,
			doc:   "For how long the address from which somebody used gaol over SSH is never banned, but by hand with `--force`; 0 for not at all.",
			value: duration(0, 30*day, func(t *top) *time.Duration { return &t.Operators })},
		{name: defaultTable, doc: "What every jail inherits.",
			value: value[top]{"table", func(c *checker, t *top, n *node) { t.defaults = c.table(n) }}},
		{name: "jail", doc: "The jails, each a table [jail.NAME].",
			value: value[top]{"table", func(c *checker, t *top, n *node) { t.jails = c.table(n) }}},
		{name: "store", doc: "Where bans, history and positions are kept.",
			value: value[top]{"table", func(c *checker, t *top, n *node) { readKeys(c, n, storeKeys(), &t.Store) }}},
		{name: "web", doc: "The HTTP listener.",
			value: value[top]{"table", func(c *checker, t *top, n *node) {
				c.secretive = true // its token may stand at a key that is mistyped
				readKeys(c, n, webKeys(), &t.Web)
				c.secretive = false
			}}},
	}
}

func storeKeys() []key[Store] {
	return []key[Store]{
		{name: "path", def: `"/var/lib/gaol/gaol.sqlite3"`, doc: "The SQLite file. It is for one daemon alone, which a lock on `path`.lock ensures.",
			value: value[Store]{"absolute path", func(c *checker, s *Store, n *node) {
				const expected = `an absolute path, such as "/var/lib/gaol/gaol.sqlite3"`
				path, ok := c.text(n, expected)
				if ok && (!filepath.IsAbs(path) || strings.HasSuffix(path, "/")) {
					c.wrongValue(n, expected, "")
				} else if ok {
					s.Path = path
				}
			}}},
		{name: "purgeage", def: `"30d"`, doc: "How long history is kept.",
			value: duration(time.Hour, longestBanTime, func(s *Store) *time.Duration { return &s.PurgeAge })},
	}
}

// table gives n if it is a table.
func (c *checker) table(n *node) *node {
	if n.kind != table {
		c.wrongType(n, "a table")
		return nil
	}
	return n
}

// builtin is the layer below all files: what the key tables say are the defaults.
func builtin() *node {
	var b strings.Builder
	writeDefaults(&b, "", topKeys())
	writeDefaults(&b, "[store]", storeKeys())
	writeDefaults(&b, "[web]", webKeys())
	writeDefaults(&b, "[default]", pick(jailKeys(), ofDefault, ofAll))
	writeDefaults(&b, "[default.bantime_increment]", incrementKeys())
	writeDefaults(&b, "[default.escalate]", escalateKeys())
	doc, err := parse("built-in defaults", b.String())
	if err != nil {
		panic(err) // the tables in this package are wrong
	}
	return doc.root
}

func writeDefaults[T any](b *strings.Builder, header string, keys []key[T]) {
	b.WriteString(header + "\n")
	for _, k := range keys {
		if k.def != "" {
			b.WriteString(k.name + " = " + k.def + "\n")
		}
	}
}
