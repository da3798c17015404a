// Package header reads what precedes the message in lines of syslog and the
// journal: the machine, the daemon's name and its process id.
//
// These are read from the left and end at the first character that can end
// them, so that nothing in the message can move them. What stands before the
// date can only be the priority that syslog puts there: a date further right is
// part of a message, and what follows it no header.
//
// Read are (the host may be missing in the first three):
//
//	Mar  9 21:31:23 host sshd[123]: message         RFC 3164, journalctl -o short
//	<38>Mar  9 21:31:23 host sshd[123]: message     the same with its priority
//	2026-03-09T21:31:23.899123+01:00 host sshd[123]: message
//	                                                rsyslog, journalctl -o short-iso
//	Mar  9 21:31:23 host auth.info sshd[123]: message
//	                                                BusyBox
//	<38>1 2026-03-09T21:31:23Z host sshd 123 - - message
//	                                                RFC 5424
//	host sshd[123]: message                         the journal, without date
//
// Around all that a container's runtime may have put an envelope, a [Record].
package header
