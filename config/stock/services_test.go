package stock_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"gaol/action"
	"gaol/config"
	"gaol/filter"
)

var update = flag.Bool("update", false, "rewrite docs/services.md")

const servicesPage = "../../docs/services.md"

func TestServicesPageIsCurrent(t *testing.T) {
	page := writeServices(t)
	if *update {
		if err := os.WriteFile(servicesPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(servicesPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, page) {
		t.Errorf("%s is out of date: run go test ./config/stock -run TestServicesPage -update", servicesPage)
	}
}

// writeServices makes the page of the files.
func writeServices(t *testing.T) []byte {
	t.Helper()
	var page bytes.Buffer
	page.WriteString(`# Services that gaol knows

Made from the files of the library: ` + "`go test ./config/stock -run TestServicesPage -update`" + ` writes it.

` + "`[jail.NAME]` with `enabled = true`" + ` in ` + "`/etc/gaol/gaol.toml`" + ` protects a service. ` + "`gaol check`" + ` says where its log was found,
and whether its lines are ones that the filter knows. Keys of the jail change what does not suit: ` + "`logpath`, `port`, `maxretry`" + ` and the
others of [configuration.md](configuration.md).

| jail | service | a failure is | ports |
| --- | --- | --- | --- |
`)
	jails := slices.SortedFunc(slices.Values(loadAll(t).Jails), func(a, b config.Jail) int { return cmp.Compare(a.Name, b.Name) })
	for _, j := range jails {
		fmt.Fprintf(&page, "| [`%s`](#%s) | %s | %s | %s |\n", j.Name, j.Name, inCell(j.Description), inCell(j.Filter.Description), portsOf(j))
	}
	page.WriteString("\n## Logs and requirements\n\nOf the places of a log, those that are there are read.\n")
	for _, j := range jails {
		writeService(&page, j)
	}
	writeTests(t, &page)
	return page.Bytes()
}

func writeService(page *bytes.Buffer, j config.Jail) {
	fmt.Fprintf(page, "\n### %s\n\n", j.Name)
	if j.FilterName != j.Name && j.FilterName != "" {
		fmt.Fprintf(page, "- filter: `%s`\n", j.FilterName)
	}
	if modes := modesOf(j.Filter); len(modes) > 0 {
		fmt.Fprintf(page, "- modes: `%s`\n", strings.Join(modes, "`, `"))
	}
	var places []string
	for _, path := range j.LogPath {
		places = append(places, "`"+path+"`")
	}
	switch {
	case j.Bans:
		places = append(places, "the bans of all other jails")
	case j.Journal && len(j.Filter.Journalmatch) > 0:
		places = append(places, "the journal (`"+strings.Join(j.Filter.Journalmatch, " ")+"`)")
	case j.Journal:
		places = append(places, "the journal")
	}
	fmt.Fprintf(page, "- log: %s\n", strings.Join(places, ", "))
	if j.Filter.Requires != "" {
		fmt.Fprintf(page, "- needs: %s\n", j.Filter.Requires)
	}
	for _, name := range slices.Sorted(maps.Keys(j.Filter.Params)) {
		fmt.Fprintf(page, "- parameter `%s`: %s\n", name, j.Filter.Params[name].Doc)
	}
}

func modesOf(spec filter.Spec) []string {
	var modes []string
	for name := range spec.Modes {
		modes = append(modes, name)
	}
	slices.Sort(modes)
	return modes
}

// writeTests tells what every filter was tried on.
func writeTests(t *testing.T, page *bytes.Buffer) {
	t.Helper()
	page.WriteString(`
## What the filters were tried on

Each filter brings its own tests, which ` + "`gaol test`" + ` runs: lines of failures in all forms that the service writes, of which so many name
an IPv6 client; of logins that were let in; of other things that are no failures; by which a client tries to accuse another
address; and of health, by which gaol notices that a log has changed. Besides these, ` + "`gaol test`" + ` attacks every filter with some
hundred texts of its own. Filters with a script were tried on what the running service writes, see
[examples/record](../examples/record/README.md).

| filter | tests | failures | of IPv6 | logins | no failures | attacks | of health | recorded by |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
`)
	recorded, tests := 0, 0
	names := namesIn(t, "filter.d")
	for _, name := range names {
		spec := load(t, name)
		c := count(spec)
		fmt.Fprintf(page, "| `%s` | %d | %d | %d | %d | %d | %d | %d | %s |\n",
			name, c.all, c.failures, c.v6, c.successes, c.harmless, c.hostile, c.alive, spec.Recorded)
		tests += c.all
		if spec.Recorded != "" {
			recorded++
		}
	}
	fmt.Fprintf(page, "\nThese are %d filters with %d tests; %d filters were tried on the running service.\n", len(names), tests, recorded)
}

// kinds counts tests by what they are for.
type kinds struct{ all, failures, v6, successes, harmless, hostile, alive int }

func count(spec filter.Spec) kinds {
	var c kinds
	for _, test := range spec.Tests {
		c.all++
		if test.Match {
			c.failures++
		}
		if test.Match && strings.Contains(test.Host, ":") {
			c.v6++
		}
		if test.Alive {
			c.alive++
		}
		switch {
		case isHostile(test):
			c.hostile++
		case test.Success:
			c.successes++
		case !test.Match && !test.Alive:
			c.harmless++
		}
	}
	return c
}

// isHostile says that a client tries to accuse the innocent by a test's lines.
func isHostile(test filter.Test) bool {
	return strings.Contains(strings.Join(test.Lines, "\n"), innocent)
}

// inCell is text for a cell of a table.
func inCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func portsOf(j config.Jail) string {
	if len(j.Rule.Ports) == 0 || j.Rule.Protocol == "all" {
		return "all"
	}
	var ports []string
	for _, p := range j.Rule.Ports {
		ports = append(ports, portText(p))
	}
	text := strings.Join(ports, ", ")
	if j.Rule.Protocol != "" && j.Rule.Protocol != "tcp" {
		text = j.Rule.Protocol + " " + text
	}
	return text
}

func portText(p action.Port) string {
	if p.First == p.Last {
		return fmt.Sprint(p.First)
	}
	return fmt.Sprintf("%d-%d", p.First, p.Last)
}
