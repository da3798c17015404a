package config

import (
	"io/fs"
	"net"
)

// DefaultFile is the main file when none is named.
const DefaultFile = "/etc/gaol/gaol.toml"

// Options say what to read.
type Options struct {
	// File is the main file, which then must exist; "" means [DefaultFile], which need
	// not.
	File string
	// Stock is the library (see the package comment); nil: there is none.
	Stock fs.FS
	// Enable names a jail that is read as if its table said enabled = true; "": none. It is for trying
	// a jail out.
	Enable string
	// LookupPort finds a port by its name in the network "tcp" or "udp". nil: names that
	// everybody uses are known, then /etc/services is asked, by [net.LookupPort].
	LookupPort func(network, service string) (int, error)
}

// file is the main file's path.
func (o Options) file() string {
	if o.File == "" {
		return DefaultFile
	}
	return o.File
}

func (o Options) checker(l *library, jail string) *checker {
	c := &checker{jail: jail, library: l, lookupPort: o.LookupPort}
	if c.lookupPort == nil {
		c.lookupPort = lookupPort
	}
	return c
}

// lookupPort knows the usual services, whatever the host's /etc/services has.
func lookupPort(network, service string) (int, error) {
	if port, ok := wellKnownPorts()[service]; ok {
		return port, nil
	}
	return net.LookupPort(network, service)
}
