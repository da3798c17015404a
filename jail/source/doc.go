// Package source brings lines out of files, the journal and standard input.
package source
