// Package demo shows the whole job of gaol on a stage of its own: a login page,
// somebody who guesses passwords, the ban, the connection that the kernel refuses,
// and the unban.
//
// [Play] starts this program again in a new user and network namespace, where [Perform]
// builds the stage and runs the real daemon. The host is not touched, and when the
// process ends nothing is left.
package demo
