package config

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
)

// Load reads everything that is configured. It never fails as a whole: what is wrong
// is in [Config.Problems]. It blocks for as long as reading the files takes, and may be
// called by several goroutines.
func Load(opts Options) *Config {
	return load(opts, opts.File != "")
}

// load is Load; mustExist says whether the main file has to be there.
func load(opts Options, mustExist bool) *Config {
	l := &loader{opts: opts, library: newLibrary(opts), owners: owners{}, config: &Config{File: opts.file()}}
	root := l.readMain(mustExist)
	l.readTop(merge(builtin(), root))
	l.config.Problems = arrange(l.config.Problems, l.files)
	return l.config
}

// loader is one call of Load.
type loader struct {
	opts    Options
	library *library
	config  *Config
	// files are the names of what was read, in order.
	files []string
	// owners are those of deny files, as far as jails are read.
	owners owners
}

// readMain reads the main file and conf.d, and merges them.
func (l *loader) readMain(mustExist bool) *node {
	main := file{path: l.opts.file()}
	root := l.readPart(nil, main, mustExist)
	dropIns := file{path: filepath.Join(filepath.Dir(main.path), "conf.d")}
	files, err := dropIns.list()
	if err != nil {
		l.unread(dropIns, err)
	}
	for _, f := range files {
		root = l.readPart(root, f, true)
	}
	return root
}

// readPart lays one file on top of what was read before.
func (l *loader) readPart(root *node, f file, mustExist bool) *node {
	l.files = append(l.files, f.name())
	doc, err := l.library.open(f)
	if err == nil {
		return merge(root, doc.root)
	}
	if mustExist || f.isLink() || !errors.Is(err, fs.ErrNotExist) {
		l.unread(f, err)
	}
	return root
}

// unread notes that what a file says is unknown.
func (l *loader) unread(f file, err error) {
	l.config.Unread = append(l.config.Unread, f.name())
	p, _ := errors.AsType[Problem](err)
	if f.path == l.opts.file() && errors.Is(err, fs.ErrNotExist) {
		p.Hint = "create it, or name another with --config"
	}
	l.config.Problems = append(l.config.Problems, p)
}

// readTop reads the merged tree: the tables of the daemon, then all jails.
func (l *loader) readTop(root *node) {
	c := l.opts.checker(l.library, "")
	t := top{Config: l.config}
	readKeys(c, root, topKeys(), &t)
	if t.defaults == nil { // it was no table, which is reported
		t.defaults = builtin().table[defaultTable]
	}
	defaults := l.readDefaults(c, t.defaults)
	l.config.Problems = append(l.config.Problems, c.problems...)
	l.readJails(defaults, t.jails)
}

// readDefaults checks [default] by itself, so that its faults show even when no
// jail inherits them, and gives the part that jails can inherit.
func (l *loader) readDefaults(c *checker, n *node) *node {
	keys := pick(jailKeys(), ofDefault, ofAll)
	readKeys(c, n, keys, &draft{})
	return n.only(names(keys))
}

// arrange puts problems in the order of files and lines, each once: what is wrong in a file
// that several jails share is one fault.
func arrange(problems []Problem, files []string) []Problem {
	place := func(p Problem) int {
		if i := slices.Index(files, p.File); i >= 0 {
			return i
		}
		return len(files)
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(problems, func(a, b Problem) bool {
		return a.File == b.File && a.Column == b.Column && a.Error() == b.Error()
	})
}
