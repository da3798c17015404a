// Package jsonline picks fields out of a log line that is one JSON object
// (RFC 8259).
//
// [ParsePath] reads where a field stands, [NewFields] makes a set of such paths,
// and a [Reader] finds what stands there in one line after the other. It walks
// over a line once, makes nothing of the parts that nobody asked for, and
// allocates nothing unless it finds more values than ever before.
//
// Two programs that read the same JSON may understand it differently where it
// is ambiguous, and who is to be banned must not depend on that. So a line
// counts only if it is one whole object and no more, valid in every part, and
// no wanted field stands in it twice.
package jsonline
