package config

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// key is one key of the language, of a table that fills a T. The reader, the
// suggestions for unknown keys, the built-in defaults and the reference all come
// from these.
type key[T any] struct {
	name string
	// def is the default in TOML, "" for none.
	def string
	// doc is for users: what the key does.
	doc   string
	scope scope
	value[T]
}

// scope says in which of the tables of a jail's layers a key may stand.
type scope int

const (
	ofJail    scope = iota // in [jail.NAME] alone
	ofDefault              // in [default] too
	ofStock                // in a stock jail file alone
	ofBoth                 // in [jail.NAME] and in a stock jail file
	ofAll                  // in all three
)

// value is a type of values: typ is its name for users, set checks a node
// and stores what it says.
type value[T any] struct {
	typ string
	set func(c *checker, to *T, n *node)
}

// readKeys reads the table n: what its keys say goes to to, unknown ones are reported.
func readKeys[T any](c *checker, n *node, keys []key[T], to *T) {
	if n.kind != table {
		c.wrongType(n, "a table")
		return
	}
	c.unknownKeys(n, names(keys))
	setKeys(c, n, keys, to)
}

// setKeys reads the keys that are known. Their order is that of keys, so that the same
// file always gives the same problems.
func setKeys[T any](c *checker, n *node, keys []key[T], to *T) {
	for _, k := range keys {
		if member := n.table[k.name]; member != nil {
			k.set(c, to, member)
		}
	}
}

func names[T any](keys []key[T]) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return names
}

// pick gives the keys of the scopes.
func pick[T any](keys []key[T], scopes ...scope) []key[T] {
	return slices.DeleteFunc(slices.Clone(keys), func(k key[T]) bool { return !slices.Contains(scopes, k.scope) })
}

// unknownKeys reports what is in the table n and not known there.
func (c *checker) unknownKeys(n *node, known []string) {
	for _, name := range slices.Sorted(maps.Keys(n.table)) {
		if slices.Contains(known, name) {
			continue
		}
		p := c.at(n.table[name])
		if c.jail != "" && p.Jail == "" {
			continue // it stands in [default], and is reported there
		}
		p.What, p.Key = fmt.Sprintf("unknown key %q", name), ""
		p.Nearest, p.Hint = suggest(name, n, known)
		c.add(p)
	}
}

func boolean[T any](at func(*T) *bool) value[T] {
	return value[T]{"true or false", func(c *checker, to *T, n *node) {
		if v, ok := c.truth(n); ok {
			*at(to) = v
		}
	}}
}

func whole[T any](low, high int, at func(*T) *int) value[T] {
	return value[T]{fmt.Sprintf("whole number, %d to %d", low, high), func(c *checker, to *T, n *node) {
		if v, ok := c.whole(n, low, high); ok {
			*at(to) = v
		}
	}}
}

func duration[T any](low, high time.Duration, at func(*T) *time.Duration) value[T] {
	typ := fmt.Sprintf("duration, %s to %s", FormatDuration(low), FormatDuration(high))
	return value[T]{typ, func(c *checker, to *T, n *node) {
		if v, ok := c.duration(n, low, high, false); ok {
			*at(to) = v
		}
	}}
}

func durationOrForever[T any](low, high time.Duration, at func(*T) *time.Duration) value[T] {
	typ := fmt.Sprintf(`duration, %s to %s, or "forever"`, FormatDuration(low), FormatDuration(high))
	return value[T]{typ, func(c *checker, to *T, n *node) {
		if v, ok := c.duration(n, low, high, true); ok {
			*at(to) = v
		}
	}}
}

func text[T any](at func(*T) *string) value[T] {
	return value[T]{"text", func(c *checker, to *T, n *node) {
		if v, ok := c.text(n, "text"); ok {
			*at(to) = v
		}
	}}
}

func texts[T any](typ, expected string, at func(*T) *[]string) value[T] {
	return value[T]{typ, func(c *checker, to *T, n *node) { *at(to) = c.texts(n, expected) }}
}

func choice[T any](words []string, set func(*T, string)) value[T] {
	return value[T]{oneOf(words), func(c *checker, to *T, n *node) {
		if v, ok := c.choice(n, words); ok {
			set(to, v)
		}
	}}
}
