package config

import (
	"path/filepath"
	"slices"
	"time"

	"gaol/action"
	"gaol/action/denyfile"
)

// DenyFile is a file of banned addresses for a web server.
type DenyFile struct {
	// Kind is nginx or haproxy.
	Kind string
	// Path is the file; "": the one of the kind and jail, see PathFor.
	Path string
	// Format is how addresses are written.
	Format denyfile.Format
	// Reload is the program that has the server read the file, at most once in Every; empty: none.
	Reload []string
	Every  time.Duration
	// Socket is where haproxy takes changes while it runs; "": it reads the file.
	Socket string
}

// fileKinds are the kinds of actions that keep a file.
func fileKinds() []string { return []string{nginxKind, haproxyKind} }

// usualFile is what a kind keeps unless it is told otherwise; nil: no file.
func usualFile(kind string) *DenyFile {
	f := &DenyFile{Kind: kind, Every: time.Second}
	switch kind {
	case nginxKind:
		f.Format, f.Reload = denyfile.Deny, []string{"nginx", "-s", "reload"}
	case haproxyKind:
		f.Format, f.Reload = denyfile.Plain, []string{"systemctl", "reload", "haproxy"}
	default:
		return nil
	}
	return f
}

// PathFor is the file of a jail. Two jails never share one by default.
func (f DenyFile) PathFor(jail string) string {
	if f.Path != "" {
		return f.Path
	}
	name := action.ObjectName(jail, 100)
	if f.Kind == haproxyKind {
		return "/var/lib/gaol/haproxy/" + name + ".acl"
	}
	return "/var/lib/gaol/nginx/" + name + ".conf"
}

// fileKeys are the keys of those that keep a file.
func fileKeys() []actionKey {
	type act = actionDraft
	const argv = "list of texts: a program and its arguments"
	reload := func(def string) key[act] {
		return key[act]{name: "reload", def: def, doc: "Run when the file has changed; `[]`: nothing is.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.File.Reload = c.argv(n) }}}
	}
	path := func(def string) key[act] {
		return key[act]{name: "path", def: def, doc: "The file, one for each jail.",
			value: value[act]{"absolute path", func(c *checker, a *act, n *node) {
				if a.File.Path = c.absolute(n); a.File.Path != "" {
					a.File.Path = filepath.Clean(a.File.Path)
				}
			}}}
	}
	return []actionKey{
		{path(`"/var/lib/gaol/nginx/JAIL.conf"`), []string{nginxKind}},
		{path(`"/var/lib/gaol/haproxy/JAIL.acl"`), []string{haproxyKind}},
		{key[act]{name: "format", def: `"deny"`, doc: "`deny`: directives to include in a server or location; `geo`: lines to include in a `geo` block.",
			value: choice([]string{string(denyfile.Deny), string(denyfile.Geo)}, func(a *act, s string) { a.File.Format = denyfile.Format(s) })}, []string{nginxKind}},
		{reload(`["nginx", "-s", "reload"]`), []string{nginxKind}},
		{reload(`["systemctl", "reload", "haproxy"]`), []string{haproxyKind}},
		{key[act]{name: "socket", doc: "haproxy's `stats socket`, such as `\"/run/haproxy/admin.sock\"`. It is told of changes there, and no reload is run.",
			value: value[act]{"absolute path", func(c *checker, a *act, n *node) { a.File.Socket = c.absolute(n) }}}, []string{haproxyKind}},
		{key[act]{name: "every", def: `"1s"`, doc: "It is run once in this time at most; bans of the meantime go together.",
			value: duration(0, time.Hour, func(a *act) *time.Duration { return &a.File.Every })}, fileKinds()},
	}
}

// completeFile checks the action of a deny file as a whole; entry is what it says, nil for nothing.
func (c *checker) completeFile(n, entry *node, f *DenyFile) bool {
	if f.Socket == "" {
		return true
	}
	if entry.table["reload"] != nil && len(f.Reload) > 0 {
		p := c.at(n)
		p.What, p.Hint, p.Key = "socket and reload together", "leave reload out", ""
		c.add(p)
		return false
	}
	f.Reload = nil
	return true
}

// ownFileKeys are those that only kinds of files have.
func ownFileKeys(kind string) []key[actionDraft] {
	var keys []key[actionDraft]
	for _, k := range fileKeys() {
		if slices.Contains(k.kinds, kind) {
			keys = append(keys, k.key)
		}
	}
	return keys
}
