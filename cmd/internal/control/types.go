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
	// Operators are the addresses from which gaol was used over SSH lately, which it never bans.
	Operators []Operator `json:"operators"`
	// Web is what is served to [web]'s address; null: nothing is.
	Web *WebStatus `json:"web,omitempty"`
}

// WebStatus is what proxies have asked at [web]'s address.
type WebStatus struct {
	Listen string `json:"listen"`
	// Allowed and Denied are how many questions about clients were answered so since the start.
	Allowed uint64 `json:"allowed"`
	Denied  uint64 `json:"denied"`
}

// Operator is an address from which gaol was used over SSH.
type Operator struct {
	Address string `json:"address"`
	// Until is when it may be banned again, if gaol is not used from there any more.
	Until time.Time `json:"until"`
}

// JailStatus is one jail in a [Status].
type JailStatus struct {
	Name string `json:"name"`
	// Enabled says that the jail runs. One that was configured but is left out
	// has its reasons in Problems.
	Enabled bool `json:"enabled"`
	// Filter is "" for a jail that counts the bans of others; its one source is "bans".
	Filter string `json:"filter"`
	// Shadow says that the jail counts and decides alone, and its bans reach nobody (enforce = false).
	Shadow bool `json:"shadow,omitempty"`
	// Failures counts each by its weight.
	Failures Tally `json:"failures"`
	Banned   Tally `json:"banned"`
	// Ended is how many open connections of the banned were ended since the start (established = "end").
	Ended int `json:"connections_ended,omitempty"`
	// Trusted is how many hosts were let in within trusttime.
	Trusted int            `json:"trusted,omitempty"`
	Sources []SourceStatus `json:"sources"`
	Actions []ActionStatus `json:"actions"`
	Hosts   HostsStatus    `json:"hosts"`
	// Leaks are failures of hosts that the kernel was seen to hold; null: there were none since the start.
	Leaks *LeaksStatus `json:"leaks,omitempty"`
	// Blocklist is of a jail that refuses what is on lists; null: it has none.
	Blocklist *Blocklist `json:"blocklist,omitempty"`
	Problems  []string   `json:"problems"`
}

// LeaksStatus tells of bans that do not stop those who are banned.
type LeaksStatus struct {
	// Current is how many hosts go on failing, Failures how many failures there were since the start.
	Current  int `json:"current"`
	Failures int `json:"failures"`
	// Examples are some of the hosts, with the reason.
	Examples []Leak `json:"examples"`
}

// Leak is a host that goes on failing though it is banned.
type Leak struct {
	Address string `json:"address"`
	// Failures were logged from First to Last.
	Failures int       `json:"failures"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	// Kind is why, in a word ("proxy", "port", …), and Text in a sentence whose subject is "it".
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Blocklist says how a jail's lists fare. What is on them are no bans.
type Blocklist struct {
	// Networks are to be refused; Spared entries hold addresses that are never refused, for which they are left out or have gaps.
	Networks int `json:"networks"`
	Spared   int `json:"spared"`
	// Enforced is how many networks the kernel has taken; Healthy says that those are all. Restored is how often they were put
	// back, as other programs had removed them.
	Enforced int  `json:"enforced"`
	Healthy  bool `json:"healthy"`
	Restored int  `json:"restored"`
	// Notes are what the firewall leaves out although it is healthy, such as IPv6 on a host without ip6tables.
	Notes []string `json:"notes,omitempty"`
	// Packets and Bytes were refused since the start; null: nothing is enforced, or that could not be asked yet.
	Packets *uint64 `json:"packets,omitempty"`
	Bytes   *uint64 `json:"bytes,omitempty"`
	// Lists are in the order of the configuration.
	Lists []ListStatus `json:"lists"`
}

// ListStatus says how one list fares.
type ListStatus struct {
	Source string `json:"source"`
	// Entries were read, and come to Networks. Of them, Wide ones (wider than /8, or /16 of IPv6) and Reserved ones
	// (private networks and their like) were left out. Faults lines have no entry, Fault is the first of them.
	Entries  int    `json:"entries"`
	Networks int    `json:"networks"`
	Wide     int    `json:"wide"`
	Reserved int    `json:"reserved"`
	Faults   int    `json:"faults"`
	Fault    string `json:"fault"`
	// Updated is when it was read, or found to be the same, last; null: it never was.
	Updated *time.Time `json:"updated"`
	Problem string     `json:"problem"`
}

// HostsStatus says how many hosts a jail tracks.
type HostsStatus struct {
	// Current have failed lately; Limit is the jail's maxhosts.
	Current int `json:"current"`
	Limit   int `json:"limit"`
	// Forgotten hosts had to leave since the start, as more failed than Limit allows for.
	Forgotten int `json:"forgotten"`
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
	// Notes are what it leaves out although it is healthy, such as IPv6 on a host without ip6tables, or cannot refuse.
	Notes []string `json:"notes,omitempty"`
	// Waiting events have not been told yet, Sent messages have been since the start, Lost events never
	// will be: of actions that tell others, which all jails with the same settings share.
	Waiting int `json:"waiting,omitempty"`
	Sent    int `json:"sent,omitempty"`
	Lost    int `json:"lost,omitempty"`
	// Restored is how often something that another program took out of the firewall was put back since the start,
	// ForeignRemoved how many members of gaol's sets were removed that gaol had not put there.
	Restored       int `json:"restored"`
	ForeignRemoved int `json:"foreign_removed"`
	// LastRestored is when that was last (null: never), and Why what it was in words.
	LastRestored *time.Time `json:"last_restored"`
	Why          string     `json:"why,omitempty"`
	// Packets and Bytes are what it has refused since the start; null: it does not count, or could not be asked yet.
	Packets *uint64 `json:"packets,omitempty"`
	Bytes   *uint64 `json:"bytes,omitempty"`
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
	Enforced bool `json:"enforced"`
	// Shadow says that it is not meant to, as the jail is one with enforce = false.
	Shadow bool     `json:"shadow,omitempty"`
	User   string   `json:"user"`
	Lines  []string `json:"lines"`
	// By says who made it: "jail", "escalation" for a network that was banned for its hosts (Lines says
	// which), or "hand"; the latter also of one that was made longer by hand.
	By string `json:"by"`
}

// Why is the answer to GET /v1/why: the whole story of an address, prefix or id.
type Why struct {
	// Address is what was asked for, in its canonical form.
	Address string `json:"address"`
	// Known says that anything at all is known of it.
	Known bool `json:"known"`
	// Running says that a daemon answered. If not, this is what its store and the configuration say.
	Running bool `json:"running"`
	// Ignored is the rule by which it is never banned, of each jail where they differ; "": none.
	Ignored string `json:"ignored"`
	// Jails are all that run.
	Jails []WhyJail `json:"jails"`
	// Bans are those in force that lock it, or a part of it, out.
	Bans []Ban `json:"bans"`
	// History is what is stored of it, oldest first; HistoryCut says that older parts are left out.
	History    []WhyEvent `json:"history"`
	HistoryCut bool       `json:"history_cut"`
	// Listed are the blocklists that it is on.
	Listed []WhyListed `json:"listed,omitempty"`
	// Kernel is what each firewall holds of it.
	Kernel []WhyKernel `json:"kernel"`
	// Advice says in words what it would take to be banned, or free.
	Advice string `json:"advice"`
	// Problems say what could not be found out.
	Problems []string `json:"problems"`
}

// WhyJail is what one jail has against an address.
type WhyJail struct {
	Name string `json:"name"`
	// Failures count against it now, Needed of them within FindTimeSeconds lead to a ban. Of
	// several hosts in a prefix, it is the one that is nearest to it. Needed is 0 where none are counted, as the jail has lists.
	Failures        int     `json:"failures"`
	Needed          int     `json:"needed"`
	FindTimeSeconds float64 `json:"findtime_seconds"`
	// Host is the one that they are counted against, "" if there is none, Hosts how many of
	// the prefix have failed lately.
	Host  string `json:"host"`
	Hosts int    `json:"hosts"`
	// Until is when the first of Failures no longer counts.
	Until *time.Time `json:"until"`
	// TrustedUntil is until when it is trusted, as it was let in, and Needed is more for that; null: it is not.
	TrustedUntil *time.Time `json:"trusted_until"`
	Banned       bool       `json:"banned"`
	Ignored      string     `json:"ignored"`
	// SinceEnforced is how many failures were logged since the kernel holds its bans.
	SinceEnforced int `json:"since_enforced"`
	// Ended is how many connections that were open at its bans have ended for them (established = "end").
	Ended int `json:"connections_ended,omitempty"`
	// Leak says why, if there were any.
	Leak *WhyLeak `json:"leak,omitempty"`
}

// WhyLeak says why a ban does not stop somebody: Kind in a word, Text in a sentence whose subject is "it".
type WhyLeak struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// WhyEvent is a part of the history of an address.
type WhyEvent struct {
	Time time.Time `json:"time"`
	// What is "failure", "ban" or "unban".
	What   string `json:"what"`
	Jail   string `json:"jail"`
	Prefix string `json:"prefix"`
	ID     string `json:"id,omitempty"`
	// Line is the line that counted, or the last that led to the ban, Pattern the failregex that
	// matched it; "" if it is not known.
	Line    string `json:"line"`
	Pattern string `json:"pattern"`
	User    string `json:"user"`
	// By says who banned or lifted: "jail", "hand", "time" or how else.
	By string `json:"by"`
	// End, Count, Failures and Evidence are of a ban: when it is over (null: never), the
	// how-manieth it is, how many failures led to it, and the last of their lines.
	End      *time.Time `json:"end,omitempty"`
	Count    int        `json:"count,omitempty"`
	Failures int        `json:"failures,omitempty"`
	Evidence []WhyLine  `json:"evidence,omitempty"`
}

// WhyLine is a line with the failregex that matched it, "" if it is not known.
type WhyLine struct {
	Line    string `json:"line"`
	Pattern string `json:"pattern"`
}

// WhyListed is a blocklist that an address is on.
type WhyListed struct {
	Jail   string `json:"jail"`
	Source string `json:"source"`
	// Entry is the network on the list that holds it.
	Entry string `json:"entry"`
	// Enforced says that the firewall refuses it; if not, it is one that is never banned, or the jail only observes.
	Enforced bool `json:"enforced"`
}

// WhyKernel is what one firewall holds of an address.
type WhyKernel struct {
	Jail string `json:"jail"`
	// Action is the banaction, Set the set or chain that was asked, "" if it could not be.
	Action string `json:"action"`
	Set    string `json:"set"`
	Holds  bool   `json:"holds"`
	// Member is what the set holds of it, LeftSeconds for how much longer; null: for ever.
	Member      string   `json:"member"`
	LeftSeconds *float64 `json:"left_seconds"`
	// Packets were refused so far, PacketsLately of them within the last LatelySeconds, while the question
	// was answered.
	Packets       uint64  `json:"packets"`
	PacketsLately uint64  `json:"packets_lately"`
	LatelySeconds float64 `json:"lately_seconds"`
	// Dropping says whether packets are being refused now; null: not known.
	Dropping *bool `json:"dropping"`
	// Problem says why it could not be asked.
	Problem string `json:"problem,omitempty"`
}

// BanRequest is the body of POST /v1/ban.
type BanRequest struct {
	// Jail is where to ban; "": in every jail.
	Jail string `json:"jail,omitempty"`
	// Time is a duration ("10m", "1d", "forever"); "": the jail's bantime.
	Time      string   `json:"time,omitempty"`
	Addresses []string `json:"addresses"`
	// Force bans even trusted proxies and operators, which is refused with a 403 otherwise.
	Force bool `json:"force,omitempty"`
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
	// Listed addresses are refused all the same, as they are on a blocklist.
	Listed []Listed `json:"listed,omitempty"`
	// Warnings say who has not let go yet.
	Warnings []string `json:"warnings,omitempty"`
}

// Unbanned is one ban that was lifted.
type Unbanned struct {
	Jail   string `json:"jail"`
	Prefix string `json:"prefix"`
	ID     string `json:"id,omitempty"`
}

// Listed is an address or network that an unban does not let in: a jail has Entry, which holds it, on the list of Source.
type Listed struct {
	Prefix string `json:"prefix"`
	Jail   string `json:"jail"`
	Source string `json:"source"`
	Entry  string `json:"entry"`
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
	// What is "failure", "ban", "unban", "ended" (open connections of a banned host), "problem", or "restored" when something is back that another program took out
	// of the firewall.
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
	// Shadow, of a ban or its end, says that it is one of a jail with enforce = false.
	Shadow bool `json:"shadow,omitempty"`
	// Weight, of a failure, is for how many it counts, if more than one.
	Weight int `json:"weight,omitempty"`
	// Line is the log line that caused it; Text says more in words.
	Line string `json:"line,omitempty"`
	Text string `json:"text,omitempty"`
}
