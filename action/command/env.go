package command

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gaol/jail"
)

// maxLines is the most that GAOL_LINES holds, in bytes. A single variable of more than
// 128 KiB (MAX_ARG_STRLEN, execve(2)) would keep the program from starting at all.
const maxLines = 64 << 10

// maxText is the most that any other text of a stranger's holds.
const maxText = 4 << 10

// passedOn are the variables of gaol's own environment that programs see.
func passedOn() []string { return []string{"PATH", "HOME", "LANG"} }

// env is the environment of a program that is run for no particular ban.
func (c *Command) env(what string) []string {
	var env []string
	for _, name := range passedOn() {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, "GAOL_ACTION="+what, "GAOL_JAIL="+clean(c.opts.Jail, false, maxText))
}

// banEnv is the environment of a program that is run for b.
func (c *Command) banEnv(what string, b jail.Ban) []string {
	ip, prefix, family := "", "", ""
	if b.ID == "" && b.Prefix.IsValid() {
		ip, prefix, family = b.Target(), b.Prefix.String(), "inet6"
		if b.Prefix.Addr().Is4() {
			family = "inet4"
		}
	}
	end, length := "", "-1"
	if !b.Forever() {
		end = strconv.FormatInt(b.End.Unix(), 10)
		length = strconv.FormatInt(int64(b.End.Sub(b.Start).Seconds()), 10)
	}
	return append(c.env(what),
		"GAOL_IP="+ip,
		"GAOL_PREFIX="+prefix,
		"GAOL_FAMILY="+family,
		"GAOL_ID="+clean(b.ID, false, maxText),
		"GAOL_USER="+clean(b.User, false, maxText),
		"GAOL_START="+strconv.FormatInt(b.Start.Unix(), 10),
		"GAOL_END="+end,
		"GAOL_BANTIME="+length,
		"GAOL_COUNT="+strconv.Itoa(b.Count),
		"GAOL_FAILURES="+strconv.Itoa(b.Failures),
		"GAOL_LINES="+clean(joinLast(b.Lines), true, maxLines),
	)
}

// joinLast joins the last of lines, as many as can be of use.
func joinLast(lines []string) string {
	first, size := len(lines), 0
	for first > 0 && size <= maxLines {
		first--
		size += len(lines[first]) + 1
	}
	return strings.Join(lines[first:], "\n")
}

// clean makes a stranger's text fit for a variable: its last longest bytes, valid UTF-8,
// without control characters (a NUL would end it, an escape sequence would
// reach a terminal), apart from the line feeds between lines.
func clean(text string, lines bool, longest int) string {
	if len(text) > longest {
		text = text[len(text)-longest:]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case r == 0:
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r // an invalid byte arrives, and leaves, as U+FFFD
	}, text)
	// Three bytes of U+FFFD for one that is invalid may have made it longer.
	if len(text) > longest {
		text = strings.ToValidUTF8(text[len(text)-longest:], "")
	}
	return text
}

// heldByStart are the bans in force, the oldest first.
func (c *Command) heldByStart() []jail.Ban {
	return slices.SortedFunc(maps.Values(c.held), func(a, b jail.Ban) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Target(), b.Target()))
	})
}
