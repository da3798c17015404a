package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// commandAction is the action that is all the user's own.
const commandAction = "command"

// actionDraft is an action that is being read.
type actionDraft struct {
	Action
	description string
}

// actionKeys are those of an action file and of an entry of a jail's action list.
func actionKeys() []key[actionDraft] {
	type act = actionDraft
	const argv = "list of texts: a program and its arguments"
	return []key[act]{
		{name: "name", doc: "`\"command\"`, or the name of an action file. Only in a jail's list.",
			value: text(func(a *act) *string { return &a.Name })},
		{name: "description", doc: "What the action does, in a few words. Only in a file.",
			value: text(func(a *act) *string { return &a.description })},
		{name: "start", doc: "Run before the first ban.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.Start = c.argv(n) }}},
		{name: "ban", doc: "Run for each ban.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.Ban = c.argv(n) }}},
		{name: "unban", doc: "Run for each ban that ends.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.Unban = c.argv(n) }}},
		{name: "stop", doc: "Run when the jail stops.",
			value: value[act]{argv, func(c *checker, a *act, n *node) { a.Stop = c.argv(n) }}},
		{name: "timeout", def: `"60s"`, doc: "After this time a program is ended.",
			value: duration(time.Second, time.Hour, func(a *act) *time.Duration { return &a.Timeout })},
	}
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
func (c *checker) actions(n *node) []Action {
	const expected = `a list of actions, such as [{ name = "command", ban = ["/usr/local/bin/notify"] }]`
	members := []*node{n} // a single name or table needs no brackets
	if n.kind == list {
		members = n.list
	}
	var actions []Action
	for _, m := range members {
		if _, isName := m.value.(string); !isName && m.kind != table {
			c.wrongType(m, expected)
			continue
		}
		if a, ok := c.action(m); ok {
			actions = append(actions, a)
		}
	}
	return actions
}

// action reads one entry: a name, or a table with one. What the table says
// stands over what the file of that name says.
func (c *checker) action(n *node) (Action, bool) {
	nameNode := n
	if n.kind == table {
		nameNode = n.table["name"]
	}
	if nameNode == nil {
		p := c.at(n)
		p.What, p.Hint = "no name", `write name = "command" for a program of your own`
		c.add(p)
		return Action{}, false
	}
	const expected = `"command" or the name of an action file`
	name, ok := c.text(nameNode, expected)
	if !ok {
		return Action{}, false
	}
	var entry *node
	if name != commandAction {
		found, err := c.library.action(name)
		if err != nil {
			c.addError(err)
			return Action{}, false
		}
		if found == nil {
			c.wrongName(nameNode, expected, append(c.library.names("action.d"), commandAction))
			return Action{}, false
		}
		entry = found
	}
	if n.kind == table {
		entry = merge(entry, n)
	}
	a := actionDraft{Action: Action{Timeout: time.Minute}}
	before := len(c.problems)
	if entry != nil {
		readKeys(c, entry, actionKeys(), &a)
	}
	a.Name = name
	if len(c.problems) == before && len(a.Start)+len(a.Ban)+len(a.Unban)+len(a.Stop) == 0 {
		p := c.at(nameNode)
		p.What = fmt.Sprintf("the action %q does nothing", name)
		p.Hint = `give it ban = ["/path/to/program"]`
		p.Key = ""
		c.add(p)
		return Action{}, false
	}
	return a.Action, true
}
