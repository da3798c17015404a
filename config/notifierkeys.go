package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"gaol/action"
	"gaol/action/abuseipdb"
	"gaol/action/blocklistde"
	"gaol/action/mail"
	"gaol/action/notice"
)

// notifierKinds are those that tell others of bans.
func notifierKinds() []string {
	return slices.DeleteFunc(kinds(), func(kind string) bool {
		return slices.Contains([]string{commandKind, cloudflareKind}, kind) || slices.Contains(fileKinds(), kind) || slices.Contains(webKinds(), kind)
	})
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
	add([]string{notifyKind},
		key[act]{name: "url", doc: "The service with what it asks for, such as `ntfy://ntfy.sh/TOPIC` or `telegram://TOKEN@telegram?chats=@CHANNEL`; required. Only its first word ever shows.",
			value: secret(func(a *act) *action.Secret { return &a.URL })})
	add([]string{mailKind, xarfKind},
		key[act]{name: "server", doc: "The mail server, a host with or without a port (587, 465 with `tls`, 25 with `none`); required.",
			value: text(func(a *act) *string { return &a.Server })},
		key[act]{name: "tls", doc: "`starttls` (usual), `tls` from the start, or `none` (usual on this host).",
			value: choice([]string{mail.StartTLS, mail.Implicit, mail.None}, func(a *act, s string) { a.TLS = s })},
		key[act]{name: "user", doc: "Who logs in at the server; without it nobody does.",
			value: text(func(a *act) *string { return &a.User })},
		key[act]{name: "password", doc: "What proves that.",
			value: secret(func(a *act) *action.Secret { return &a.Password })},
		key[act]{name: "from", doc: "The sender's address; required.",
			value: value[act]{"mail address", func(c *checker, a *act, n *node) { a.From = c.plain(n) }}})
	add([]string{mailKind},
		key[act]{name: "to", doc: "Who is written to; required.",
			value: texts("list of mail addresses", "a list of mail addresses", func(a *act) *[]string { return &a.To })})
	add([]string{xarfKind},
		key[act]{name: "to", doc: "Who is written to instead of those who are responsible for the address, which are looked up.",
			value: texts("list of mail addresses", "a list of mail addresses", func(a *act) *[]string { return &a.To })},
		key[act]{name: "organization", doc: "Who reports; without it the domain of `from`.",
			value: value[act]{"text", func(c *checker, a *act, n *node) { a.Organization = c.plain(n) }}})
	add([]string{abuseIPDBKind},
		key[act]{name: "token", doc: "The account's API key (version 2); required.",
			value: secret(func(a *act) *action.Secret { return &a.Token })},
		key[act]{name: "categories", doc: "[What was done](https://www.abuseipdb.com/categories); without it 18 (brute force), and 22 (SSH) in jails with `ssh` in their name.",
			value: value[act]{"list of whole numbers, 1 to 23", setCategories}},
		key[act]{name: "url", def: `"` + abuseipdb.DefaultURL + `"`, doc: "Where reports go.",
			value: secret(func(a *act) *action.Secret { return &a.URL })})
	add([]string{blocklistKind},
		key[act]{name: "from", doc: "The mail address or number under which this server is known there; required.",
			value: value[act]{"text", func(c *checker, a *act, n *node) { a.From = c.plain(n) }}},
		key[act]{name: "token", doc: "The server's API key; required.",
			value: secret(func(a *act) *action.Secret { return &a.Token })},
		key[act]{name: "service", doc: "What was attacked; without it `ssh` in jails with that in their name, else the jail's name.",
			value: value[act]{"text", func(c *checker, a *act, n *node) { a.Service = c.plain(n) }}},
		key[act]{name: "url", def: `"` + blocklistde.DefaultURL + `"`, doc: "Where reports go.",
			value: secret(func(a *act) *action.Secret { return &a.URL })})
	add(reportKinds(),
		key[act]{name: "mask", doc: "Words that reported lines are not to show, besides this host's names, accounts, and addresses other than the banned one.",
			value: texts("list of texts", "a list of texts", func(a *act) *[]string { return &a.Mask })})
	return all
}

func setCategories(c *checker, a *actionDraft, n *node) {
	members, _ := c.members(n, "a list of whole numbers, such as [18, 22]")
	for _, m := range members {
		if v, ok := c.whole(m, 1, 23); ok {
			a.Categories = append(a.Categories, v)
		}
	}
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
	if missing, hint := a.missing(); missing != "" {
		return c.actionFault(n, a.Name, "no "+missing, hint)
	}
	_, err := a.Sender()
	if err != nil {
		return c.actionFault(n, a.Name, action.Scrub(err.Error(), a.Secrets()), "")
	}
	return true
}

// missing is the first key that the kind can't do without.
func (a *Notifier) missing() (key, hint string) {
	for _, need := range []struct {
		key, hint string
		kinds     []string
		there     bool
	}{
		{"url", `give it url = "https://…"`, []string{webhookKind}, a.URL != ""},
		{"url", `give it url = "ntfy://ntfy.sh/TOPIC"`, []string{notifyKind}, a.URL != ""},
		{"token", `give it token = "file:/etc/gaol/token"`, []string{abuseIPDBKind, blocklistKind}, a.Token != ""},
		{"server", `give it server = "mail.example.com"`, []string{mailKind, xarfKind}, a.Server != ""},
		{"from", `give it from = "gaol@example.com"`, []string{mailKind, xarfKind, blocklistKind}, a.From != ""},
		{"to", `give it to = "root@example.com"`, []string{mailKind}, len(a.To) > 0},
	} {
		if slices.Contains(need.kinds, a.Kind) && !need.there {
			return need.key, need.hint
		}
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
