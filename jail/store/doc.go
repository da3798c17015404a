// Package store keeps what must outlive the process in one SQLite file: bans in force,
// failures that have been counted, who was let in, how far each log has been read, and the
// history of all bans.
//
// [Store.Commit] takes everything that handling some lines has led to, together with the
// position behind those lines, in one transaction. So whatever a crash takes away, it
// takes away the lines' effects and the fact that they were read together, and they are
// read again. Begin with [Open], [Store.Load] and [Store.Commit].
//
// # What is on the disk when
//
// The file is in WAL mode with synchronous=NORMAL
// (https://www.sqlite.org/pragma.html#pragma_synchronous). A committed transaction
// survives the death of the process at any moment. It is not flushed to the disk each
// time: after a power cut or a kernel crash the last transactions may be gone, each of
// them as a whole, and the file is consistent. What the log files still hold is then
// counted again. What they do not hold, which is everything done by hand, is flushed
// before Commit returns.
package store
