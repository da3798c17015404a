package config

import (
	"time"

	"gaol/action"
	"gaol/filter"
	"gaol/jail"
	"gaol/jail/blocklist"
)

// Forever is the BanTime of a jail whose bans do not end.
const Forever = jail.Forever

// Config is everything that was configured.
type Config struct {
	// File is the main file's path, whether or not it exists.
	File string
	// Jails are those that the configuration mentions, enabled or not, and the stock ones that run without being mentioned, by name.
	Jails []Jail
	// Store says where bans, history and positions are kept.
	Store Store
	// Web is the HTTP listener.
	Web Web
	// Operators is how long the address from which somebody used gaol over SSH is never
	// banned; 0: not at all. Default 12 hours.
	Operators time.Duration
	// OnStop says what a stop does to the bans in the kernel.
	OnStop OnStop
	// Problems are all faults found, those of single jails included, in the
	// order of files and lines.
	Problems []Problem
	// Unread are the files whose settings are unknown, because they could not be
	// read or are not TOML: any jail may lack something they say.
	Unread []string
}

// Store is the [store] table.
type Store struct {
	// Path of the SQLite file; default /var/lib/gaol/gaol.sqlite3.
	Path string
	// PurgeAge is how long history is kept; default 30 days.
	PurgeAge time.Duration
}

// OnStop is what happens to bans in the kernel when the daemon stops.
type OnStop string

const (
	// Flush lifts them; the store restores them at the next start. The default.
	Flush OnStop = "flush"
	// Keep leaves them to their own timeouts.
	Keep OnStop = "keep"
)

// Jail is one [jail.NAME] table, with stock values and defaults filled in.
type Jail struct {
	Name    string
	Enabled bool
	// Stock says that the library knows a jail of this name.
	Stock bool
	// Description says in a few words what the jail is for; "" for most.
	Description string

	// FilterName is the filter's file name, "" for an inline one; Filter
	// is what it says, Mode which of its modes is asked for.
	FilterName string
	Filter     filter.Spec
	Mode       string
	// Params are the values of all of Filter's parameters, those that the jail leaves at their defaults as well.
	Params filter.Params
	// Compiled is Filter made ready, in its mode, with its parameters and time zone. It may be shared with other
	// jails. nil where the filter has problems, or the jail isn't enabled.
	Compiled *filter.Filter
	// LogPath are globs of files, without "journal"; Journal says whether the
	// journal is read, for Filter's Journalmatch.
	LogPath []string
	Journal bool
	// Bans says that the jail's failures are the bans of all jails that read logs, as in
	// "recidive" (logpath = "bans"). It has no logs and no filter then.
	Bans bool
	// Blocklist are lists of networks to be refused; a jail with some has no logs and no filter. They are read anew each
	// BlocklistRefresh, within BlocklistLimits.
	Blocklist        []blocklist.Source
	BlocklistRefresh time.Duration
	BlocklistLimits  blocklist.Limits
	// Guessed says that LogPath is what the stock library knows the log to be called on
	// one system or another: it is enough that one of them is there.
	Guessed bool
	// Either says that the journal has the same records as the files of LogPath, as in
	// stock jails: only one of the two is to be read, the files if there is
	// one, else the journal. False: each is read.
	Either bool
	// FromFindTime makes a file that is seen for the first time be read from FindTime ago instead of
	// from its end (from = "findtime").
	FromFindTime bool
	// Timezone is where dates without a zone are from; nil: this host's.
	Timezone *time.Location
	// UseDNS makes host names count: they are looked up (usedns = "yes").
	UseDNS bool

	FindTime time.Duration
	// BanTime is how long a first ban lasts; Forever: without end.
	BanTime  time.Duration
	MaxRetry int
	// TrustTime is for how long a host that was let in needs TrustRetry more failures for a ban, 0
	// for none, and then TrustRetry means nothing; that is MaxRetry by default.
	TrustTime  time.Duration
	TrustRetry int
	// MaxMatches lines are kept as evidence for a host; default MaxRetry.
	MaxMatches int
	// MaxHosts bounds how many hosts are tracked; default 1,000,000.
	MaxHosts int
	// IPv4Prefix and IPv6Prefix are the lengths by which hosts are counted and
	// banned; 32 and 64 by default.
	IPv4Prefix, IPv6Prefix int
	Increment              jail.Increment
	Escalate               jail.Escalate

	// IgnoreIP are who is never banned, and Trusted one's own proxies, as written and checked: see
	// [jail.NewIgnore]. Those of Trusted that are addresses or prefixes are in Filter.Trusted too, if
	// the filter has rules for JSON.
	IgnoreIP, Trusted []string
	IgnoreSelf        bool
	// IgnoreCommand is a program, with its arguments, that is asked of each address whether it may be banned;
	// empty: none is.
	IgnoreCommand []string
	// IgnoreRefresh is how often programs and lists on the web among them are asked, and how
	// long what IgnoreCommand says holds; default 5 minutes.
	IgnoreRefresh time.Duration

	// Enforce false makes a jail count and decide without any action.
	Enforce bool
	// BanAction is "auto", "iptables", "iptables-rules", "nftables" or "none".
	BanAction string
	// Rule is what the firewall action is given: ports, protocol, chains.
	Rule action.Rule
	// EndEstablished ends the connections that a banned host has open.
	EndEstablished bool
	// Actions are done as well as BanAction, in this order.
	Actions []Action
	// Notifiers tell others of bans, in this order.
	Notifiers []Notifier

	// Problems are the faults for which this jail is left out.
	Problems []Problem
}

// Action is one entry of a jail's action list that runs programs or keeps a list, with what its file says filled
// in.
type Action struct {
	// Name is "command", that of a file in action.d, or what the entry calls itself.
	Name string
	// Ban, Unban, Start and Stop are argument vectors of programs to run;
	// empty: nothing. Values reach them as environment (GAOL_IP, …) only.
	Start, Ban, Unban, Stop []string
	// Timeout after which a program is ended; default 60 s.
	Timeout time.Duration
	// File is what a deny file of a web server is; nil: it is none.
	File *DenyFile
	// Web says that bans are on the list that gaol serves.
	Web bool
	// Cloudflare is what a list at Cloudflare is; nil: the action is no such list.
	Cloudflare *CloudflareList
}

// KeepsState says that the action locks addresses out by itself, so that it is left out where gaol only observes.
func (a Action) KeepsState() bool { return a.File != nil || a.Web || a.Cloudflare != nil }
