package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// actionDraft is an action that is being read.
type actionDraft struct {
	Action
	Notifier
	description string
}

// actionKey is a key of an action, with the kinds that have it; none: all.
type actionKey struct {
	key[actionDraft]
	kinds []string
}

// actionKeysOf are the keys of one kind.
func actionKeysOf(kind string) []key[actionDraft] {
	var keys []key[actionDraft]
	for _, k := range actionKeys() {
		if len(k.kinds) == 0 || slices.Contains(k.kinds, kind) {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// actionKeys are those of an action file and of an entry of a jail's action list.
func actionKeys() []actionKey {
	type act = actionDraft
	const argv = "list of texts: a program and its arguments"
	var all []actionKey
	add := func(kinds []string, keys ...key[act]) {
		for _, k := range keys {
			all = append(all, actionKey{k, kinds})
		}
	}
	add(nil,
		key[act]{name: "name", doc: "The name of a kind or of an action file. With `kind`, any name that status and log are to show. Only in a jail's list.",
			value: text(func(a *act) *string { return &a.Action.Name })},
		key[act]{name: "kind", doc: "What it is, where the name does not say so.",
			value: choice(kinds(), func(a *act, s string) { a.Kind = s })},
		key[act]{name: "description", doc: "What the action does, in a few words. Only in a file.",
			value: text(func(a *act) *string { return &a.description })})
	add([]string{commandKind},
		key[act]{name: "start", doc: "Run before the first ban.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.Start = c.argv(n) }}},
		key[act]{name: "ban", doc: "Run for each ban.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.Ban = c.argv(n) }}},
		key[act]{name: "unban", doc: "Run for each ban that ends.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.Unban = c.argv(n) }}},
		key[act]{name: "stop", doc: "Run when the jail stops.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.Stop = c.argv(n) }}})
	add(append(fileKinds(), commandKind),
		key[act]{name: "timeout", def: `"60s"`, doc: "After this time a program is ended.",
			value: duration(time.Second, time.Hour, func(a *act) *time.Duration { return &a.Action.Timeout })})
	add([]string{cloudflareKind}, cloudflareKeys()...)
	for _, k := range append(fileKeys(), notifierKeys()...) {
		add(k.kinds, k.key)
	}
	return all
}

// argv checks a program with its arguments. They are never joined to a line for a
// shell, so that one text with blanks in it is not what was meant.
func (c *checker) argv(n *node) []string {
	const expected = `a list of a program and its arguments, such as ["/usr/local/bin/notify", "--quiet"]`
	if n.kind != list {
		p := c.at(n)
		p.Found, p.Expected = n.describe(), expected
		if s, ok := n.value.(string); ok && s != "" {
			p.Hint = `write ["` + strings.Join(strings.Fields(s), `", "`) + `"]`
		}
		c.add(p)
		return nil
	}
	var argv []string
	for _, m := range n.list {
		if arg, ok := c.text(m, "text"); ok {
			argv = append(argv, arg)
		}
	}
	if len(argv) == 0 {
		return argv
	}
	if program := argv[0]; program == "" || strings.Contains(program, "/") && !filepath.IsAbs(program) {
		c.wrongValue(n.list[0], "a program by its absolute path or its name in PATH", "")
	}
	return argv
}

// actions reads a jail's action list.
func (c *checker) actions(n *node) (actions []Action, notifiers []Notifier) {
	const expected = `a list of actions, such as [{ name = "command", ban = ["/usr/local/bin/notify"] }]`
	c.secretive = true // what stands there may be a secret, even where its key is mistyped
	defer func() { c.secretive = false }()
	members := []*node{n} // a single name or table needs no brackets
	if n.kind == list {
		members = n.list
	}
	for _, m := range members {
		if _, isName := m.value.(string); !isName && m.kind != table {
			c.wrongType(m, expected)
			continue
		}
		a, ok := c.action(m)
		switch {
		case !ok:
		case a.Kind == commandKind, a.KeepsState():
			actions = append(actions, a.Action)
		default:
			notifiers = append(notifiers, a.Notifier)
		}
	}
	return actions, notifiers
}

// action reads one entry: a name, or a table with one. What the table says
// stands over what the file of that name says.
func (c *checker) action(n *node) (actionDraft, bool) {
	nameNode := n
	if n.kind == table {
		nameNode = n.table["name"]
	}
	if nameNode == nil {
		p := c.at(n)
		p.What, p.Hint = "no name", `write name = "command" for a program of your own`
		c.add(p)
		return actionDraft{}, false
	}
	const expected = `the name of an action file or of a kind, such as "command"`
	name, ok := c.text(nameNode, expected)
	if !ok {
		return actionDraft{}, false
	}
	entry, err := c.library.action(name)
	if err != nil {
		c.addError(err)
		return actionDraft{}, false
	}
	named := n.kind == table && n.table["kind"] != nil
	if entry == nil && !named && !slices.Contains(kinds(), name) {
		c.wrongName(nameNode, expected, append(c.library.names("action.d"), kinds()...))
		return actionDraft{}, false
	}
	if n.kind == table {
		entry = merge(entry, n)
	}
	kind := kindOf(name, entry)
	a := actionDraft{
		Action:   Action{Timeout: time.Minute, File: usualFile(kind), Cloudflare: usualCloudflare(kind), Web: slices.Contains(webKinds(), kind)},
		Notifier: usualNotifier(kind),
	}
	before := len(c.problems)
	if entry != nil {
		readKeys(c, entry, actionKeysOf(a.Kind), &a)
	}
	a.Action.Name, a.Notifier.Name = name, name
	if len(c.problems) > before {
		return actionDraft{}, false
	}
	if a.File != nil {
		return a, c.completeFile(nameNode, entry, a.File)
	}
	if a.Action.Web {
		return a, true
	}
	if a.Cloudflare != nil {
		return a, c.completeCloudflare(nameNode, a.Action)
	}
	if a.Kind == commandKind {
		return a, c.doesAnything(nameNode, a.Action)
	}
	return a, c.complete(nameNode, &a.Notifier)
}

// kindOf is the kind that an entry says, or that its name does. A file that runs programs and does not
// say its kind is a command, whatever it is called.
func kindOf(name string, entry *node) string {
	if entry != nil {
		if n := entry.table["kind"]; n != nil {
			if s, ok := n.value.(string); ok && slices.Contains(kinds(), s) {
				return s
			}
		}
		for _, program := range []string{"start", "ban", "unban", "stop"} {
			if entry.table[program] != nil {
				return commandKind
			}
		}
	}
	if slices.Contains(kinds(), name) {
		return name
	}
	return commandKind
}

// doesAnything reports a command without a program.
func (c *checker) doesAnything(n *node, a Action) bool {
	if len(a.Start)+len(a.Ban)+len(a.Unban)+len(a.Stop) > 0 {
		return true
	}
	p := c.at(n)
	p.What = fmt.Sprintf("the action %q does nothing", a.Name)
	p.Hint = `give it ban = ["/path/to/program"]`
	p.Key = ""
	c.add(p)
	return false
}

// actionFault reports what is wrong with an action as a whole; it returns false.
func (c *checker) actionFault(n *node, name, what, hint string) bool {
	p := c.at(n)
	p.What, p.Hint, p.Key = fmt.Sprintf("the action %q: %s", name, what), hint, ""
	c.add(p)
	return false
}
