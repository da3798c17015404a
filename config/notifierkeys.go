package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"gaol/action"
	"gaol/action/notice"
)

// notifierKinds are those that tell others of bans.
func notifierKinds() []string {
	return slices.DeleteFunc(kinds(), func(kind string) bool { return kind == commandKind })
}

// notifierKeys are the keys of those that tell others of bans.
func notifierKeys() []actionKey {
	type act = actionDraft
	var all []actionKey
	add := func(kinds []string, keys ...key[act]) {
		for _, k := range keys {
			all = append(all, actionKey{k, kinds})
		}
	}
	add(notifierKinds(),
		key[act]{name: "hostname", doc: "What this host is called in messages; without it, its own name. Reports to third parties name no host.",
			value: value[act]{"text", func(c *checker, a *act, n *node) { a.Hostname = c.plain(n) }}},
		key[act]{name: "on", def: `["ban"]`, doc: "What is told: `ban`, `unban` or both.",
			value: value[act]{`list of "ban" and "unban"`, setOn}},
		key[act]{name: "lines", doc: "How many log lines are told of a ban, 10 at most; usual are 10 in mail and webhook, 0 in chat and to AbuseIPDB, 10 in other reports.",
			value: whole(0, 10, func(a *act) *int { return &a.Lines })},
		key[act]{name: "burst", def: "5", doc: "How many messages may be sent at once. What comes then is told together, as a digest.",
			value: whole(1, 1000, func(a *act) *int { return &a.Burst })},
		key[act]{name: "every", def: `"1m"`, doc: "How often one more may be sent after that. `burst = 1` and `every = \"1h\"` makes an hourly digest. Reports are sent every second.",
			value: duration(time.Second, 7*day, func(a *act) *time.Duration { return &a.Every })},
		key[act]{name: "once", doc: "For how long the same address is not told again. Reports: `\"24h\"`.",
			value: duration(0, 30*day, func(a *act) *time.Duration { return &a.Once })},
		key[act]{name: "timeout", def: `"30s"`, doc: "After this time without an answer it is tried again later.",
			value: duration(time.Second, 10*time.Minute, func(a *act) *time.Duration { return &a.Notifier.Timeout })},
		key[act]{name: "ca", doc: "A file of certificates (PEM) that are trusted besides the system's.",
			value: value[act]{"absolute path", func(c *checker, a *act, n *node) { a.CA = c.absolute(n) }}})
	add([]string{webhookKind},
		key[act]{name: "url", doc: "Where to post; required. Its path never shows.",
			value: secret(func(a *act) *action.Secret { return &a.URL })},
		key[act]{name: "token", doc: "Sent as `Authorization: Bearer …`.",
			value: secret(func(a *act) *action.Secret { return &a.Token })},
		key[act]{name: "secret", doc: "Signs what is sent, with its time, by HMAC-SHA256.",
			value: secret(func(a *act) *action.Secret { return &a.Signing })},
		key[act]{name: "headers", doc: "Further headers, such as `{ X-Api-Key = \"file:/etc/gaol/key\" }`.",
			value: value[act]{"table of texts, each as `token`", setHeaders}},
		key[act]{name: "template", doc: "The body, as a Go template; without it a JSON document.",
			value: text(func(a *act) *string { return &a.Template })})
	return all
}

func setOn(c *checker, a *actionDraft, n *node) {
	words := []string{notice.Ban, notice.Unban}
	members, _ := c.members(n, `a list of "ban" and "unban"`)
	for _, m := range members {
		if s, ok := c.choice(m, words); ok {
			a.On = append(a.On, s)
		}
	}
}

func setHeaders(c *checker, a *actionDraft, n *node) {
	if n.kind != table {
		c.wrongType(n, `a table of headers, such as { X-Api-Key = "file:/etc/gaol/key" }`)
		return
	}
	a.Headers = map[string]action.Secret{}
	for _, name := range sorted(n.table) {
		if s, ok := c.secret(n.table[name]); ok {
			a.Headers[name] = s
		}
	}
}

// inOneLine is text without control characters, as it stands in a subject or header.
var inOneLine = regexp.MustCompile(`^[^\pC]+$`)

func (c *checker) plain(n *node) string {
	s, ok := c.text(n, "text")
	if ok && !inOneLine.MatchString(s) {
		c.wrongValue(n, "text on one line", "")
	}
	return s
}

func (c *checker) absolute(n *node) string {
	s, ok := c.text(n, "an absolute path")
	if ok && !filepath.IsAbs(s) {
		c.wrongValue(n, "an absolute path", "")
	}
	return s
}

// complete checks a notifier as a whole.
func (c *checker) complete(n *node, a *Notifier) bool {
	fault := func(what, hint string) bool {
		p := c.at(n)
		p.What, p.Hint, p.Key = fmt.Sprintf("the action %q: %s", a.Name, what), hint, ""
		c.add(p)
		return false
	}
	if missing, hint := a.missing(); missing != "" {
		return fault("no "+missing, hint)
	}
	_, err := a.Sender()
	if err != nil {
		return fault(action.Scrub(err.Error(), a.Secrets()), "")
	}
	return true
}

// missing is the first key that the kind can't do without.
func (a *Notifier) missing() (key, hint string) {
	if a.Kind == webhookKind && a.URL == "" {
		return "url", `give it url = "https://…"`
	}
	return "", ""
}

// sharedNotifierKeys are those that every kind has.
func sharedNotifierKeys() []key[actionDraft] {
	var keys []key[actionDraft]
	for _, k := range notifierKeys() {
		if len(k.kinds) == len(notifierKinds()) {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// ownNotifierKeys are those of a kind that not every one has.
func ownNotifierKeys(kind string) []key[actionDraft] {
	var keys []key[actionDraft]
	for _, k := range notifierKeys() {
		if len(k.kinds) < len(notifierKinds()) && slices.Contains(k.kinds, kind) {
			keys = append(keys, k.key)
		}
	}
	return keys
}
