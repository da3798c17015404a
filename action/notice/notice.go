// Package notice tells others of bans: people by mail or chat, programs by HTTP, and those who collect
// reports of abuse.
//
// Unlike a firewall, they need not be told at once, and not of the same thing twice. An [Event] is what
// happened; a [Queue] keeps events until they are told, one by one as long as there are few, and as a
// digest in a flood. It waits for whoever does not answer and never makes a ban wait. A [Sender] is one
// way to tell; the folders webhook, mail, notify, abuseipdb, blocklistde and xarf beside this one hold them.
//
// Much of an event is a stranger's text. [NewEvent] makes it harmless once and for all; senders still
// have to quote it as their format asks for.
package notice

import (
	"context"
	"slices"
	"time"

	"gaol/jail"
)

// What happened in an [Event].
const (
	Ban   = "ban"
	Unban = "unban"
)

// Event is something worth telling.
type Event struct {
	// What is Ban or Unban.
	What string
	// Time is when it happened.
	Time time.Time
	// Ban is what it is about. Of an unban, only what names it may be set.
	Ban jail.Ban
	// Why says what ended a ban: "time", "hand" or "ignoreip"; "" for a ban.
	Why string
	// More is how many earlier events had to be left out before this one, as there was no room for
	// them.
	More int
}

// NewEvent returns what happened to b, fit to be told: text in valid UTF-8, without control characters,
// of bounded length, with the last of at most maxLines lines.
func NewEvent(what string, b jail.Ban, at time.Time, why string) Event {
	b.User, b.ID = Clean(b.User, maxUser), Clean(b.ID, maxUser)
	lines := slices.Clone(b.Lines[max(0, len(b.Lines)-maxLines):])
	for i, line := range lines {
		lines[i] = Clean(line, maxLine)
	}
	b.Lines = lines
	return Event{What: what, Time: at, Ban: b, Why: why}
}

// Message is what is told at once.
type Message struct {
	// Host is how this machine calls itself; "" where it is not told.
	Host string
	// Observe says that bans are only decided on, and nobody is locked out.
	Observe bool
	// Events are told; never empty, the oldest first.
	Events []Event
}

// More is how many events are not among Events, as there was no room for them.
func (m Message) More() int {
	more := 0
	for _, e := range m.Events {
		more += e.More
	}
	return more
}

// Total is how many events the message is about.
func (m Message) Total() int { return len(m.Events) + m.More() }

// Sender is a way to tell. Its methods are safe for several goroutines.
type Sender interface {
	// Send tells m and returns once the other side has taken it. It blocks until ctx ends at the
	// longest. A [*Failure] says how to go on; any other error is one that may pass.
	Send(ctx context.Context, m Message) error
	// Preview says what Send would do, with secrets hidden.
	Preview(ctx context.Context, m Message) (Preview, error)
}

// Preview is what would be sent.
type Preview struct {
	// To is the method and address of a request, or the recipients of a mail.
	To string
	// Headers are "Name: value".
	Headers []string
	// Body is sent as it stands.
	Body string
}

// Failure is the error of a Send that knows more than that it did not work out.
type Failure struct {
	// Err is what the other side said.
	Err error
	// Refused says that the same message is not to be sent again.
	Refused bool
	// Settings says that it is likely a matter of settings, such as a wrong password: it is tried
	// again, but seldom.
	Settings bool
	// Status is that of an HTTP answer; 0: there was none.
	Status int
	// After is how long the other side wants to be left alone; 0: it has not said.
	After time.Duration
}

// Error implements error.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns Err.
func (f *Failure) Unwrap() error { return f.Err }
