// Package fail2ban reads the configuration of fail2ban.
//
// [LoadFilter] reads a filter (filter.d/NAME.conf) with all that it includes, and makes of it
// what a filter of gaol's is made of. What it can't take over is a warning; what makes the filter
// unusable is an error. Either is a [Problem] that names file, line and option.
//
// Files are read one by one (parse), with those they include and those that lie over them, into one set
// of options (reader, settings). What these say is worked out when it is asked for: first %(name)s, then <name>
// (expander). Nothing here runs a command, looks up a name or writes a file.
//
// The files may be anybody's: each is bounded in size, their number as well, and so is all that is made of
// them by putting options into options.
package fail2ban
