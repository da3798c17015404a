package config

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	// bareValue is an assignment whose value has no quotes, as in INI files.
	bareValue = regexp.MustCompile(`^\s*([\w.-]+)\s*=\s*([^\s"'\[{#][^"'#]*?)\s*(?:[#;].*)?$`)
	// plainValue is a value that needs none.
	plainValue = regexp.MustCompile(`^(?:true|false|[+-]?[0-9][0-9_]*(?:\.[0-9]+)?)$`)
	// escaped is a string in double quotes with a backslash, as patterns have.
	escaped = regexp.MustCompile(`"[^"]*\\[^btnfr"\\uUex]`)
	// colonValue is an assignment of the "key: value" kind.
	colonValue = regexp.MustCompile(`^\s*([\w.-]+)\s*:`)
)

// syntaxHint says what is usually wrong with a line like this, "" if that isn't known.
// The commonest is a line carried over from an INI file.
func syntaxHint(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), ";") {
		return `comments begin with "#"`
	}
	if m := bareValue.FindStringSubmatch(line); m != nil && !plainValue.MatchString(m[2]) {
		return fmt.Sprintf("text needs quotes: %s = %q", m[1], m[2])
	}
	if escaped.MatchString(line) {
		return `write patterns in single quotes, where a backslash stands for itself`
	}
	if m := colonValue.FindStringSubmatch(line); m != nil {
		return fmt.Sprintf(`write "%s = …", with an equals sign`, m[1])
	}
	return ""
}
