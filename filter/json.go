package filter

import "net/netip"

// JSON is a rule for lines that are one JSON object each. Its fields are named
// by paths, see [gaol/filter/jsonline.ParsePath].
//
// A rule is what a failregex is, with conditions in place of a pattern: it needs
// Host or ID. With Message instead, it says where in such lines the text stands
// that the failregexes are for.
type JSON struct {
	// When lists conditions that must all hold, Unless such of which none may.
	When, Unless []Condition
	// Host is where the client's address stands: the first of these fields that
	// is there, which means that it is neither missing nor null nor empty. If that one
	// holds no address, the rule does not match; no other is tried.
	//
	// An address may have a port behind it. Of several, in an array or with commas
	// between them, the last counts: those before it were written by whoever sent the
	// request, or by proxies of his.
	Host []string
	// Peer is who connected to the service, where Host is a list that proxies
	// add to (X-Forwarded-For). It counts as one more behind the list: unless it is
	// trusted, it is the client, so that nobody who passes the proxies by is
	// believed. "": not known.
	Peer string
	// Trusted are the proxies of one's own: they are skipped, from the last address
	// on, and the first that is none of them is the client. If all are, nothing
	// matches. nil: those of the Spec.
	Trusted []netip.Prefix
	// User and ID are where the account stands, and what is to be banned if that is no
	// address: the first field that is there.
	User, ID []string
	// Time is where the line's time stands: a date in any form of package logtime, or the
	// seconds since 1970, or milli-, micro- or nanoseconds. A line without such a
	// field is undated. None: the date in front of the object, else the fields in which
	// services usually have it, else the first date in the line.
	Time []string
	// Weight is how much a failure counts that the rule has found, 1 to [MaxWeight]; 0 means 1. With
	// Message, it is for the failregexes to say.
	Weight int
	// Success makes it a rule for lines of logins that were let in, as Spec.Successregex is.
	Success bool
	// Message is where the text stands that Failregex, Prefregex and Unless of the Spec
	// see. With it in any rule, they see nothing else of lines; Ignoreregex sees it as well as
	// the whole object. A date in the text is cut out, as from a line, and so are line
	// ends behind it.
	Message []string
}

// Condition says what a field must be. Of an array, one element must be it.
type Condition struct {
	// Path is the field's. A field that is not there, and one that is an object, is
	// nothing of what follows.
	Path string
	// Or are further fields. Either way, the condition holds if it does of one of them all.
	Or []string
	// Values are what it may be, one of them: a pattern (string), a number (int64,
	// float64) or a bool.
	//
	// A pattern is found anywhere in the field, unless ^ and $ tie it to its ends. It
	// sees a text without its escapes, and numbers and bools as they are written. A
	// number is equal to any of the same value (401 and 401.0) and to a text that is that
	// number, a bool to a text that is "true" or "false".
	Values []any
}
