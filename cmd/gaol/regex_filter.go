package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gaol/config"
	"gaol/filter"
)

// triedFilter is the filter that the FILTER argument means.
type triedFilter struct {
	spec filter.Spec
	// mode is which of the filter's modes is asked for.
	mode string
	// name is the filter as it was named, "" for a pattern.
	name string
	// names lets <HOST> stand for host names, too.
	names bool
	// imported is what is to be said of a filter for fail2ban, nil for another one.
	imported *importedFilter
	// ignoreregex says that its ignoreregex was given on the command line.
	ignoreregex bool
}

// filterName is the form of a filter's name, with its arguments if any.
var filterName = regexp.MustCompile(`^([A-Za-z0-9_.-]+)(\[.*\])?$`)

// resolveFilter finds out what the FILTER argument means, and puts ignoreregex, if
// there is one, in place of the filter's own. log is the LOG argument.
func (a *app) resolveFilter(log, arg string, ignoreregex []string) (triedFilter, error) {
	tried, err := a.findFilter(arg, log == journalLog)
	if err != nil {
		return triedFilter{}, err
	}
	if len(ignoreregex) > 0 {
		tried.ignoreregex = true
		tried.spec.Ignoreregex = ignoreregex
		for name, mode := range tried.spec.Modes {
			mode.Ignoreregex = nil
			tried.spec.Modes[name] = mode
		}
	}
	return tried, nil
}

func (a *app) findFilter(arg string, journal bool) (triedFilter, error) {
	if a.namesFilter(arg) {
		spec, problems := config.LoadFilter(a.configOptions(), arg)
		if len(problems) > 0 {
			return triedFilter{}, joinProblems(problems)
		}
		return triedFilter{spec: spec, mode: modeOf(arg), name: arg}, nil
	}
	if isFail2banFile(arg) {
		return loadFail2ban(arg, journal)
	}
	// No pattern is of use without a tag or a group for the address, so a bare
	// word was meant as a name.
	if filterName.MatchString(arg) {
		return triedFilter{}, a.unknownFilter(arg, didYouMean(arg, config.FilterNames(a.configOptions())))
	}
	return triedFilter{spec: filter.Spec{Failregex: []string{arg}}}, nil
}

// namesFilter says whether arg is the name of a known filter or of a TOML file.
func (a *app) namesFilter(arg string) bool {
	name, _, _ := strings.Cut(arg, "[")
	if filepath.Ext(name) == ".toml" {
		return true
	}
	if !filterName.MatchString(arg) {
		return false
	}
	for _, known := range config.FilterNames(a.configOptions()) {
		if known == name {
			return true
		}
	}
	return false
}

// modeOf returns the mode that "NAME[mode=MODE]" asks for, "" for none.
func modeOf(name string) string {
	_, args, ok := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	if !ok {
		return ""
	}
	_, mode, _ := strings.Cut(args, "=")
	return strings.Trim(strings.TrimSpace(mode), `"'`)
}

func joinProblems(problems []config.Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
