package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gaol/config"
	"gaol/filter"
)

// maxFailedShown failed tests of one filter are shown: a weak pattern yields to a
// hundred attacks that all say the same.
const maxFailedShown = 10

type testOptions struct {
	json bool
}

func newTestCommand(a *app) *cobra.Command {
	var opts testOptions
	cmd := &cobra.Command{
		Use:   "test [flags] [FILTER...]",
		Short: "Run the tests in filter files, and attack the filters",
		Long: `Runs the tests that stand in filter files, and attacks each filter with its
own test lines: other addresses, whole log lines and control characters are
put where the user name stands, and the filter fails if it then accuses or
trusts somebody else. FILTER is a name or a .toml file; without one, all stock
filters and your own are tested.`,
		Example: `  gaol test
  gaol test sshd`,
		Annotations: map[string]string{exitStatuses: exitsOf("all tests passed", "a test failed",
			"a filter that cannot be read or that has a fault")},
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return a.completeFilters(args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTest(cmd.Context(), a, opts, args)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

// filterReport says what came of the tests of one filter.
type filterReport struct {
	Filter string `json:"filter"`
	// Tests and Attacks were run.
	Tests   int             `json:"tests"`
	Attacks int             `json:"attacks"`
	Failed  []failedTest    `json:"failed"`
	Faults  []problemReport `json:"problems"`
}

// failedTest is a test, or an attack made of one, that came out otherwise than
// it should.
type failedTest struct {
	// Test counts the tests of the file from 1.
	Test int `json:"test"`
	// Attack says what was done to the test's line, "" for the test itself.
	Attack string   `json:"attack"`
	Lines  []string `json:"lines"`
	// Problem says what was wanted and what came.
	Problem string `json:"problem"`
}

// testReport is the document of "gaol test --json".
type testReport struct {
	OK      bool           `json:"ok"`
	Filters []filterReport `json:"filters"`
}

func runTest(ctx context.Context, a *app, opts testOptions, names []string) error {
	if len(names) == 0 {
		names = config.FilterNames(a.configOptions())
	}
	filters, err := a.testFilters(ctx, names)
	if err != nil {
		return fmt.Errorf("testing filters: %w", err)
	}
	report := testReport{OK: true, Filters: filters}
	faulty := false
	for _, f := range filters {
		report.OK = report.OK && len(f.Failed) == 0 && len(f.Faults) == 0
		faulty = faulty || len(f.Faults) > 0
	}
	if opts.json {
		err = a.printJSON(report)
	} else {
		err = a.printText(testText(report, a.paint(a.stdout)))
	}
	switch {
	case err != nil:
		return err
	case faulty:
		return fmt.Errorf("testing filters: some cannot be used, see above")
	case !report.OK:
		return errNo
	}
	return nil
}

// testFilters tests as many at once as there are cores.
func (a *app) testFilters(ctx context.Context, names []string) ([]filterReport, error) {
	reports := make([]filterReport, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			if ctx.Err() == nil {
				reports[i] = a.testFilter(name)
			}
			return ctx.Err()
		})
	}
	return reports, group.Wait()
}

func (a *app) testFilter(name string) filterReport {
	report := filterReport{Filter: name, Failed: []failedTest{}, Faults: []problemReport{}}
	spec, problems := config.LoadFilter(a.configOptions(), name)
	for _, p := range problems {
		report.Faults = append(report.Faults, reportProblem(p))
	}
	if len(problems) > 0 {
		return report
	}
	for _, mode := range modesOf(spec) {
		if _, err := filter.Compile(spec, filter.Options{Mode: mode}); err != nil {
			report.Faults = append(report.Faults, problemReport{Text: err.Error()})
		}
	}
	if len(report.Faults) > 0 {
		return report
	}
	tests, attacks := filter.RunTests(spec), filter.Attack(spec)
	report.Tests, report.Attacks = len(tests), len(attacks)
	for _, result := range slices.Concat(tests, attacks) {
		if !result.OK {
			report.Failed = append(report.Failed, failedTest{
				Test:    result.Index + 1,
				Attack:  result.Attack,
				Lines:   result.Test.Lines,
				Problem: result.Problem,
			})
		}
	}
	return report
}

// modesOf lists a filter's modes, the ordinary one first.
func modesOf(spec filter.Spec) []string {
	modes := []string{""}
	for name := range spec.Modes {
		modes = append(modes, name)
	}
	slices.Sort(modes)
	return modes
}

func testText(report testReport, p painter) string {
	var t table
	var details strings.Builder
	tests, attacks, failed := 0, 0, 0
	for _, f := range report.Filters {
		tests, attacks, failed = tests+f.Tests, attacks+f.Attacks, failed+len(f.Failed)
		t.row(verdictOf(f), cell{printable(f.Filter), bold},
			cell{plural(f.Tests, "test", "tests"), plain}, cell{plural(f.Attacks, "attack", "attacks"), plain}, failuresOf(f))
		writeDetails(&details, f, p)
	}
	var b strings.Builder
	t.write(&b, p)
	b.WriteString(details.String())
	fmt.Fprintf(&b, "\n%s: %s, %s, %d failed\n", plural(len(report.Filters), "filter", "filters"),
		plural(tests, "test", "tests"), plural(attacks, "attack", "attacks"), failed)
	return b.String()
}

func verdictOf(f filterReport) cell {
	if len(f.Failed) > 0 || len(f.Faults) > 0 {
		return cell{"FAIL", red}
	}
	return cell{"ok", green}
}

func failuresOf(f filterReport) cell {
	switch {
	case len(f.Faults) > 0:
		return cell{"cannot be used", red}
	case len(f.Failed) > 0:
		return cell{fmt.Sprintf("%d failed", len(f.Failed)), red}
	case f.Tests == 0:
		return cell{"it has none", yellow}
	}
	return cell{}
}

// writeDetails tells what is wrong with a filter.
func writeDetails(b *strings.Builder, f filterReport, p painter) {
	for _, fault := range f.Faults {
		fmt.Fprintf(b, "\n%s %s\n", p.in(red, printable(f.Filter)+":"), printableText(fault.Text))
		b.WriteString(fault.excerpt())
	}
	for i, failed := range f.Failed {
		if i == maxFailedShown {
			fmt.Fprintf(b, "\n%s and %d more, which --json lists\n", p.in(red, printable(f.Filter)+":"), len(f.Failed)-i)
			break
		}
		what := fmt.Sprintf("test %d", failed.Test)
		if failed.Attack != "" {
			what += ", attacked by " + failed.Attack
		}
		fmt.Fprintf(b, "\n%s %s\n", p.in(red, printable(f.Filter)+":"), printable(what))
		for _, line := range failed.Lines {
			fmt.Fprintf(b, "  line: %s\n", printable(line))
		}
		fmt.Fprintf(b, "  %s\n", printable(failed.Problem))
	}
}
