package config

import (
	"slices"
	"strings"
)

// suggest says what was probably meant by an unknown key of the table n: the nearest of
// known, or what to do instead.
func suggest(name string, n *node, known []string) (near, hint string) {
	if hint := otherWord(name); hint != "" && !slices.Contains(known, name) {
		return "", hint
	}
	if n.key == "" && n.table[name].kind == table {
		if near := nearest(name, known); near != "" {
			return near, ""
		}
		return "", "a jail's table is [jail." + quoteKey(name) + "]"
	}
	if tables := tablesWith(name); len(tables) > 0 {
		return "", "it belongs in " + tables
	}
	if near := nearest(name, known); near != "" {
		return near, ""
	}
	if len(known) <= 8 {
		return "", "known here: " + join(known)
	}
	return "", ""
}

// tablesWith names the tables that have a key of that name, "" for none.
func tablesWith(name string) string {
	var tables []string
	for _, k := range Reference() {
		if k.Name != name {
			continue
		}
		if k.InDefault && k.Table == jailTable {
			tables = append(tables, "["+defaultTable+"]")
		}
		tables = append(tables, k.Table)
	}
	return join(tables)
}

// join writes "a, b or c".
func join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// otherWord says how gaol does what this key of fail2ban's does; "" if it has the same
// name or nothing is to be said.
func otherWord(name string) string {
	switch name {
	case "backend":
		return `files are followed as they are; for the journal write logpath = "journal"`
	case "logtimezone":
		return `it is called "timezone"`
	case "logencoding":
		return "lines are taken as they are; leave it out"
	case "banaction_allports":
		return `write port = "all"`
	case "maxlines":
		return "lines of one session are joined by <F-MLFID>; leave it out"
	case "ignorecommand", "ignorecache":
		return `addresses to spare go in ignoreip, also as "file:/PATH"`
	case "destemail", "sender", "mta", "sendername":
		return `mail is sent by a command: action = [{ name = "command", ban = ["/path/to/program"] }]`
	case "dbfile":
		return `it is called "path" in [store]`
	case "dbpurgeage":
		return `it is called "purgeage" in [store]`
	case "DEFAULT":
		return "defaults are in [default]"
	}
	return ""
}
