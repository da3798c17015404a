// Package config turns gaol's TOML files into one checked, typed value.
//
// [Load] reads gaol.toml, conf.d and the filter and action files, together with
// the stock library of package stock, and returns a [Config] along with every [Problem] it
// found. A jail with a problem carries it and is to be left out; all other jails are
// usable. [LoadFilter] reads one filter by itself. Nothing here looks at logs, firewalls or
// name servers.
//
// # Files
//
// The main file is /etc/gaol/gaol.toml, which need not exist, or the one given
// in [Options], which must. Beside it, conf.d/*.toml are read in the order of their
// names: tables are merged key by key, and what comes later wins; lists are
// replaced, not joined. filter.d/NAME.toml and action.d/NAME.toml, also beside the main file,
// add to the stock files or replace the one of the same name.
//
// A jail is put together from four layers, each over the one before: gaol's
// own defaults, the [default] table, what the stock library says of the
// jail (its filter, logs and ports), and the [jail.NAME] table.
//
// The stock jail "sshd" is enabled unless its table says enabled = false. All other
// jails are enabled by enabled = true alone.
//
// # What a fault does
//
// What was understood is used, what was not is reported:
//
//   - A fault in [jail.NAME], or in its filter or action, leaves that jail out.
//   - A bad value in [default] leaves out the jails that inherit it. An
//     unknown key there is reported and leaves out none.
//   - A file that cannot be read, or is not TOML, is reported, and all
//     other files count. [Config.Unread] names it, for whoever would rather
//     keep what was before.
//
// A jail that is not enabled is checked for its own keys and values; its filter is not
// read.
//
// # Stock library
//
// The library is a file system with filter.d, jail.d and action.d. A file
// jail.d/NAME.toml says what is known of the service, and no more:
//
//	description = "OpenSSH"
//	filter      = "sshd"
//	logpath     = ["/var/log/auth.log", "/var/log/secure"]
//	journal     = true            # the journal has the same records
//	port        = ["ssh"]
//	protocol    = "tcp"
//
// With both, the files are read if there is one, else the journal (see [Jail.Either]). A
// user's own logpath replaces both. Where what a jail counts is rarer than failed logins, as in
// recidive, its file also has maxretry, findtime and bantime.
//
// A file filter.d/NAME.toml has the keys description, daemon (a string or a list),
// failregex (patterns, or tables of a regex with its weight), successregex, ignoreregex, prefregex, unless, datepattern,
// journalmatch and trusted, tables [[json]] with conditions on fields and where host, user and time stand, tables
// [mode.NAME] with failregex, json, ignoreregex and unless, and [[test]] with line or lines, mode, match,
// success, host, id, user and time. A test without match expects a failure, one with success = true a
// login that was let in; with match = false it may not name host, id, user or time.
//
// A file action.d/NAME.toml has description, the argument lists start, ban, unban and
// stop, and timeout.
//
// All keys, with their types and defaults, are in [Reference].
package config
