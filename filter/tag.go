package filter

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// kind says what a group's text must be.
type kind int

const (
	field   kind = iota // any text, kept under the group's name
	address             // an IPv4 or IPv6 address, or where accepts says so a host name
	skipped             // lines that don't belong to the match
	unnamed             // any text, for back-references alone
	cidr                // length of the prefix around the address
)

// family says which hosts an address group takes.
type family struct {
	v4, v6, dns bool
}

// group is what a capturing group means.
type group struct {
	kind kind
	name string // lower case, without "f-"
	// alt is the whole name of an ALT_ group, which fills name when no other
	// did; the candidates are asked in the order of their names.
	alt    string
	family family
	// before and after are the characters that the pattern itself spells out
	// around the group, 0 for none (see truncated).
	before, after byte
}

var (
	knownTag = regexp.MustCompile(`<(?:HOST|ADDR|IP4|IP6|DNS|CIDR|SUBNET|SKIPLINES|/?F-[A-Z0-9_]+/?)>`)
	// tagStart matches the same at the start of a text, with its parts.
	tagStart = regexp.MustCompile(`^<(?:(HOST|ADDR|IP4|IP6|DNS|CIDR|SUBNET|SKIPLINES)|F-([A-Z0-9_]+)(/?)|/F-([A-Z0-9_]+))>`)
	altName  = regexp.MustCompile(`^alt_(.+?)(?:_[0-9]+)?$`)
)

// tag expands a tag. Text in angle brackets that is none stands for itself.
func (t *translator) tag() error {
	m := tagStart.FindStringSubmatch(t.rest())
	switch {
	case m == nil:
		t.copy(1)
		return nil
	case m[1] == "SKIPLINES":
		return t.skipLines(len(m[0]))
	case m[1] != "":
		t.short(m[1], len(m[0]))
		return nil
	case m[4] != "":
		return t.closeTag(m[4], len(m[0]))
	case strings.HasPrefix(m[2], "TUPLE_"):
		return fmt.Errorf("%s is not supported: capture the parts under names of their own", m[0])
	case m[3] != "":
		return t.shortField(m[2], len(m[0]))
	default:
		g := ownGroup(strings.ToLower(m[2]), t.names)
		t.begin(opening{tag: "F-" + m[2], group: t.addGroup(g, tagName(m[2]))}, len(m[0]))
		return nil
	}
}

// skipLines expands <SKIPLINES>: the line's end, and any number of whole lines.
func (t *translator) skipLines(n int) error {
	if !t.lines {
		return errors.New("<SKIPLINES> stands between lines, but this pattern sees one: " +
			"set maxlines to the number of lines that failregex sees together")
	}
	defer t.forgetNumbers(len(t.numbers), 0)
	t.pos += n
	t.out.WriteString(`\n`)
	t.capture(group{kind: skipped}, `(?:.*\n)*?`)
	return nil
}

// closeTag closes <F-NAME>. Without its opening it is literal text, as in
// fail2ban.
func (t *translator) closeTag(name string, n int) error {
	tag := "F-" + name
	isOpen := false
	for _, o := range t.open {
		isOpen = isOpen || o.tag == tag
	}
	if !isOpen {
		t.copy(n)
		return nil
	}
	if last := t.open[len(t.open)-1]; last.tag != tag {
		between := "a parenthesis"
		if last.tag != "" {
			between = "<" + last.tag + ">"
		}
		return fmt.Errorf("</%s> closes <%[1]s> while %s in it is open: close that first", tag, between)
	}
	t.close()
	t.replace(n, ")")
	return nil
}

// short expands <HOST> and its kin; n is the tag's length.
func (t *translator) short(tag string, n int) {
	defer t.forgetNumbers(len(t.numbers), groupsOfTag(tag))
	before, after := literalBefore(t.src[:t.pos]), literalAfter(t.rest()[n:])
	host := group{kind: address, name: strings.ToLower(tag), before: before, after: after}
	t.pos += n
	switch tag {
	case "HOST":
		host.family = family{v4: true, v6: true, dns: t.names}
	case "ADDR", "SUBNET":
		host.family = family{v4: true, v6: true}
	case "IP4":
		host.family = family{v4: true}
	case "IP6":
		host.family = family{v6: true}
	case "DNS":
		host.family = family{dns: true}
	case "CIDR":
		t.capture(group{kind: cidr, name: "cidr"}, "[0-9]+")
		return
	}
	switch tag {
	case "HOST", "ADDR":
		t.out.WriteString(`\[?`)
		t.capture(host, t.hostExpr(host))
		t.out.WriteString(`\]?`)
	case "SUBNET":
		host.after = '/' // the length follows
		t.out.WriteString(`\[?`)
		t.capture(host, t.hostExpr(host))
		t.out.WriteString(`(?:/`)
		t.capture(group{kind: cidr, name: "cidr"}, "[0-9]+")
		t.out.WriteString(`)?\]?`)
	default:
		t.capture(host, t.hostExpr(host))
	}
}

// shortField expands <F-NAME/>.
func (t *translator) shortField(name string, n int) error {
	switch name {
	case "ID":
		t.pos += n
		t.capture(group{name: "id"}, `\S+`)
	case "PORT":
		t.pos += n
		t.capture(group{name: "port"}, `\w+`)
	case "HOST", "ADDR", "IP4", "IP6", "DNS", "CIDR", "SUBNET":
		t.short(name, n)
	default:
		return fmt.Errorf("<F-%s/> has no short form: write <F-%[1]s>…</F-%[1]s>", name)
	}
	return nil
}

// capture writes a whole group.
func (t *translator) capture(g group, expr string) {
	fmt.Fprintf(&t.out, "(?P<%s>%s)", groupName(t.addGroup(g, "")), expr)
}

// tagName is the name of the group that fail2ban makes of <F-TAG>.
func tagName(tag string) string {
	switch tag {
	case "ID", "PORT":
		return "f" + strings.ToLower(tag)
	}
	return strings.ToLower(tag)
}

// ownGroup is the meaning of a group whose expression is the user's own; names
// lets a host be a name.
func ownGroup(name string, names bool) group {
	switch name {
	case "host":
		return group{kind: address, name: name, family: family{v4: true, v6: true, dns: names}}
	case "addr", "subnet":
		return group{kind: address, name: name, family: family{v4: true, v6: true}}
	case "ip4":
		return group{kind: address, name: name, family: family{v4: true}}
	case "ip6":
		return group{kind: address, name: name, family: family{v6: true}}
	case "dns":
		return group{kind: address, name: name, family: family{dns: true}}
	case "cidr":
		return group{kind: cidr, name: name}
	case "fid":
		return group{name: "id"}
	case "fport":
		return group{name: "port"}
	}
	if m := altName.FindStringSubmatch(name); m != nil {
		return group{name: m[1], alt: name}
	}
	return group{name: name}
}

// hostExpr is the expression of an address tag. It takes whatever has an
// address's form, as much of it as there is: what is captured is checked afterwards, and
// a form that was too tight would find an address within a longer number.
func (t *translator) hostExpr(g group) string {
	if t.loose {
		return `\S+`
	}
	// Within a word no address begins or ends, unless the pattern says what the
	// word's rest is. This keeps ".*<ADDR>" from eating an address's first digits.
	left, right := `\b`, `\b`
	if wordByte(g.before) {
		left = ""
	}
	if wordByte(g.after) {
		right = ""
	}
	const quad = `[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+`
	hex := `[0-9A-Fa-f]+`
	if t.fail2ban {
		// Its patterns have <HOST>(:\d+)? for 2001:db8::1:58106, and count on 58106 being too long.
		hex = `[0-9A-Fa-f]{1,4}`
	}
	v4 := left + quad + right
	v6 := `(?:` + left + hex + `(?::` + hex + `)*)?::(?:(?:` + hex + `:)*(?:` + quad + `|` + hex + `)` + right + `)?` +
		`|` + left + `(?:` + hex + `:){6}(?:` + hex + `:` + hex + `|` + quad + `)` + right
	mapped := `(?:::[Ff]{4}:)?`
	dns := left + `[0-9A-Za-z_.-]*[0-9A-Za-z_]` + right
	switch {
	case g.family.dns && g.family.v6:
		return v6 + `|` + dns // which takes IPv4 as well
	case g.family.dns:
		return dns
	case g.family.v4 && g.family.v6:
		return v6 + `|` + v4
	case g.family.v6:
		return v6
	default:
		return mapped + v4
	}
}

// groupStart matches the opening of a group at the end of a text.
var groupStart = regexp.MustCompile(`\((?:\?[A-Za-z-]*:|\?P?<\w+>)?$`)

// literalBefore is the character that the pattern spells out directly before
// its end, before any opening parentheses, 0 if that is something else.
func literalBefore(src string) byte {
	for {
		start := groupStart.FindStringIndex(src)
		if start == nil || escapedAt(src, start[0]) {
			break
		}
		src = src[:start[0]]
	}
	if src == "" {
		return 0
	}
	return literalByte(src[len(src)-1], escapedAt(src, len(src)-1))
}

// escapedAt says whether a backslash takes src[i]'s meaning away.
func escapedAt(src string, i int) bool {
	n := 0
	for i-n > 0 && src[i-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// literalAfter is the character that the pattern spells out at its start,
// behind any parentheses, 0 if that is something else.
func literalAfter(src string) byte {
	for {
		rest := src
		switch {
		case strings.HasPrefix(src, ")"):
			rest = strings.TrimLeft(src[1:], "?*+")
		case strings.HasPrefix(src, "(?:"):
			rest = src[3:]
		case strings.HasPrefix(src, "(") && !strings.HasPrefix(src, "(?"):
			rest = src[1:]
		}
		if rest == src {
			break
		}
		src = rest
	}
	switch {
	case len(src) > 1 && src[0] == '\\':
		return literalByte(src[1], true)
	case src != "":
		return literalByte(src[0], false)
	}
	return 0
}

// literalByte is c where it stands for itself.
func literalByte(c byte, escaped bool) byte {
	special := strings.IndexByte(`\.+*?()|[]{}^$<`, c) >= 0
	if c >= 0x80 || escaped && wordByte(c) || !escaped && special {
		return 0
	}
	return c
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
