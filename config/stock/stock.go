// Package stock is the library that ships in the binary: filters, the jails that
// use them, and actions, as the same TOML files that people write themselves.
//
// Every filter brings its own tests, many of them recorded from the service itself by the
// scripts in examples/record, the others after its source code and documentation, and lines
// by which a client tries to accuse somebody else.
package stock

import (
	"embed"
	"io/fs"
)

//go:embed filter.d/*.toml jail.d/*.toml action.d/*.toml
var files embed.FS

// FS has the folders filter.d, jail.d and action.d, each with files NAME.toml.
func FS() fs.FS { return files }
