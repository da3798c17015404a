package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gaol/action"
)

// portForm is what an error says of the form.
const portForm = `a port such as 22, "ssh", "8000-8010" or "all"`

// wellKnownPorts are the services that failed logins come from, by their
// names of the IANA service name registry and the usual others. A host needs no
// /etc/services for them.
func wellKnownPorts() map[string]int {
	return map[string]int{
		"ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53,
		"http": 80, "pop3": 110, "imap2": 143, "imap": 143, "ldap": 389, "https": 443,
		"smtps": 465, "submissions": 465, "ssmtp": 465, "submission": 587, "ldaps": 636,
		"ftps-data": 989, "ftps": 990, "imaps": 993, "pop3s": 995, "socks": 1080,
		"mysql": 3306, "postgresql": 5432, "sip": 5060, "sips": 5061, "sip-tls": 5061,
		"sieve": 4190, "xmpp-client": 5222, "xmpp-server": 5269, "http-alt": 8080, "webmin": 10000,
	}
}

// ports reads a list of ports: numbers, names, ranges and "all", which is no restriction (nil).
// A text may have several, separated by commas.
func (c *checker) ports(n *node) []action.Port {
	members, _ := c.members(n, portForm)
	var ports []action.Port
	all := false
	for _, m := range members {
		switch v := m.value.(type) {
		case int64:
			port, err := portNumber(strconv.FormatInt(v, 10))
			if err != nil {
				c.wrongValue(m, "a port from 1 to 65535", "")
				continue
			}
			ports = append(ports, action.Port{First: port, Last: port})
		case string:
			for word := range strings.SplitSeq(v, ",") {
				port, everything := c.port(m, strings.TrimSpace(word))
				all = all || everything
				if port.First > 0 {
					ports = append(ports, port)
				}
			}
		default:
			c.wrongType(m, portForm)
		}
	}
	if n.kind == list && len(n.list) == 0 {
		c.wrongValue(n, portForm, `write "all" to refuse a banned host everything`)
	}
	if all {
		return nil
	}
	return mergePorts(ports)
}

// port reads one word. It is the zero Port for "all" and for a fault, which is reported.
func (c *checker) port(n *node, word string) (port action.Port, all bool) {
	if word == "all" {
		return port, true
	}
	first, last, isRange := cutRange(word)
	if !isRange {
		last = first
	}
	var err error
	if port.First, err = c.portNamed(first); err == nil {
		port.Last, err = c.portNamed(last)
	}
	if err != nil {
		p := c.at(n)
		p.Found, p.Expected = quoteShort(word), portForm
		p.Nearest = nearest(word, append(sorted(wellKnownPorts()), "all"))
		c.add(p)
		return action.Port{}, false
	}
	if port.First > port.Last {
		c.wrongValue(n, "a range from the lower to the higher port", fmt.Sprintf("write \"%d-%d\"", port.Last, port.First))
		return action.Port{}, false
	}
	return port, false
}

// cutRange splits "8000-8010" or "8000:8010". A name may have a hyphen, so that a
// range with one needs a number in front.
func cutRange(word string) (first, last string, ok bool) {
	if first, last, ok = strings.Cut(word, ":"); ok {
		return first, last, true
	}
	first, last, ok = strings.Cut(word, "-")
	if _, err := strconv.Atoi(first); !ok || err != nil {
		return word, "", false
	}
	return first, last, true
}

func (c *checker) portNamed(word string) (uint16, error) {
	if port, err := portNumber(word); err == nil {
		return port, nil
	}
	if word == "" || strings.Trim(word, "0123456789") == "" {
		return 0, errPort
	}
	port, err := c.lookupPort("tcp", word)
	if err != nil {
		port, err = c.lookupPort("udp", word)
	}
	if err != nil {
		return 0, err
	}
	return portNumber(strconv.Itoa(port))
}

var errPort = errors.New("not a port from 1 to 65535")

// portNumber reads a port by its number.
func portNumber(word string) (uint16, error) {
	port, err := strconv.ParseUint(word, 10, 16)
	if err != nil || port == 0 {
		return 0, errPort
	}
	return uint16(port), nil
}

// mergePorts sorts ports and joins those that overlap or touch.
func mergePorts(ports []action.Port) []action.Port {
	slices.SortFunc(ports, func(a, b action.Port) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
	var merged []action.Port
	for _, p := range ports {
		if n := len(merged); n > 0 && int(p.First) <= int(merged[n-1].Last)+1 {
			merged[n-1].Last = max(merged[n-1].Last, p.Last)
			continue
		}
		merged = append(merged, p)
	}
	return merged
}
