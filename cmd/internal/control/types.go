package control

import (
	"time"
)

// Status is the answer to GET /v1/status.
type Status struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	// Observe says that everything runs but the firewall.
	Observe  bool         `json:"observe"`
	Jails    []JailStatus `json:"jails"`
	Problems []string     `json:"problems"`
}

// JailStatus is one jail in a [Status].
type JailStatus struct {
	Name string `json:"name"`
	// Enabled says that the jail runs. One that was configured but is left out
	// has its reasons in Problems.
	Enabled  bool           `json:"enabled"`
	Filter   string         `json:"filter"`
	Failures Tally          `json:"failures"`
	Banned   Tally          `json:"banned"`
	Sources  []SourceStatus `json:"sources"`
	Actions  []ActionStatus `json:"actions"`
	Problems []string       `json:"problems"`
}

// Tally is a number of things now and since the start of the daemon.
type Tally struct {
	Current int `json:"current"`
	Total   int `json:"total"`
}

// SourceStatus says how far a jail has read one of its logs.
type SourceStatus struct {
	Path string `json:"path"`
	// Lines were read, Matched of them matched the jail's filter.
	Lines   int64 `json:"lines"`
	Matched int64 `json:"matched"`
	// LagSeconds is for how long unread bytes have been waiting.
	LagSeconds float64 `json:"lag_seconds"`
	// LastLine is when a line was last read; null: none yet.
	LastLine *time.Time `json:"last_line"`
}

// ActionStatus says whether an action does what it should.
type ActionStatus struct {
	Name    string `json:"name"`
	Healthy bool   `json:"healthy"`
	Problem string `json:"problem"`
	// Waiting events have not been told yet, Sent messages have been since the start, Lost events never
	// will be: of actions that tell others, which all jails with the same settings share.
	Waiting int `json:"waiting,omitempty"`
	Sent    int `json:"sent,omitempty"`
	Lost    int `json:"lost,omitempty"`
}

// Ban is one ban in force, in the answer to GET /v1/banned.
type Ban struct {
	Jail string `json:"jail"`
	// Prefix is what is locked out; a single address is a /32 or /128. "" where ID
	// is set.
	Prefix string `json:"prefix"`
	// ID is what is banned where the filter bans something else than a host.
	ID    string    `json:"id,omitempty"`
	Start time.Time `json:"start"`
	// End is null for a ban without end.
	End   *time.Time `json:"end"`
	Count int        `json:"count"`
	// Enforced says that the kernel was seen to hold the ban.
	Enforced bool     `json:"enforced"`
	User     string   `json:"user"`
	Lines    []string `json:"lines"`
	// By says who made it: "jail" or "hand".
	By string `json:"by"`
}

// BanRequest is the body of POST /v1/ban.
type BanRequest struct {
	// Jail is where to ban; "": in every jail.
	Jail string `json:"jail,omitempty"`
	// Time is a duration ("10m", "1d", "forever"); "": the jail's bantime.
	Time      string   `json:"time,omitempty"`
	Addresses []string `json:"addresses"`
}

// BanReply is the answer to POST /v1/ban.
type BanReply struct {
	Banned []Ban `json:"banned"`
	// Unenforced is how many of Banned a firewall should hold and was not seen to: none
	// of a jail without one, so always 0 from a daemon that only observes.
	Unenforced int `json:"unenforced"`
	// Warnings say what the bans were made in spite of, such as an ignoreip rule.
	Warnings []string `json:"warnings"`
}

// UnbanRequest is the body of POST /v1/unban.
type UnbanRequest struct {
	// Jail is where to unban; "": everywhere.
	Jail      string   `json:"jail,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	// All lifts every ban (of Jail, if given); Addresses must be empty then.
	All bool `json:"all,omitempty"`
}

// UnbanReply is the answer to POST /v1/unban.
type UnbanReply struct {
	Unbanned  []Unbanned  `json:"unbanned"`
	Forgotten []Forgotten `json:"forgotten"`
	// Warnings say who has not let go yet.
	Warnings []string `json:"warnings,omitempty"`
}

// Unbanned is one ban that was lifted.
type Unbanned struct {
	Jail   string `json:"jail"`
	Prefix string `json:"prefix"`
	ID     string `json:"id,omitempty"`
}

// Forgotten are counted failures that an unban dropped.
type Forgotten struct {
	Jail     string `json:"jail"`
	Prefix   string `json:"prefix"`
	ID       string `json:"id,omitempty"`
	Failures int    `json:"failures"`
}

// ReloadReply is the answer to POST /v1/reload.
type ReloadReply struct {
	// Started, Stopped, Changed and Unchanged are names of jails.
	Started   []string `json:"started"`
	Stopped   []string `json:"stopped"`
	Changed   []string `json:"changed"`
	Unchanged []string `json:"unchanged"`
	// Problems are those of the configuration; a jail with one is as it was.
	Problems []string `json:"problems"`
}

// Version is the answer to GET /v1/version.
type Version struct {
	Version string `json:"version"`
}

// Event is one line of GET /v1/events.
type Event struct {
	Time time.Time `json:"time"`
	// What is "failure", "ban", "unban" or "problem".
	What   string `json:"what"`
	Jail   string `json:"jail,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	ID     string `json:"id,omitempty"`
	User   string `json:"user,omitempty"`
	// End is when a ban is over; null: never, and for all else.
	End *time.Time `json:"end,omitempty"`
	// Enforced, of a ban, says that it is told for the second time: now the
	// kernel holds it.
	Enforced bool `json:"enforced,omitempty"`
	// Line is the log line that caused it; Text says more in words.
	Line string `json:"line,omitempty"`
	Text string `json:"text,omitempty"`
}
