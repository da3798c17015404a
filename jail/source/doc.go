// Package source brings lines out of files, the systemd journal and standard input.
//
// [Files] follows all log files of a set of patterns, [Journal] what journalctl
// prints; both have Run, which blocks, and Status, which does not, and hand over a
// [Batch] of lines at a time to an [Emit] function, which may block. [Open] and
// [ReadAll] read a recorded log once. What a line means is package filter's to
// say. Linux 4.11 or later is needed.
//
// # Positions
//
// A Batch says up to where its source has been handled. Whoever stores that
// together with what the lines led to, and hands it in at the next start, gets
// every line exactly once, however the process ended: [Batch.Position] replaces
// what is stored under the same path, device and inode, [Batch.Done] is to be
// deleted. Several files of one path are stored at the same time while a
// rotated one is still being followed. A batch without lines only stores where a
// file is to be resumed; a position without a path is none. Such a one comes of a file that
// is quiet every minute, so that its Seen stays young: it is all that is known of when a
// line without a date was written that is read after the next start ([Batch.Since]).
//
// # How files are followed
//
// Every file that a path leads to is opened as soon as it appears and followed by
// its descriptor, whatever becomes of the name:
//
//   - renamed and created anew: the old file is read on until a new one has
//     appeared and the old one has been quiet for [FilesOptions].Quiet; the new
//     one from its beginning, after the end of the old one has been reached. If
//     several rotations happened between two looks, or while nothing ran, the rotated
//     files beside the log are read as well, in order. They are known by their
//     names (x.log.1, x.log-20260310, x-20260310.log, x.log.old, and another number in
//     the same place for the targets of a link) and by not having been there before;
//   - copied and truncated: a file that is shorter than what was read, or
//     whose first KiB has another hash, is read from its beginning. What had not
//     been read by then is read from the copy, if there is one that begins with the
//     same bytes and is not compressed;
//   - a symbolic link that is switched, a file that is deleted and comes back, that
//     comes later, or with its whole directory: likewise.
//
// Changes are told by the kernel, through the watch package of
// github.com/nxadm/tail for files and an inotify instance of ours for directories. On
// network file systems, and where inotify is exhausted, files are looked at every
// 50 ms. Everything is looked at every [FilesOptions].Rescan besides.
//
// Whatever keeps a file from being read is a [Status].Problem and is tried again;
// it never ends a Run. The only thing that does, besides its context, is an error
// of Emit. A consumer that is slow makes its file wait and no other; nothing is
// queued. A line is delivered when its end has been written. One that is too
// long is cut, and while it grows no memory is spent on it.
//
// # What cannot be had
//
//   - A log that is truncated without a copy, or whose copy is compressed at
//     once: lines that were written after our last reading are lost. The reading is
//     some 0.1 ms behind the writing if the consumer keeps up, and never more than
//     100 ms.
//   - A log that is truncated twice between two readings: the lines in between,
//     copy or not.
//   - A log that is truncated and grows beyond what was read, with the very
//     same first KiB (or as much of it as had been read), between two looks is not
//     seen to be another.
//   - A file that is deleted before it was opened, which takes a millisecond from
//     its creation (without inotify: Rescan).
//   - A rotated file that is compressed while nothing runs: what was written to
//     it after its position is not read, and Status says so. Likewise if it was
//     renamed to something that does not look like a rotated file, or moved to
//     another directory.
//   - A last line without a line end, in a file that is let go.
//   - More than 4,000 files of one pattern in one directory: those that were written last are read.
//   - A journal record of more than 1 MiB as JSON; it is counted as dropped.
//   - Two rotations within one tick of a file system's clock that both fall between
//     two looks are put in order by the numbers in their names, which dates are not.
//     All lines come, but the order of the two files may be wrong; and if everything ends
//     right then, one of them may be read again or not at all.
package source
