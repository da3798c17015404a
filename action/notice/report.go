package notice

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"gaol/jail"
)

// widestReported is the shortest IPv6 prefix of which a single address is reported: that of a site
// (RFC 6177).
const widestReported = 56

// Address is the one address that a ban is about, for those who take reports of addresses alone. Of an IPv6
// prefix it is the one that its lines name. Where they name several, and for wider prefixes, there is none: a
// stranger could have written a neighbour's address into the line.
func Address(b jail.Ban) (netip.Addr, bool) {
	if b.ID != "" || !b.Prefix.IsValid() {
		return netip.Addr{}, false
	}
	if b.Prefix.IsSingleIP() {
		return b.Prefix.Addr().Unmap(), true
	}
	if b.Prefix.Addr().Is4() || b.Prefix.Bits() < widestReported {
		return netip.Addr{}, false
	}
	var found []netip.Addr
	for _, line := range b.Lines {
		for _, text := range addressLike.FindAllString(line, -1) {
			if a, err := netip.ParseAddr(text); err == nil && b.Prefix.Contains(a) && !slices.Contains(found, a) {
				found = append(found, a)
			}
		}
	}
	if len(found) != 1 {
		return netip.Addr{}, false
	}
	return found[0], true
}

// Reportable says whether an event may be reported to a third party: a jail has banned an address of the
// public Internet for what it did.
func Reportable(e Event) bool {
	a, ok := Address(e.Ban)
	return ok && e.What == Ban && e.Ban.By != "hand" && e.Ban.Failures > 0 && isPublic(a)
}

// isPublic says whether an address can be somebody's on the Internet.
func isPublic(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !sharedSpace.Contains(a)
}

// sharedSpace is between providers and their customers (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

var (
	// addressLike is whatever may be an address; netip decides.
	addressLike = regexp.MustCompile(`\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f.:]*[0-9A-Fa-f:]`)
	// mailLike is a mail address, userLike a word behind one that says it is an account.
	mailLike = regexp.MustCompile(`[^\s<>"'=:,;()]+@[^\s<>"'=,;()]+`)
	userLike = regexp.MustCompile(`(?i)((?:\b(?:user|username|login|account)[=:]\s*|\b(?:user|for) )["'<\[]?)([^\s"'<>,;\]]+)`)
)

// Mask returns the lines of a ban for a third party: of addresses only the banned one is left, account
// names and mail addresses are taken out, and so are own, which are names of this host and others that are
// nobody's business.
func Mask(b jail.Ban, own []string) []string {
	hide := slices.DeleteFunc(slices.Concat(own, []string{b.User}), func(s string) bool { return strings.TrimSpace(s) == "" })
	slices.SortFunc(hide, func(a, b string) int { return len(b) - len(a) })
	lines := make([]string, len(b.Lines))
	for i, line := range b.Lines {
		line = addressLike.ReplaceAllStringFunc(line, func(text string) string {
			a, err := netip.ParseAddr(text)
			if err != nil || b.Prefix.Contains(a.Unmap()) {
				return text
			}
			return "[address]"
		})
		line = mailLike.ReplaceAllString(line, "[account]")
		line = userLike.ReplaceAllStringFunc(line, func(found string) string {
			part := userLike.FindStringSubmatch(found)
			if slices.Contains([]string{"invalid", "illegal", "user", "from"}, part[2]) {
				return found // "for invalid user root"
			}
			return part[1] + "[account]"
		})
		for _, s := range hide {
			line = replaceWord(line, s, "[hidden]")
		}
		lines[i] = line
	}
	return lines
}

// replaceWord replaces word, in whatever case, where it is no part of a longer one.
func replaceWord(line, word, by string) string {
	var b strings.Builder
	lower, word := strings.ToLower(line), strings.ToLower(word)
	if len(lower) != len(line) { // characters whose lower case is longer: then only as they stand
		lower = line
	}
	for {
		at := strings.Index(lower, word)
		if at < 0 {
			b.WriteString(line)
			return b.String()
		}
		end := at + len(word)
		whole := (at == 0 || !isWordByte(lower[at-1])) && (end == len(lower) || !isWordByte(lower[end]))
		if whole {
			b.WriteString(line[:at] + by)
		} else {
			b.WriteString(line[:end])
		}
		line, lower = line[end:], lower[end:]
	}
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80
}
