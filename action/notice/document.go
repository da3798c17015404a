package notice

import "time"

// Document is a Message as JSON has it, and what templates are given. Its fields are a promise to those who
// read them: none is renamed or taken away, new ones may come.
type Document struct {
	// Version is 1 as long as that promise holds.
	Version int `json:"version"`
	// Host is how this machine calls itself.
	Host string `json:"host"`
	// Observe says that nobody is locked out, as gaol only observes.
	Observe bool `json:"observe"`
	// Text says it all in one line.
	Text string `json:"text"`
	// Total is how many events there were, More how many of them are not among Events.
	Total  int             `json:"total"`
	More   int             `json:"more"`
	Events []EventDocument `json:"events"`
}

// EventDocument is an Event as JSON has it.
type EventDocument struct {
	// What is "ban" or "unban".
	What string    `json:"what"`
	Time time.Time `json:"time"`
	Jail string    `json:"jail"`
	// Target is the address, the prefix if it is wider than one address, or the id.
	Target string `json:"target"`
	// Prefix is always a prefix, "" for an id; ID is "" for a prefix.
	Prefix string `json:"prefix"`
	ID     string `json:"id"`
	// Start and End are those of the ban. End is null for ever.
	Start time.Time  `json:"start"`
	End   *time.Time `json:"end"`
	// Seconds is how long the ban is, -1 for ever.
	Seconds int64 `json:"seconds"`
	// Count is the how-manieth ban it is, Failures how many led to it.
	Count    int `json:"count"`
	Failures int `json:"failures"`
	// User is the account tried last, Lines are the lines that led to the ban. Both are a stranger's
	// text.
	User  string   `json:"user"`
	Lines []string `json:"lines"`
	// By says who banned, "jail" or "hand"; Why what ended it, "time", "hand" or "ignoreip".
	By  string `json:"by"`
	Why string `json:"why"`
}

// Document returns m with at most lines lines of each ban.
func (m Message) Document(lines int) Document {
	d := Document{Version: 1, Host: m.Host, Observe: m.Observe, Text: m.Subject(), Total: m.Total(), More: m.More()}
	for _, e := range m.Events {
		d.Events = append(d.Events, e.document(lines))
	}
	return d
}

func (e Event) document(lines int) EventDocument {
	b := e.Ban
	d := EventDocument{
		What: e.What, Time: e.Time.UTC(), Jail: b.Jail, Target: b.Target(), ID: b.ID, Start: b.Start.UTC(), Seconds: -1,
		Count: b.Count, Failures: b.Failures, User: b.User, By: b.By, Why: e.Why,
		Lines: append([]string{}, b.Lines[max(0, len(b.Lines)-max(lines, 0)):]...),
	}
	if b.ID == "" {
		d.Prefix = b.Prefix.String()
	}
	if !b.Forever() {
		end := b.End.UTC()
		d.End, d.Seconds = &end, int64(b.End.Sub(b.Start).Seconds())
	}
	return d
}
