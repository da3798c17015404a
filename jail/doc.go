// Package jail counts failures and decides who is banned, and until when.
//
// A [Jail] is plain state and arithmetic: it is told a failure and the time, and
// answers what to do. It starts no goroutine, reads no clock and touches neither disk nor
// firewall; packages store and action do that. Begin with [New] and [Jail.Observe].
//
// Counting is exact: a ban falls when MaxRetry failures of one prefix lie within a closed
// window of FindTime (the first and the last may be FindTime apart, and no more), in whatever order
// they come; one of weight 3 counts as three. It runs from the latest failure of that window. What is kept
// for it is bounded; findtime.go says by what, and why no decision depends on it. model_test.go is
// the same by definition, and what a jail is compared with.
//
// A host that has logged in ([Jail.Trust]) needs more failures for a while.
//
// An [Ignore] is who is never banned. It answers from memory; only [Ignore.Refresh] and its two halves,
// which belong off the path, read files and ask name servers, programs and web servers.
// [Operators] are who uses gaol, and [IgnoreMemory] is what outlives a restart.
package jail
