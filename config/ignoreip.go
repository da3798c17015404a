package config

import (
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gaol/jail"
)

// ignoreForm is what an error says of the form.
const ignoreForm = `an address, a prefix, a host name, "file:/PATH", "command:/PATH" or "https://…"`

// hostName is a name as RFC 1123 section 2.1 has it; underscores are met in practice.
var hostName = regexp.MustCompile(`^(?i:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.(?i:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?))*\.?$`)

// ignoreIPs checks the entries of ignoreip or trusted.
func (c *checker) ignoreIPs(n *node) []string {
	members, _ := c.members(n, "a list of addresses, such as "+`["127.0.0.0/8", "::1"]`)
	entries := make([]string, 0, len(members))
	for _, m := range members {
		s, ok := c.text(m, ignoreForm)
		if !ok {
			continue
		}
		entry, hint, ok := ignoreEntry(s)
		if !ok {
			c.wrongValue(m, ignoreForm, hint)
			continue
		}
		entries = append(entries, entry)
	}
	return entries
}

// ignoreEntry checks one entry. An IPv4 net mask is rewritten as a length; for
// everything else the text stays.
func ignoreEntry(s string) (entry, hint string, ok bool) {
	if path, isFile := strings.CutPrefix(s, "file:"); isFile {
		return s, "the path must be absolute", filepath.IsAbs(path)
	}
	if strings.HasPrefix(s, "command:") || strings.HasPrefix(s, "https:") || strings.HasPrefix(s, "http:") {
		if err := jail.CheckEntry(s); err != nil {
			return "", strings.TrimPrefix(err.Error(), strconv.Quote(s)+": "), false
		}
		return s, "", true
	}
	if fields := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' }); len(fields) > 1 {
		return "", `write a list: ["` + strings.Join(fields, `", "`) + `"]`, false
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return s, "leave the zone out", addr.Zone() == ""
	}
	if base, length, isPrefix := strings.Cut(s, "/"); isPrefix {
		return ignorePrefix(s, base, length)
	}
	// What looks like an address but is none would otherwise be a host name that
	// never resolves, and the address it was meant for would be banned.
	if strings.Contains(s, ":") || strings.Trim(s, "0123456789.") == "" {
		return "", "", false
	}
	return s, "", len(s) <= 253 && hostName.MatchString(s)
}

func ignorePrefix(s, base, length string) (entry, hint string, ok bool) {
	if _, err := netip.ParsePrefix(s); err == nil {
		return s, "", true
	}
	addr, err := netip.ParseAddr(base)
	if err != nil {
		return "", "", false
	}
	mask, err := netip.ParseAddr(length)
	if err != nil || !addr.Is4() || !mask.Is4() {
		return "", "a length is from 0 to " + strconv.Itoa(addr.BitLen()), false
	}
	for bits := 0; bits <= 32; bits++ {
		if p := netip.PrefixFrom(netip.IPv4Unspecified(), bits); maskOf(p) == mask {
			return base + "/" + strconv.Itoa(bits), "", true
		}
	}
	return "", "the mask has a gap", false
}

// maskOf writes the length of an IPv4 prefix as a mask.
func maskOf(p netip.Prefix) netip.Addr {
	m := ^uint32(0) << (32 - p.Bits())
	return netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)})
}
