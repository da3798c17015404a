package jail

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"gaol/jail/fetch"
)

// maxQuoted is how much of an entry that is none is shown: it may be anything.
const maxQuoted = 80

// ignoreEntry is one entry of ignoreip or trusted: a prefix, or where others are to be had.
type ignoreEntry struct {
	prefix     netip.Prefix
	file, host string
	command    []string
	url        *url.URL
}

// CheckEntry says what is wrong with an entry of ignoreip or trusted.
func CheckEntry(text string) error {
	_, err := parseEntry(text)
	return err
}

func parseEntry(text string) (ignoreEntry, error) {
	text = strings.TrimSpace(text)
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		if path == "" {
			return ignoreEntry{}, fmt.Errorf("%q: the file's path is missing", text)
		}
		return ignoreEntry{file: path}, nil
	}
	if line, ok := strings.CutPrefix(text, "command:"); ok {
		return parseCommand(line)
	}
	if strings.HasPrefix(text, "https:") || strings.HasPrefix(text, "http:") {
		u, err := url.Parse(text)
		if err != nil {
			return ignoreEntry{}, err
		}
		return ignoreEntry{url: u}, fetch.CheckURL(u)
	}
	prefix, err := parsePrefix(text)
	if err == nil {
		return ignoreEntry{prefix: prefix}, nil
	}
	if isHostName(text) {
		return ignoreEntry{host: text}, nil
	}
	return ignoreEntry{}, err
}

// parseCommand reads a program and its arguments, with blanks between them. There is no shell that
// would understand more.
func parseCommand(line string) (ignoreEntry, error) {
	argv := strings.Fields(line)
	switch {
	case len(argv) == 0 || !filepath.IsAbs(argv[0]):
		return ignoreEntry{}, fmt.Errorf("%q: the program's absolute path is missing", "command:"+line)
	case strings.ContainsAny(line, "\"'`\\$|&;<>*?"):
		return ignoreEntry{}, fmt.Errorf("%q: no shell reads this: put what needs one into a script", "command:"+line)
	}
	return ignoreEntry{command: argv}, nil
}

// parsePrefix reads an address, ADDRESS/LENGTH or ADDRESS/MASK. Host bits are cleared,
// mapped IPv4 is IPv4.
func parsePrefix(text string) (netip.Prefix, error) {
	addrText, lengthText, hasLength := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(addrText)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q: neither an address nor a network", cut(text, maxQuoted))
	}
	if !hasLength {
		return unmap(netip.PrefixFrom(addr, addr.BitLen())), nil
	}
	if mask, err := netip.ParseAddr(lengthText); err == nil {
		return maskedPrefix(text, addr, mask)
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q: %q is no prefix length of it", cut(text, maxQuoted), cut(lengthText, maxQuoted))
	}
	return unmap(prefix).Masked(), nil
}

// maskedPrefix reads a network mask, which must be ones followed by zeros.
func maskedPrefix(text string, addr, mask netip.Addr) (netip.Prefix, error) {
	if addr.BitLen() != mask.BitLen() || mask.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q: address and mask are of different families", text)
	}
	ones, ended := 0, false
	for _, b := range mask.AsSlice() {
		for bit := 7; bit >= 0; bit-- {
			set := b>>bit&1 == 1
			if set && ended {
				return netip.Prefix{}, fmt.Errorf("%q: the mask has gaps", text)
			}
			if set {
				ones++
			}
			ended = ended || !set
		}
	}
	return unmap(netip.PrefixFrom(addr, ones)).Masked(), nil
}

// isHostName says whether text can be a host's name (RFC 1123 section 2.1, with the underscore
// that is in use). A name whose last label is a number is a mistyped address (RFC 3696
// section 2).
func isHostName(text string) bool {
	text = strings.TrimSuffix(text, ".")
	if text == "" || len(text) > 253 {
		return false
	}
	labels := strings.Split(text, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		c := label[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}
