package config

import (
	"errors"
	"fmt"
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

func (c *checker) add(p Problem) { c.problems = append(c.problems, p) }

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
	expected := durationForm
	var d time.Duration
	switch v := n.value.(type) {
	case int64:
		if v == -1 {
			d = Forever
		} else if v < 0 || v > int64(high/time.Second) {
			d = high + 1
		} else {
			d = time.Duration(v) * time.Second
		}
	case string:
		var err error
		if d, err = ParseDuration(v); err != nil {
			if forever {
				expected += `, or "forever"`
			}
			c.wrongValue(n, expected, "")
			return 0, false
		}
	default:
		c.wrongType(n, expected)
		return 0, false
	}
	if forever && d == Forever {
		return d, true
	}
	if d < low || d > high {
		expected = fmt.Sprintf("a duration from %s to %s", FormatDuration(low), FormatDuration(high))
		if forever {
			expected += `, or "forever"`
		}
		c.wrongValue(n, expected, "")
		return 0, false
	}
	return d, true
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
