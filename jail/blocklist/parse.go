package blocklist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Format says where in a line an entry stands.
type Format struct {
	// Column is the field that has it, from 1 on, of a table whose fields Separator parts; 0: the line
	// begins with it.
	Column int
	// Separator is one byte; 0: a comma.
	Separator byte
}

// Limits bound what is taken.
type Limits struct {
	// Bytes are read at most, unpacked ones if the list is packed.
	Bytes int64
	// Entries are taken at most.
	Entries int
}

// Parsed is what a list says.
type Parsed struct {
	// Prefixes are what is to be refused: in order, apart from each other, as few as hold it all.
	Prefixes []netip.Prefix
	// Entries is how many were read, with those that are left out.
	Entries int
	// Faults lines have something else than an entry, Fault is the first.
	Faults int
	Fault  string
	// Wide entries are wider than MaxIPv4 or MaxIPv6, Reserved ones are, or hold, networks that are never refused.
	Wide, Reserved int
	// lines is how many were not empty.
	lines int
}

const (
	// MaxIPv4 and MaxIPv6 are the shortest lengths of prefixes that are taken from a list. What is wider is
	// a slip, or an ill will.
	MaxIPv4, MaxIPv6 = 8, 16

	// maxLine is the longest line; longer ones end the reading.
	maxLine = 64 << 10
	// maxQuoted is how much of a line that is none is shown.
	maxQuoted = 60
)

// Parse reads a list: an address, prefix ("192.0.2.0/24") or range ("192.0.2.1-192.0.2.9") a line, whatever else
// follows it there, "#", ";" and "//" before comments; or the column of a table. It may be packed by gzip. Time and memory are
// linear in what is read.
//
// The error says why nothing of it is to be taken. Faults alone don't: see [Parsed].
func Parse(r io.Reader, f Format, limits Limits) (Parsed, error) {
	text, err := unpack(&bounded{r: r, left: limits.Bytes})
	if err != nil {
		return Parsed{}, err
	}
	p := parser{format: f, limits: limits}
	if p.format.Separator == 0 {
		p.format.Separator = ','
	}
	lines := bufio.NewScanner(&bounded{r: text, left: limits.Bytes})
	lines.Buffer(nil, maxLine)
	number := 0
	for lines.Scan() {
		number++
		if err := p.line(lines.Bytes(), number); err != nil {
			return Parsed{}, err
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("line %d has more than %d KiB: it is no list", number+1, maxLine>>10)
		}
		return Parsed{}, err
	}
	p.Prefixes = Merge(p.Prefixes)
	return p.Parsed, nil
}

// unpack reads what is packed, and all else as it is.
func unpack(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	magic, _ := buffered.Peek(2)
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) { // RFC 1952 section 2.3.1
		return buffered, nil
	}
	packed, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("unpacking it: %w", err)
	}
	return packed, nil
}

// bounded fails where more than left bytes are read.
type bounded struct {
	r    io.Reader
	left int64
	read int64
}

func (b *bounded) Read(buf []byte) (int, error) {
	n, err := b.r.Read(buf)
	b.read += int64(n)
	if b.read > b.left {
		return 0, fmt.Errorf("it has more than %d bytes: raise blocklistsize if that is meant", b.left)
	}
	return n, err
}

type parser struct {
	Parsed
	format Format
	limits Limits
}

// line reads one line. Only the limit is an error.
func (p *parser) line(line []byte, number int) error {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff")))
	if len(line) == 0 {
		return nil
	}
	p.lines++
	if line[0] == '#' || line[0] == ';' || bytes.HasPrefix(line, []byte("//")) {
		return nil
	}
	entry := p.entry(line)
	prefixes, err := parseEntry(entry)
	if err != nil {
		// The first line of a table mostly names its columns.
		if p.format.Column > 0 && p.Entries+p.Faults == 0 {
			p.format.Column = -p.format.Column // which says that it was seen
			return nil
		}
		p.Faults++
		if p.Fault == "" {
			p.Fault = fmt.Sprintf("line %d: %q is neither an address nor a network", number, shorten(entry))
		}
		return nil
	}
	p.Entries++
	return p.take(prefixes)
}

// entry is the part of a line in which an entry should stand.
func (p *parser) entry(line []byte) string {
	if column := max(p.format.Column, -p.format.Column); column > 0 {
		return string(field(line, p.format.Separator, column))
	}
	end := bytes.IndexAny(line, " \t,;#|")
	if end < 0 {
		return string(line)
	}
	// A range may have blanks around its dash.
	if first, rest, ok := bytes.Cut(line, []byte(" - ")); ok && len(bytes.TrimSpace(first)) <= end {
		if stop := bytes.IndexAny(rest, " \t,;#|"); stop >= 0 {
			rest = rest[:stop]
		}
		return string(bytes.TrimSpace(first)) + "-" + string(rest)
	}
	return string(line[:end])
}

// field is the column of a line, without its quotes (RFC 4180); of too short a line, nothing.
func field(line []byte, separator byte, column int) []byte {
	quoted, start := false, 0
	for i := 0; i <= len(line); i++ {
		switch {
		case i < len(line) && line[i] == '"':
			quoted = !quoted
		case i == len(line) || line[i] == separator && !quoted:
			if column--; column == 0 {
				return bytes.TrimSpace(bytes.Trim(bytes.TrimSpace(line[start:i]), `"`))
			}
			start = i + 1
		}
	}
	return nil
}

// take adds the prefixes of an entry, but for those that are never refused as a whole; see [Outside] for those in part.
func (p *parser) take(prefixes []netip.Prefix) error {
	wide, reserved := false, false
	for _, prefix := range prefixes {
		if prefix.Bits() < narrowest(prefix) {
			wide = true
			continue
		}
		if _, overlaps := (reservedNetworks{}).Overlaps(prefix); overlaps {
			reserved = true
		}
		if _, holds := (reservedNetworks{}).Holds(prefix); holds {
			continue
		}
		p.Prefixes = append(p.Prefixes, prefix)
		if len(p.Prefixes) > p.limits.Entries {
			return fmt.Errorf("it has more than %d entries: raise blocklistentries if that is meant", p.limits.Entries)
		}
	}
	if wide {
		p.Wide++
	}
	if reserved {
		p.Reserved++
	}
	return nil
}

func narrowest(p netip.Prefix) int {
	if p.Addr().Is4() {
		return MaxIPv4
	}
	return MaxIPv6
}

var errNoEntry = errors.New("no entry")

// parseEntry reads an address, prefix or range.
func parseEntry(text string) ([]netip.Prefix, error) {
	if base, _, ok := strings.Cut(text, "/"); ok {
		prefix, err := netip.ParsePrefix(text)
		if err != nil || strings.Contains(base, "%") {
			return nil, errNoEntry
		}
		return []netip.Prefix{unmap(prefix).Masked()}, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	from, err := netip.ParseAddr(first)
	if err != nil || from.Zone() != "" {
		return nil, errNoEntry
	}
	from = from.Unmap()
	if !isRange {
		return []netip.Prefix{netip.PrefixFrom(from, from.BitLen())}, nil
	}
	to, err := netip.ParseAddr(last)
	if err != nil || to.Zone() != "" || to.Unmap().BitLen() != from.BitLen() || to.Unmap().Less(from) {
		return nil, errNoEntry
	}
	return cover(nil, common(from, to.Unmap()), from, to.Unmap()), nil
}

// unmap makes ::ffff:192.0.2.0/120 the IPv4 prefix it stands for.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

func shorten(text string) string {
	if len(text) > maxQuoted {
		return text[:maxQuoted] + "…"
	}
	return text
}
