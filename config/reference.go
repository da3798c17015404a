package config

import (
	"fmt"
	"io"
	"strings"
)

// Key is one key of the language, for help and documentation.
type Key struct {
	// Table is where it stands, as users write it: "[jail.NAME]", "[[test]] of a filter
	// file"; "the top level" for none.
	Table string
	Name  string
	// Type is what it takes, with its range.
	Type string
	// Default in TOML, "" for none.
	Default string
	// Doc is what it does, in Markdown.
	Doc string
	// InDefault says that it may also stand in [default], for all jails.
	InDefault bool
}

const (
	jailTable      = "[jail.NAME]"
	incrementTable = "[jail.NAME.bantime_increment]"
	escalateTable  = "[jail.NAME.escalate]"
	actionTable    = "an entry of action"
	notifierTable  = "an entry of action that tells others"
	paramTable     = "[param.NAME] of a filter file"
)

// Reference lists all keys, table by table in a reader's order.
func Reference() []Key {
	var all []Key
	all = append(all, describe("the top level", topKeys())...)
	all = append(all, describe(jailTable, pick(jailKeys(), ofJail, ofDefault, ofBoth, ofAll))...)
	all = append(all, describe(incrementTable, incrementKeys())...)
	all = append(all, describe(escalateTable, escalateKeys())...)
	all = append(all, describe("an entry of blocklist", blocklistKeys())...)
	all = append(all, describe(actionTable, actionKeysOf(commandKind))...)
	for _, kind := range fileKinds() {
		all = append(all, describe("`"+kind+"`", ownFileKeys(kind))...)
	}
	all = append(all, describe("`"+cloudflareKind+"`", cloudflareKeys())...)
	all = append(all, describe(notifierTable, sharedNotifierKeys())...)
	for _, kind := range notifierKinds() {
		all = append(all, describe("`"+kind+"`", ownNotifierKeys(kind))...)
	}
	all = append(all, describe("[store]", storeKeys())...)
	all = append(all, describe("[web]", webKeys())...)
	all = append(all, describe("a filter file", filterKeys())...)
	all = append(all, describe("a pattern with a weight", patternKeys())...)
	all = append(all, describe("[[json]] of a filter file", jsonKeys())...)
	all = append(all, describe(paramTable, paramKeys())...)
	all = append(all, describe("[mode.NAME] of a filter file", modeKeys())...)
	all = append(all, describe("[[test]] of a filter file", testKeys(nil))...)
	return all
}

func describe[T any](table string, keys []key[T]) []Key {
	all := make([]Key, 0, len(keys))
	for _, k := range keys {
		all = append(all, Key{
			Table: table, Name: k.name, Type: k.typ, Default: k.def, Doc: k.doc,
			InDefault: k.scope == ofDefault || k.scope == ofAll || table == incrementTable || table == escalateTable,
		})
	}
	return all
}

// WriteMarkdown writes the reference of all keys as a page for docs/.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(pageStart)
	last := ""
	for _, k := range Reference() {
		if k.Table != last {
			last = k.Table
			fmt.Fprintf(&b, "\n## %s\n\n%s| key | type | default | meaning |\n| --- | --- | --- | --- |\n", heading(last), tableIntro(last))
		}
		name := "`" + k.Name + "`"
		if k.Table == jailTable && !k.InDefault {
			name += " ¹"
		}
		def := ""
		if k.Default != "" {
			def = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, cell(k.Type), def, cell(k.Doc))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func heading(table string) string {
	if strings.HasPrefix(table, "[") {
		name, rest, _ := strings.Cut(table, " ")
		return strings.TrimSpace("`" + name + "` " + rest)
	}
	return strings.ToUpper(table[:1]) + table[1:]
}

// tableIntro is what a reader must know of a table before its keys.
func tableIntro(table string) string {
	switch table {
	case jailTable:
		return "Every jail inherits what `[default]` says, with the same keys, but for those marked ¹. " +
			"The keys `daemon`, `failregex`, `successregex`, `ignoreregex`, `prefregex`, `unless`, `maxlines`, `datepattern`, `journalmatch` and `json` of a " +
			"filter file may stand here too; they replace the filter's.\n\n"
	case incrementTable:
		return "Also `[default.bantime_increment]`.\n\n"
	case escalateTable:
		return "Also `[default.escalate]`. [bantime.md](bantime.md) explains it.\n\n"
	case "a pattern with a weight":
		return "In failregex, beside plain ones: `failregex = ['…', { regex = '…', weight = 3 }]`. With `maxretry = 5`, two failures of that pattern " +
			"lead to a ban, or one and two others ([counting.md](counting.md)). A weight of `maxretry` or more bans at once. Wherever failures are counted, in status, metrics and bans, one of weight 3 " +
			"counts as three. Of a session of several lines, the greatest weight of its lines counts.\n\n"
	case actionTable:
		return "In a jail: `action = [{ name = \"command\", ban = [\"/usr/local/bin/notify\"] }]`. The keys of " +
			"`action.d/NAME.toml` are the same; what the jail says stands over them.\n\n"
	case notifierTable:
		return "`action = [{ name = \"webhook\", url = \"https://…\" }]`, or any other of the kinds below; see [actions.md](actions.md). They have " +
			"these keys, those of their kind, and `name`, `kind` and `description`.\n\n"
	case "`" + cloudflareKind + "`":
		return "A list of addresses at Cloudflare, for hosts behind it; see [cloudflare.md](cloudflare.md).\n\n"
	case "[[json]] of a filter file":
		return "A rule for lines of JSON: `when = { \"request.uri\" = '^/login', status = [401, 403] }`, `host = \"request.client_ip\"`. " +
			"[json.md](json.md) says what paths and conditions are, with examples. Also `[[jail.NAME.json]]`, or in a jail's " +
			"`filter = { json = { … } }`.\n\n"
	case paramTable:
		return "What differs from host to host in a filter for many: `[param.path]` with `default = '/login'`, and `<path>` in a pattern. A jail says " +
			"`param = { path = '/signin', failure = [401, 403] }`. In a pattern, the value stands for a group that captures nothing: a number for its digits, a " +
			"text for the pattern in RE2 syntax that it is, without `^`, `$`, tags and named groups, and a list for any one of its values. In a path it is text, and " +
			"a list makes several paths; a condition on several holds if it does of one. A jail's values are numbers where the default is.\n\n"
	case "a filter file":
		return "`filter.d/NAME.toml`, or a table in a jail: `filter = { failregex = ['…'] }`.\n\n"
	}
	return ""
}

// cell writes text so that it stays in its cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const pageStart = `# Configuration

gaol reads ` + "`/etc/gaol/gaol.toml`" + `, which need not exist, then ` + "`conf.d/*.toml`" + ` beside it in the order of their names.
Tables are merged key by key and what comes later wins; lists are replaced. Files in ` + "`filter.d`" + ` and ` + "`action.d`" + ` add to the
stock ones or replace the one of the same name.

A jail is put together from gaol's defaults, then ` + "`[default]`" + `, then what the stock library knows of the service (its filter, logs
and ports), then ` + "`[jail.NAME]`" + `. The stock jail ` + "`sshd`" + ` runs unless ` + "`enabled = false`" + `; every other jail runs with
` + "`enabled = true`" + `. ` + "`gaol check`" + ` shows what came of it, and every fault at once.

Durations are a number of seconds or a text such as ` + "`\"90s\"`, `\"10m\"`, `\"1h30m\"`, `\"1d\"`, `\"2w\"`, `\"1mo\"`" + ` (30.4375 days) or
` + "`\"1y\"`" + ` (365.25 days). Patterns go in single quotes, where a backslash stands for itself. Where a list is wanted, a list
of one may be written without brackets.

What was understood is used and what was not is reported: a fault in a jail, its filter or its action leaves out that jail; a bad value in
` + "`[default]`" + ` leaves out the jails that inherit it; a file that isn't TOML is as if it weren't there.
`
