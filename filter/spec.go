package filter

import (
	"net/netip"
	"time"
)

// Spec is what a filter file says. Package config reads it from TOML; [Compile]
// makes a [Filter] of it.
type Spec struct {
	// Name is the file's name without its ending; "" for an inline filter.
	Name        string
	Description string
	// Daemon lists the syslog tags or journal identifiers under which the
	// service logs. With any, a line must have a syslog or journal header with
	// one of them, and patterns see the message alone. Without, patterns see
	// the line without its date. "*" in a name stands for any characters but "/".
	//
	// With "" among them, the service also writes to a file or a container's output, without a
	// header: patterns see the message of lines with one of the headers, of whatever the journal gives,
	// and other lines whole, each without the date that the service itself has put there.
	Daemon []string
	// Failregex, Ignoreregex and Prefregex are patterns in RE2 syntax with tags,
	// see the package's documentation.
	Failregex   []string
	Ignoreregex []string
	Prefregex   string
	// Weights say how much a failure counts that the failregex of the same index has found, 1 to
	// [MaxWeight]; 0, or none at that index: 1.
	Weights []int
	// Successregex are patterns in the same language for lines that tell of a login that was
	// let in. They see what failregex sees, if no failregex has matched, and must name
	// a host or an id. Only [Options.Success] asks for them.
	Successregex []string
	// JSON are rules for lines of JSON.
	JSON []JSON
	// Trusted are the proxies that JSON rules without their own trust.
	Trusted []netip.Prefix
	// Unless lists patterns that veto a failregex's match; they see what the
	// failregex saw.
	Unless []string
	// MaxLines is the number of messages that are looked at together, so that
	// patterns may span them (see the package's documentation): up to [MaxLines], 0
	// and 1 for each by itself.
	MaxLines int
	// Fail2ban says that the filter was written for fail2ban. Its patterns are in Python's
	// dialect, and see what they see there: the line with nothing but its date cut out, and
	// a line end behind it. They may have what RE2 has no words for: look-ahead, look-behind,
	// back-references, conditions, atomic groups and possessive loops; in other filters, such a
	// pattern is an error. What cannot be said otherwise runs on an engine that goes back
	// in the text (see [Filter.Backtracking]), with a bound on its steps: a line that takes
	// more is not matched (see [Matcher.Runaways]).
	Fail2ban bool
	// Datepattern lists forms of dates in strptime codes; none: the usual ones.
	Datepattern []string
	// Journalmatch selects journal records: "FIELD=value" terms as journalctl(1)
	// takes them, with "+" for or.
	Journalmatch []string
	// Alive are patterns for what a healthy log of the service contains. They see what the first of
	// the other patterns sees, name nobody, and lead to nothing: see [Matcher.Sight].
	Alive []string
	// Requires says what the service must have switched on to log failures with the client's
	// address, for people; Recorded names the script in examples/record that makes a running
	// service write such lines. Nothing here depends on them.
	Requires, Recorded string
	// Params are parameters that a jail may set (see [Options]).
	Params map[string]Param
	// Modes are additions that a jail asks for by name (mode=aggressive).
	Modes map[string]Mode
	// Tests are the filter's own examples.
	Tests []Test
}

// Mode adds to a filter's patterns.
type Mode struct {
	Failregex   []string
	Weights     []int
	JSON        []JSON
	Ignoreregex []string
	Unless      []string
}

// Test is an example in a filter file: what these lines must lead to.
type Test struct {
	// Lines are handed to a fresh matcher in order; what is said below is of the
	// last one.
	Lines []string
	// Mode is the filter's mode in this test, "" for the ordinary one.
	Mode string
	// Params are the values of parameters in this test; those it does not name have their defaults.
	Params Params
	// Match says whether the last line is a failure, Success whether it is a login that was
	// let in, which is no failure.
	Match, Success bool
	// Alive says that Spec.Alive must know the last line.
	Alive bool
	// Host, ID, User and Time are what the failure or success must name; "" and zero: not
	// looked at.
	Host string
	ID   string
	User string
	Time time.Time
}
