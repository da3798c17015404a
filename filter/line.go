package filter

import "time"

// Line is one log record on its way from a source to the filters.
type Line struct {
	// Text is the record as it was written, without its line end. Every byte
	// of it may have been chosen by an attacker, and it need not be UTF-8.
	// For the journal it is "HOST IDENT[PID]: MESSAGE" and carries no date.
	// It may be a slice of a whole block that was read: clone what is kept.
	Text string
	// Time is the record's own time where the source knows it (the journal).
	// Zero: the time stands in Text, if anywhere.
	Time time.Time
	// Read is when the source read the record. It stands for "now" all along
	// the path, so that nothing behind the source looks at a clock.
	Read time.Time
	// CatchUp says that the record is read later than it was written, as after
	// a start or in a replay: the time it bears counts, however old.
	CatchUp bool
	// Source is the file's path, "journal", or "-" for standard input.
	Source string
}

// MaxLine is how long a line may be, in bytes, unless a source is told otherwise: room for a
// record of Docker's, whose 16 KiB become 96 where JSON escapes each of them as \u0000.
const MaxLine = 128 << 10

// CutMark takes the place of what a line has beyond its longest, and follows a
// piece of one that goes on in a container's next record. Where the cut falls is the
// client's to choose, with a user name that is long enough, and so would be the end of the
// line: "from 198.51.100.1 port 22" for a pattern that is tied to it, or the first digits
// of an address. The mark continues both, as a word and then with blanks, into what no
// pattern looks for.
const CutMark = "_ cut …"

// Position says how far a source has been handled. It is stored in the same
// transaction as the failures that were read up to it.
type Position struct {
	// Path is the name under which the file was found, or "journal" (with
	// the journal's match behind it, see package source).
	Path string
	// Device and Inode name the file itself, whatever its path is by now.
	Device, Inode uint64
	// Offset is the number of bytes handled; it always stands behind a line end.
	Offset int64
	// Fingerprint is a hash of the file's first FingerprintSize bytes. It
	// tells a file that was truncated and written anew, or whose inode was
	// used again, from the one whose offset this is.
	Fingerprint     uint64
	FingerprintSize int64
	// Cursor is the journal's own position (systemd.journal-fields(7)).
	Cursor string
	// Seen is when the file was last seen to end here: what stands behind Offset was
	// written later. Zero: not known, as of the journal, whose records bear their own time.
	Seen time.Time
}
