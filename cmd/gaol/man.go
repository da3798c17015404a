package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newManCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the man pages into a directory",
		Long: `Writes a man page for gaol and one for each of its commands into DIR. They are
made of the same words as the help.`,
		Example: `  gaol man /usr/local/share/man/man1
  gaol man . && man ./gaol.1`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "", "DIR cannot be written to")},
		Args:        argsOf(1, 1, "a DIR"),
		Hidden:      true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runMan(a, cmd.Root(), args[0])
		},
	}
}

func runMan(a *app, root *cobra.Command, dir string) error {
	pages := []*cobra.Command{root}
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			pages = append(pages, cmd)
		}
	}
	for _, cmd := range pages {
		path := filepath.Join(dir, pageName(cmd)+".1")
		// 0o644: everybody may read the manual.
		if err := os.WriteFile(path, []byte(manPage(cmd, pages)), 0o644); err != nil {
			return fmt.Errorf("writing a man page: %w", err)
		}
	}
	return a.printText(fmt.Sprintf("wrote %d man pages to %s\n", len(pages), printable(dir)))
}

// pageName is the name of a command's page, without its section: "gaol-regex".
func pageName(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "-")
}

// manPage writes the page of one command in the macros of man(7).
func manPage(cmd *cobra.Command, pages []*cobra.Command) string {
	m := &roff{}
	m.line(".TH %s 1 \"\" \"gaol %s\" \"gaol manual\"", quoteRoff(strings.ToUpper(pageName(cmd))), programVersion())
	m.section("NAME")
	m.text(pageName(cmd) + ` \- ` + escapeRoff(strings.ToLower(cmd.Short[:1])+cmd.Short[1:]))
	m.section("SYNOPSIS")
	if cmd.HasParent() {
		m.text(`\fB` + escapeRoff(cmd.UseLine()) + `\fR`)
	} else {
		m.text(`\fBgaol\fR [\fIflags\fR] \fICOMMAND\fR`)
	}
	m.section("DESCRIPTION")
	m.paragraphs(cmd.Long)
	if !cmd.HasParent() {
		m.section("COMMANDS")
		for _, page := range pages[1:] {
			m.item(page.Name(), page.Short+".")
		}
	}
	m.section("OPTIONS")
	cmd.LocalFlags().VisitAll(m.flag)
	cmd.InheritedFlags().VisitAll(m.flag)
	m.section("EXAMPLES")
	m.verbatim(cmd.Example)
	m.section("EXIT STATUS")
	m.verbatim(cmd.Annotations[exitStatuses])
	m.section("SEE ALSO")
	var others []string
	for _, page := range pages {
		if page != cmd {
			others = append(others, `\fB`+escapeRoff(pageName(page))+`\fR(1)`)
		}
	}
	m.text(strings.Join(others, ", "))
	return m.String()
}

// roff is a page that is being written.
type roff struct{ strings.Builder }

func (m *roff) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }
func (m *roff) section(name string)             { m.line(".SH %s", quoteRoff(name)) }

// text writes a line of running text that is escaped already.
func (m *roff) text(escaped string) { m.line("%s", escaped) }

// paragraphs writes running text, with an empty line between paragraphs.
func (m *roff) paragraphs(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			m.line(".PP")
		}
		for line := range strings.Lines(paragraph) {
			m.text(escapeRoff(strings.TrimSpace(line)))
		}
	}
}

func (m *roff) verbatim(text string) {
	m.line(".nf")
	for line := range strings.Lines(text) {
		m.text(escapeRoff(strings.TrimRight(line, "\n")))
	}
	m.line(".fi")
}

// item writes a term and what it means.
func (m *roff) item(term, meaning string) {
	m.line(".TP\n.B %s", quoteRoff(term))
	m.text(escapeRoff(meaning))
}

func (m *roff) flag(f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	term := "--" + f.Name
	if f.Shorthand != "" {
		term = "-" + f.Shorthand + ", " + term
	}
	if value != "" {
		term += " " + value
	}
	m.item(term, usage)
}

// escapeRoff makes text mean itself: a backslash, a hyphen (which else may become a dash,
// and can't be pasted), and a dot or a quote that begins a line (man(7)).
func escapeRoff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

// quoteRoff makes text one argument of a macro.
func quoteRoff(s string) string {
	return `"` + strings.ReplaceAll(escapeRoff(s), `"`, `\(dq`) + `"`
}
