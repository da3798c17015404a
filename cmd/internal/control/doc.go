// Package control is the way to talk to a running gaol: HTTP and JSON on a unix
// socket.
//
// [Handler] serves a [Daemon]; [Client] asks one. The command line is the first
// client and uses nothing else. The types here are the JSON of `gaol … --json`
// as well; openapi.json describes all of it, and a test holds it against the
// server.
package control
