// Package logs writes logs to measure gaol's speed on: always the same lines
// for the same number of them. Writing errors are the writer's to keep.
package logs
