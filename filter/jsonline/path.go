package jsonline

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Path says where a field stands in a line's object. Use [ParsePath].
type Path struct {
	text  string
	steps []step
}

// step leads from a value to one within it.
type step struct {
	kind  stepKind
	key   string
	index int
}

type stepKind int

const (
	toKey   stepKind = iota // the object's field of that key
	toIndex                 // the array's element of that number
	toAny                   // each of the array's elements
)

// maxSteps is more than any log nests what is of use.
const maxSteps = 16

// ParsePath reads a path: keys with dots between them, and behind each [0] for
// the first element of an array, or [*] for any. A key that has a dot, a bracket
// or a quotation mark in it is written in quotation marks, with a backslash
// before each of those and of its own kind: labels."app.kubernetes.io/name".
//
// Where an array stands at the path's end, each of its elements is meant.
func ParsePath(text string) (Path, error) {
	p := Path{text: text}
	rest := text
	for first := true; first || rest != ""; first = false {
		if len(p.steps) == maxSteps {
			return Path{}, fmt.Errorf("more than %d steps", maxSteps)
		}
		var s step
		var err error
		switch {
		case !first && rest[0] == '[':
			s, rest, err = cutIndex(rest)
		case !first && rest[0] != '.':
			err = fmt.Errorf("a dot is missing before %q", rest)
		default:
			s, rest, err = cutKey(strings.TrimPrefix(rest, dotUnless(first)))
		}
		if err != nil {
			return Path{}, err
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

// dotUnless is what stands before a key.
func dotUnless(first bool) string {
	if first {
		return ""
	}
	return "."
}

// cutKey reads the key at the start of text.
func cutKey(text string) (s step, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		return cutQuoted(text)
	}
	end := strings.IndexAny(text, `.[]"`)
	if end < 0 {
		end = len(text)
	}
	if end == 0 && text == "" {
		return step{}, "", errors.New("a key is missing at the end")
	}
	if end == 0 {
		return step{}, "", fmt.Errorf("a key is missing before %q", text)
	}
	return step{kind: toKey, key: text[:end]}, text[end:], nil
}

// cutQuoted reads a key in quotation marks.
func cutQuoted(text string) (s step, rest string, err error) {
	var key strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return step{kind: toKey, key: key.String()}, text[i+1:], nil
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		key.WriteByte(text[i])
	}
	return step{}, "", errors.New("a quotation mark is not closed")
}

// cutIndex reads the index in brackets at the start of text.
func cutIndex(text string) (s step, rest string, err error) {
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return step{}, "", errors.New("a bracket is not closed")
	}
	inside, rest := text[1:end], text[end+1:]
	if inside == "*" {
		return step{kind: toAny}, rest, nil
	}
	n, err := strconv.ParseUint(inside, 10, 31)
	if err != nil {
		return step{}, "", fmt.Errorf("%q in brackets is neither a number nor *: elements are counted from 0", inside)
	}
	return step{kind: toIndex, index: int(n)}, rest, nil
}

// String is the path as it was written.
func (p Path) String() string { return p.text }

// Keys are the keys on the path, without quotation marks. All of them stand in
// a line that has the field.
func (p Path) Keys() []string {
	var keys []string
	for _, s := range p.steps {
		if s.kind == toKey {
			keys = append(keys, s.key)
		}
	}
	return keys
}
