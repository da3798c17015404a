// Package filter turns log lines into failures.
//
// A [Spec] says what a filter looks for; [Compile] makes a [Filter] of it, once;
// a [Matcher] carries what a filter remembers from line to line of one source.
// [RunTests] runs the examples that a filter brings along, [Attack] tries to
// make it accuse the wrong one. What a failure leads to is package jail's to
// decide, where lines come from package source's. Nothing here reads a clock,
// looks up a name or blocks.
//
// # Patterns
//
// Patterns are in RE2 syntax (https://github.com/google/re2/wiki/Syntax), which
// takes time in proportion to the line whatever a stranger types. {,3} means
// {0,3}, and a name may be given to several groups. These tags stand for groups:
//
//	<HOST>           an address; with Options.Names a host name as well
//	<ADDR>           an IPv4 or IPv6 address, each bracket around it optional
//	<IP4> <IP6>      an address of that family, without brackets
//	<SUBNET>         an address and, if there is one, the length of its network
//	<CIDR>           such a length apart from its address
//	<DNS>            a host name or an IPv4 address
//	<SKIPLINES>      a line's end and any number of whole lines (see below)
//	<F-ID/>          what is to be banned, if that is no address
//	<F-PORT/>        a word kept as "port"
//	<F-USER>…</F-USER>
//	                 the account that was tried; any other name may stand for
//	                 USER, and (?P<name>…) is the same
//	<F-ALT_USER>…    the account, where F-USER captured none; ALT_USER_1,
//	                 ALT_USER_2 … are asked in the order of their names
//	<F-ID>… <F-PORT>… <F-ADDR>… <F-IP4>… <F-IP6>… <F-SUBNET>… <F-CIDR>… <F-DNS>…
//	                 as the short forms, with an expression of one's own
//	<F-CONTENT>…     in prefregex: the part that is left for failregex
//	<F-MLFID>…       what all lines of one session have in common
//	<F-NOFAIL>…      if not empty: no failure by itself, but part of a session
//	<F-MLFGAINED>…   if not empty: no failure, access was granted, which is a [Success]
//	                 where Options.Success asks for them
//	<F-MLFFORGET>…   if not empty: the session ends
//
// A tag may stand in a pattern more than once; of several texts captured under
// one name the first that is not empty counts. \<HOST> is the text "<HOST>", and
// so is any word in angle brackets that is no tag.
//
// What an address group captures must be one, whole: no zone id, no part of a
// longer number or of a host name. Otherwise the pattern does not match, and
// the next is tried.
//
// # Parameters
//
// What differs from host to host in a filter for many is a parameter (Spec.Params). Patterns say <NAME> for its value, in small
// letters, and so do the paths of rules for JSON; [Params] says what it stands for there.
//
// # Weights and successes
//
// A pattern may weigh more than one (Spec.Weights): for so many failures each of its own counts.
//
// Spec.Successregex has patterns for lines of logins that were let in. They are in the same language, see what
// failregex sees, and are asked if no failregex has matched. Whoever counts may trust such a host,
// so a pattern that a client can trick gives him more tries: tie it to both ends of
// the line, and let no text of his stand before the address that may look like the rest of it.
//
// # JSON
//
// Lines that are one JSON object each have rules of their own, [JSON]: conditions
// on fields, and where host, user and time stand. They look at a line of which the
// object is all that is left when header, or a date in front, is cut off. Of such lines
// nothing else is cut, so that failregexes see them with their date.
//
// What a field means must not depend on who reads it. A line that is not valid, that
// has something behind the object, or that has a field twice which a rule names (or an
// object around it), is missed.
//
// Which lines can match is decided by looking for letters, digits and some marks that no
// encoder is known to escape. A program that writes a letter of a key or of a text in
// question as \u0061 is not understood.
//
// # Patterns over several lines
//
// With Spec.MaxLines (maxlines) failregex sees the last so many messages of a source
// together, joined by line ends, and ^ and $ hold at each line. A pattern spans
// lines by \n or, with any number of other lines between them, <SKIPLINES>. prefregex
// sees each line by itself; lines it doesn't match are not among those messages, and neither
// are those of other daemons.
//
// A match is found with its last line, and that line's time is the failure's; where it
// bears none, that of the last line that did. The lines of the match are used up; those
// that <SKIPLINES> skipped stay. unless and ignoreregex see the lines of the match alone.
//
// Lines of two clients may stand between each other, and the pattern may take them for
// those of one. So let the address stand in the line that says what failed, or tie the lines
// together by a session (<F-MLFID>) instead.
//
// # What RE2 has no words for
//
// Look-around, back-references, conditions, atomic groups and possessive loops are errors, which
// say what to write instead: mostly a pattern in unless.
//
// # Filters written for fail2ban
//
// Spec.Fail2ban is set for filters that package config/fail2ban has read. Their patterns are in the
// dialect of Python: \d, \s and \w know all of Unicode, and what RE2 has no words for is allowed.
// Most of it can be said in RE2 syntax; what cannot is run by package backtrack, slower, and on a
// line that somebody made to take ever longer, not at all.
//
// They see what they see there: the whole line with its header, as a container has written
// it, with nothing but the date cut out, and a line end behind, which \s matches and before
// which $ holds. Where there are more than a few of them, ignoreregexes see only what a
// failregex has matched, of it what prefregex has left. What an address group captures must be an address, as in any other filter.
//
// # Containers
//
// Lines of a container's log are read without being told so, in the form of
// Docker's json-file and in that of the Container Runtime Interface (see package
// header). Patterns see what the container wrote, as if it had written a file; the
// time is the one that the runtime noted. A line that the runtime has split into
// several records matches nothing but patterns that are content with its
// beginning: where it was split may have been a client's choice.
package filter
