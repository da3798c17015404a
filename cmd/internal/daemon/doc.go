// Package daemon wires the stages of gaol together: sources, filters, jails,
// actions, store and the control socket; it starts, reloads and stops them.
//
// [Run] is the whole of it. A line goes one way: a source's goroutine hands a
// batch of lines to [engine.handle], which matches them against the filters of
// the jails that read this source (tap.go), counts under one lock (engine.go), tells the
// actions' runners and queues what is to be stored (writer.go). None of that
// waits for the firewall or the disk. A jail that counts the bans of others has no source and no filter:
// it is handed each ban as a failure, where that is made (relapse.go).
package daemon
