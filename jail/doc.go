// Package jail counts failures and decides who is banned, and until when.
//
// A [Jail] is plain state and arithmetic: it is told a failure and the time, and
// answers what to do. It starts no goroutine, reads no clock and touches neither disk nor
// firewall; packages store and action do that. Begin with [New] and [Jail.Observe].
package jail
