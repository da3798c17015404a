package main_test

import (
	"os/exec"
	"strings"
	"testing"
)

// arrows say which of our packages each folder may know, besides those below itself. A line of a
// log goes one way, and so do the imports.
var arrows = map[string][]string{
	"filter":        {},
	"jail":          {"filter"},
	"jail/source":   {"filter", "jail"},
	"jail/store":    {"filter", "jail"},
	"action":        {"jail"},
	"config":        {"filter", "jail", "action"},
	"config/stock":  {},
	"cmd":           {"filter", "jail", "action", "config"},
	"examples":      {},
	"filter/header": {"filter/jsonline"}, "filter/jsonline": {}, "filter/literal": {}, "filter/logtime": {},
}

// TestArrows holds the order of the packages.
func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "gaol/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(strings.ReplaceAll(line, "gaol/", ""))
		folder, allowed := longest(words[0])
		if folder == "" {
			t.Errorf("%s: a new folder: say here what it may know", words[0])
			continue
		}
		for _, imported := range strings.Fields(line)[1:] {
			path, ours := strings.CutPrefix(imported, "gaol/")
			if ours && !isBelow(path, folder) && !anyBelow(path, allowed) {
				t.Errorf("%s must not import %s", words[0], path)
			}
		}
	}
}

// longest is the entry of arrows that a package falls under.
func longest(pkg string) (folder string, allowed []string) {
	for f, a := range arrows {
		if isBelow(pkg, f) && len(f) > len(folder) {
			folder, allowed = f, a
		}
	}
	return folder, allowed
}

func isBelow(pkg, folder string) bool {
	return pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

func anyBelow(pkg string, folders []string) bool {
	for _, f := range folders {
		if isBelow(pkg, f) {
			return true
		}
	}
	return false
}
