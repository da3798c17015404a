package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"gaol/config/fail2ban"
	"gaol/filter"
)

// importedFilter is what a report says of a filter that was written for fail2ban.
type importedFilter struct {
	// File is the path as it was given, Files are all that were read,
	// each over those before it.
	File  string   `json:"file"`
	Files []string `json:"files"`
	// Options are those that were given with the path.
	Options map[string]string `json:"options"`
	// UseDNS is what the filter says of host names: yes, warn, no or raw.
	UseDNS string `json:"usedns"`
	// Backtracking are the patterns that run on the engine that goes back in the text.
	Backtracking []slowPattern `json:"backtracking"`
	// warnings say what was not taken over.
	warnings []string
	// shown are the options as they were given.
	shown string
}

// slowPattern is a pattern with its place in the filter, as "failregex 2".
type slowPattern struct {
	Place   string `json:"place"`
	Pattern string `json:"pattern"`
}

// fail2banFolder is where fail2ban has its filters.
const fail2banFolder = "/etc/fail2ban/filter.d"

// isFail2banFile says that arg names a .conf file, with options behind it if any. No path has a blank or a
// tag in it, which patterns have.
func isFail2banFile(arg string) bool {
	path, _, _ := strings.Cut(arg, "[")
	return filepath.Ext(path) == ".conf" && (fileExists(path) || !strings.ContainsAny(path, " <"))
}

// loadFail2ban reads a filter that was written for fail2ban; journal says that the lines come from there.
func loadFail2ban(arg string, journal bool) (triedFilter, error) {
	path, arguments, err := fail2ban.SplitName(arg)
	if err != nil {
		return triedFilter{}, err
	}
	loaded, err := fail2ban.LoadFilter(path, fail2ban.FilterOptions{Arguments: arguments, Journal: journal})
	if errors.Is(err, fs.ErrNotExist) && fileExists(filepath.Join(fail2banFolder, path)) {
		return triedFilter{}, fmt.Errorf("%w: write %s", err, filepath.Join(fail2banFolder, arg))
	}
	if err != nil {
		return triedFilter{}, err
	}
	imported := &importedFilter{File: path, Files: loaded.Files, Options: map[string]string{}, UseDNS: loaded.UseDNS}
	var shown []string
	for _, a := range arguments {
		imported.Options[a.Name] = a.Value
		shown = append(shown, a.Name+"="+a.Value)
	}
	imported.shown = strings.Join(shown, ", ")
	for _, w := range loaded.Warnings {
		imported.warnings = append(imported.warnings, w.Error())
	}
	return triedFilter{spec: loaded.Spec, name: path, names: loaded.Names(), imported: imported}, nil
}

// compiled completes what is said of the filter with what has become of its patterns. It is for any filter,
// and nothing where that is none of fail2ban's.
func (f *importedFilter) compiled(compiled *filter.Filter) {
	if f == nil {
		return
	}
	f.Backtracking = []slowPattern{}
	for _, slow := range compiled.Backtracking() {
		f.Backtracking = append(f.Backtracking, slowPattern{slow.What, slow.Pattern})
		f.warnings = append(f.warnings, slow.String())
	}
}

// unknownFilter says that there is no filter of that name, and where else one of it may be.
func (a *app) unknownFilter(arg, nearest string) error {
	base, _, _ := strings.Cut(arg, "[")
	hint := `"gaol test" lists the filters there are; a pattern says with <HOST> where the address stands`
	if path := filepath.Join(fail2banFolder, base+".conf"); fileExists(path) {
		hint = fmt.Sprintf("fail2ban's own is %s%s", path, strings.TrimPrefix(arg, base))
	}
	return errors.New(fmt.Sprintf("unknown filter %q", arg) + nearest + ": " + hint)
}
