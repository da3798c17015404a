package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/daemon"
	"gaol/config"
)

type checkOptions struct {
	json bool
}

func newCheckCommand(a *app) *cobra.Command {
	var opts checkOptions
	cmd := &cobra.Command{
		Use:   "check [flags]",
		Short: "Check the configuration and show what each jail comes to",
		Long: `Reads all configuration and shows every fault in it at once, with its place.
Then it shows what each enabled jail comes to: filter, logs that are there
now, ports, times and actions. Nothing is started or changed.`,
		Example: `  gaol check
  gaol check -c ./gaol.toml --json`,
		Annotations: map[string]string{exitStatuses: exitsOf("no fault", "", "faults, or wrong usage")},
		Args:        argsOf(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runCheck(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

// problemReport is one fault of the configuration.
type problemReport struct {
	// File, Line and Column say where; the latter count from 1, 0: unknown.
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Table and Key name what is at fault, Jail the jail that is left out for it.
	Table string `json:"table"`
	Key   string `json:"key"`
	Jail  string `json:"jail"`
	// Text says it in one line.
	Text string `json:"text"`
	// source is the text of the line.
	source string
}

func reportProblem(p config.Problem) problemReport {
	return problemReport{File: p.File, Line: p.Line, Column: p.Column, Table: p.Table, Key: p.Key, Jail: p.Jail,
		Text: p.Error(), source: p.Source}
}

// excerpt shows the line at fault with a caret below its place, "" where there is none.
func (p problemReport) excerpt() string {
	if p.source == "" || p.Line == 0 {
		return ""
	}
	number := fmt.Sprint(p.Line)
	before := p.source[:min(max(p.Column-1, 0), len(p.source))]
	return fmt.Sprintf("  %s | %s\n  %s | %s^\n", number, printable(p.source),
		strings.Repeat(" ", len(number)), strings.Repeat(" ", len([]rune(printable(before)))))
}

// checkReport is the document of "gaol check --json".
type checkReport struct {
	File     string          `json:"file"`
	Problems []problemReport `json:"problems"`
	// Jails are those enabled, with or without a problem.
	Jails []jailReport `json:"jails"`
}

func runCheck(_ context.Context, a *app, opts checkOptions) error {
	report := a.check()
	var err error
	if opts.json {
		err = a.printJSON(report)
	} else {
		err = a.printText(checkText(report, a.paint(a.stdout)))
	}
	if err == nil && len(report.Problems) > 0 {
		return fmt.Errorf("checking %s: %s", report.File, plural(len(report.Problems), "problem", "problems"))
	}
	return err
}

// check loads the configuration and looks what the enabled jails come to.
func (a *app) check() checkReport {
	conf := config.Load(a.configOptions())
	now := time.Now()
	report := checkReport{File: conf.File, Problems: []problemReport{}, Jails: []jailReport{}}
	for _, p := range conf.Problems {
		report.Problems = append(report.Problems, reportProblem(p))
	}
	for _, j := range conf.Jails {
		if j.Enabled {
			files, journal := daemon.Reads(j, now)
			report.Jails = append(report.Jails, reportJail(j, files, journal, now))
		}
	}
	return report
}

func checkText(report checkReport, p painter) string {
	var b strings.Builder
	for _, problem := range report.Problems {
		b.WriteString(p.in(red, "problem: ") + printableText(problem.Text) + "\n" + problem.excerpt())
	}
	if len(report.Problems) > 0 {
		b.WriteByte('\n')
	}
	if len(report.Jails) == 0 {
		b.WriteString("No jail is enabled.\n")
	}
	for i, j := range report.Jails {
		if i > 0 {
			b.WriteByte('\n')
		}
		j.write(&b, p)
	}
	switch {
	case len(report.Problems) > 0:
	case !fileExists(report.File):
		fmt.Fprintf(&b, "\nThere is no %s: everything is as gaol comes.\n", printable(report.File))
	default:
		fmt.Fprintf(&b, "\n%s is fine.\n", printable(report.File))
	}
	return b.String()
}
