package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// library finds filter, jail and action files by name: those of the user, then the stock
// ones. It reads each once.
type library struct {
	stock fs.FS
	// dir is where the main file is.
	dir      string
	read     map[string]readResult // by file.name
	compiled map[variant]compiled
}

type readResult struct {
	doc *document
	err error
}

func newLibrary(opts Options) *library {
	return &library{stock: opts.Stock, dir: filepath.Dir(opts.file()), read: map[string]readResult{}, compiled: map[variant]compiled{}}
}

// open reads a file, or tells again what came of it.
func (l *library) open(f file) (*document, error) {
	r, ok := l.read[f.name()]
	if !ok {
		r.doc, r.err = f.read()
		l.read[f.name()] = r
	}
	return r.doc, r.err
}

// folders are where a kind of file is looked for, the user's first.
func (l *library) folders(folder string) []file {
	var folders []file
	if folder != "jail.d" {
		folders = append(folders, file{path: filepath.Join(l.dir, folder)})
	}
	if l.stock != nil {
		folders = append(folders, file{fsys: l.stock, path: folder})
	}
	return folders
}

// find is the file of that name in a folder such as "filter.d"; nil if there is none.
func (l *library) find(folder, name string) (*document, error) {
	if name == "" || strings.ContainsAny(name, "/\x00") || name[0] == '.' {
		return nil, nil
	}
	for _, f := range l.folders(folder) {
		f.path = f.join(name + ".toml")
		doc, err := l.open(f)
		if errors.Is(err, fs.ErrNotExist) && !f.isLink() {
			continue
		}
		return doc, err
	}
	return nil, nil
}

// action is the table of an action file, nil if there is none of that name.
func (l *library) action(name string) (*node, error) {
	doc, err := l.find("action.d", name)
	if doc == nil {
		return nil, err
	}
	return doc.root, nil
}

// names are the names of all files of a folder, in order.
func (l *library) names(folder string) []string {
	var names []string
	for _, f := range l.folders(folder) {
		files, _ := f.list() // a folder that can't be listed has no names to suggest
		for _, f := range files {
			names = append(names, f.baseName())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// baseName is the file's name without folder and ending.
func (f file) baseName() string {
	return strings.TrimSuffix(f.path[strings.LastIndexByte(f.path, '/')+1:], ".toml")
}
