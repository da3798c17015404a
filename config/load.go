package config

import "gaol/filter"

// Load reads everything that is configured. It never fails as a whole: what is wrong
// is in [Config.Problems].
func Load(opts Options) *Config {
	c := &Config{File: opts.File}
	if c.File == "" {
		c.File = DefaultFile
	}
	return c
}

// LoadFilter reads one filter: name is that of a file in filter.d or the stock
// library ("sshd"), with a mode behind it if one is asked for
// ("sshd[mode=aggressive]"), or the path of a .toml file.
func LoadFilter(opts Options, name string) (filter.Spec, []Problem) {
	return filter.Spec{Name: name}, nil
}

// FilterNames are the filters known, in alphabetical order: the stock ones and those in
// filter.d.
func FilterNames(opts Options) []string { return nil }
