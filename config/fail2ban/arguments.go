package fail2ban

import (
	"fmt"
	"strings"
)

// Argument is one of those behind a filter's name: mode=aggressive in "sshd[mode=aggressive]".
type Argument struct {
	Name, Value string
}

// SplitName takes the arguments off a filter's name or path: there may be several brackets, and values in
// quotation marks, which may then hold anything: name[a=1, b="x, y"][c='z'].
func SplitName(text string) (name string, arguments []Argument, err error) {
	name, rest, ok := strings.Cut(text, "[")
	if !ok {
		return text, nil, nil
	}
	for rest = "[" + rest; rest != ""; {
		var more []Argument
		if more, rest, err = bracket(rest); err != nil {
			return "", nil, fmt.Errorf("reading the arguments of %s: %w: write %s[NAME=VALUE, …]", name, err, name)
		}
		arguments = append(arguments, more...)
	}
	return name, arguments, nil
}

// bracket reads one [name=value, …] and returns what comes behind it.
func bracket(text string) (arguments []Argument, rest string, err error) {
	rest, ok := strings.CutPrefix(text, "[")
	if !ok {
		return nil, "", fmt.Errorf("found %s behind the bracket", quote(text))
	}
	for {
		rest = strings.TrimLeft(rest, " \t\n,")
		if after, ok := strings.CutPrefix(rest, "]"); ok {
			return arguments, strings.TrimSpace(after), nil
		}
		end := strings.IndexAny(rest, "=,]")
		if end < 0 || rest[end] != '=' || strings.TrimSpace(rest[:end]) == "" {
			return nil, "", fmt.Errorf("found %s, expected NAME=VALUE", quote(rest))
		}
		a := Argument{Name: strings.ToLower(strings.TrimSpace(rest[:end]))}
		if strings.HasSuffix(a.Name, "?family") { // blocktype?family=inet6="DROP"
			more := strings.IndexAny(rest[end+1:], "=,]")
			if more < 0 || rest[end+1+more] != '=' {
				return nil, "", fmt.Errorf("found %s, expected NAME?family=FAMILY=VALUE", quote(rest))
			}
			a.Name += rest[end : end+1+more]
			end += 1 + more
		}
		if a.Value, rest, err = argumentValue(strings.TrimLeft(rest[end+1:], " \t")); err != nil {
			return nil, "", err
		}
		arguments = append(arguments, a)
	}
}

// argumentValue reads a value, up to the comma or bracket behind it.
func argumentValue(text string) (value, rest string, err error) {
	if text != "" && (text[0] == '"' || text[0] == '\'') {
		end := strings.IndexByte(text[1:], text[0])
		if end < 0 {
			return "", "", fmt.Errorf("the quotation mark before %s is not closed", quote(text[1:]))
		}
		return text[1 : 1+end], text[end+2:], nil
	}
	end := strings.IndexAny(text, ",]")
	if end < 0 {
		return "", "", fmt.Errorf("the bracket is not closed behind %s", quote(text))
	}
	return strings.TrimSpace(text[:end]), text[end:], nil
}
