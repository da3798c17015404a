package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"time"
)

// checker turns nodes into values and collects what is wrong with them.
type checker struct {
	// jail is whose table is read, "" for all others.
	jail       string
	lookupPort func(network, service string) (int, error)
	library    *library
	problems   []Problem
	// secretive says that the lines being read may hold secrets.
	secretive bool
}

// at is a problem at n, to be given words. What stands in [default] is no
// one jail's fault.
func (c *checker) at(n *node) Problem {
	p := n.problem()
	p.Jail = c.jail
	if p.Table == defaultTable || strings.HasPrefix(p.Table, defaultTable+".") {
		p.Jail = ""
	}
	return p
}

func (c *checker) add(p Problem) {
	if c.secretive {
		p.Source = hideAssigned(p.Source, mayBeSecret)
	}
	c.problems = append(c.problems, p)
}

// addError reports that a file of the library can't be used. Such errors are Problems already.
func (c *checker) addError(err error) {
	p, ok := errors.AsType[Problem](err)
	if !ok {
		p = Problem{File: c.library.dir, Err: err}
	}
	p.Jail = c.jail
	c.add(p)
}

// wrongType reports that n is not what was expected.
func (c *checker) wrongType(n *node, expected string) {
	p := c.at(n)
	p.Found, p.Expected = n.describe(), expected
	c.add(p)
}

// wrongValue reports that the text or number of n does not mean anything here.
func (c *checker) wrongValue(n *node, expected, hint string) {
	p := c.at(n)
	p.Found, p.Expected, p.Hint = n.describe(), expected, hint
	if s, ok := n.value.(string); ok {
		p.Found = quoteShort(s)
	}
	c.add(p)
}

// wrongName reports a name that is not one of known.
func (c *checker) wrongName(n *node, expected string, known []string) {
	p := c.at(n)
	name, _ := n.value.(string)
	p.Found, p.Expected, p.Nearest = quoteShort(name), expected, nearest(name, known)
	c.add(p)
}

func (c *checker) text(n *node, expected string) (string, bool) {
	s, ok := n.value.(string)
	switch {
	case !ok:
		c.wrongType(n, expected)
	case strings.ContainsRune(s, 0):
		c.wrongValue(n, "text without NUL", "")
		return "", false
	}
	return s, ok
}

func (c *checker) truth(n *node) (bool, bool) {
	v, ok := n.value.(bool)
	if ok {
		return v, true
	}
	p := c.at(n)
	p.Found, p.Expected = n.describe(), "true or false"
	if _, isText := n.value.(string); isText {
		p.Hint = "without quotes"
	}
	c.add(p)
	return false, false
}

func (c *checker) whole(n *node, low, high int) (int, bool) {
	expected := fmt.Sprintf("a whole number from %d to %d", low, high)
	v, ok := n.value.(int64)
	switch {
	case !ok:
		c.wrongType(n, expected)
		return 0, false
	case v < int64(low) || v > int64(high):
		c.wrongValue(n, expected, "")
		return 0, false
	}
	return int(v), true
}

// duration reads a number of seconds or a text. forever says whether Forever is allowed.
func (c *checker) duration(n *node, low, high time.Duration, forever bool) (time.Duration, bool) {
	form, between := durationForm, fmt.Sprintf("a duration from %s to %s", FormatDuration(low), FormatDuration(high))
	if forever {
		form += `, or "forever"`
		between += `, or "forever"`
	}
	d, err := durationOf(n)
	switch {
	case errors.Is(err, errNoDuration):
		c.wrongType(n, form)
	case err != nil && !errors.Is(err, errTooLong):
		c.wrongValue(n, form, "")
	case err == nil && forever && d == Forever:
		return d, true
	case err != nil || d < low || d > high:
		c.wrongValue(n, between, "")
	default:
		return d, true
	}
	return 0, false
}

// errNoDuration says that a value is neither a number nor a text.
var errNoDuration = errors.New("not a duration")

func durationOf(n *node) (time.Duration, error) {
	switch v := n.value.(type) {
	case string:
		return ParseDuration(v)
	case int64:
		if v > int64(math.MaxInt64/time.Second) {
			return 0, errTooLong
		}
		if v == -1 {
			return Forever, nil
		}
		return time.Duration(max(v, 0)) * time.Second, nil
	}
	return 0, errNoDuration
}

// members are those of a list, or n itself where a list of one is written without brackets.
func (c *checker) members(n *node, expected string) ([]*node, bool) {
	switch n.kind {
	case list:
		return n.list, true
	case scalar:
		return []*node{n}, true
	}
	c.wrongType(n, expected)
	return nil, false
}

// texts reads a list of texts, or a single one.
func (c *checker) texts(n *node, expected string) []string {
	members, _ := c.members(n, expected)
	texts := make([]string, 0, len(members))
	for _, m := range members {
		if s, ok := c.text(m, expected); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// choice reads one of a few words.
func (c *checker) choice(n *node, words []string) (string, bool) {
	expected := oneOf(words)
	s, ok := c.text(n, expected)
	if ok && !slices.Contains(words, s) {
		c.wrongName(n, expected, words)
		return "", false
	}
	return s, ok
}

// oneOf writes words as they stand in a file: "a", "b" or "c".
func oneOf(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = `"` + w + `"`
	}
	return join(quoted)
}

// listen checks the address of a listener, host and port.
func (c *checker) listen(n *node) (string, bool) {
	const expected = `an address with its port, such as "127.0.0.1:7413"`
	s, ok := c.text(n, expected)
	if !ok || s == "" {
		return s, ok
	}
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = portNumber(port)
	}
	if err != nil {
		c.wrongValue(n, expected, "")
		return "", false
	}
	return s, true
}
