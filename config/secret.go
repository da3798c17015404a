package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gaol/action"
)

// maxSecret bounds the file of a secret.
const maxSecret = 64 << 10

const secretForm = `text, "file:/PATH" or "env:NAME"`

// secret reads a text that nobody is to see: as it stands, from a file, or from the environment.
func secret[T any](at func(*T) *action.Secret) value[T] {
	return value[T]{secretForm, func(c *checker, to *T, n *node) {
		if s, ok := c.secret(n); ok {
			*at(to) = s
		}
	}}
}

func (c *checker) secret(n *node) (action.Secret, bool) {
	text, ok := n.value.(string)
	fault := func(what, hint string) (action.Secret, bool) {
		p := c.at(n)
		p.What, p.Expected, p.Hint = what, "", hint
		c.add(p)
		return "", false
	}
	if !ok || strings.ContainsRune(text, 0) {
		p := c.at(n)
		p.Found, p.Expected = "something else", secretForm
		c.add(p)
		return "", false
	}
	if name, isEnv := strings.CutPrefix(text, "env:"); isEnv {
		if value := strings.TrimSpace(os.Getenv(name)); value != "" {
			return action.Secret(value), true
		}
		return fault("the environment variable "+quoteShort(name)+" is empty", "set it for gaol, such as by systemctl edit gaol")
	}
	path, isFile := strings.CutPrefix(text, "file:")
	if !isFile {
		if text == "" {
			return fault("it is empty", "")
		}
		return action.Secret(text), true
	}
	if !filepath.IsAbs(path) {
		return fault("the path of a file must be absolute", "")
	}
	value, err := readSecret(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault("reading "+path+": permission denied", "let the user who runs gaol read it")
	case err != nil:
		if pathErr, isPath := errors.AsType[*fs.PathError](err); isPath {
			err = pathErr.Err
		}
		return fault("reading "+path+": "+err.Error(), "")
	}
	return action.Secret(value), true
}

// readSecret reads a file without the blanks at its ends, as editors add a line end.
func readSecret(path string) (string, error) {
	text, err := file{path: path}.text()
	if err != nil {
		return "", err
	}
	value := strings.TrimSpace(string(text))
	switch {
	case value == "":
		return "", errors.New("it is empty")
	case len(value) > maxSecret || strings.ContainsRune(value, 0):
		return "", errors.New("it holds no text, or too much")
	}
	return value, nil
}

// assigned is a key that is given a value, and assignedValue the value behind it, closed or not.
var (
	assigned      = regexp.MustCompile(`([A-Za-z0-9_-]+|"[^"]*")\s*=\s*`)
	assignedValue = regexp.MustCompile(`^("(?:[^"\\]|\\.)*"?|'[^']*'?|\[[^\]]*\]?|[^\s,}]+)`)
)

// likelySecret are the names of keys whose text is not shown, wherever they stand.
var likelySecret = regexp.MustCompile(`(?i)token|password|secret|key|url`)

// mayBeSecret says of a key in an action or in [web] whether its text is hidden: all are whose meaning is not known.
func mayBeSecret(name string) bool {
	for _, k := range actionKeys() {
		if k.name == name {
			return k.typ == secretForm || likelySecret.MatchString(name)
		}
	}
	for _, k := range webKeys() {
		if k.name == name {
			return k.typ == secretForm
		}
	}
	return true
}

// hideAssigned hides what a line gives to keys for which hide is true, by stars, so that columns stay.
func hideAssigned(line string, hide func(key string) bool) string {
	hidden := []byte(line)
	for _, at := range assigned.FindAllStringSubmatchIndex(line, -1) {
		if !hide(line[at[2]:at[3]]) {
			continue
		}
		for i := range len(assignedValue.FindString(line[at[1]:])) {
			hidden[at[1]+i] = '*'
		}
	}
	return string(hidden)
}
