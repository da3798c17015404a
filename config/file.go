package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// maxFileSize bounds one file. A configuration is some kilobytes; what is larger is
// some other file, or a list that belongs in a file of its own.
const maxFileSize = 1 << 20

var (
	errTooLarge = errors.New("larger than 1 MiB")
	errNotFile  = errors.New("not a regular file")
)

// file is a file that may be read, of the host (fsys nil) or the library.
type file struct {
	fsys fs.FS
	path string
}

// name is how problems call it.
func (f file) name() string {
	if f.fsys != nil {
		return "stock " + f.path
	}
	return f.path
}

// read reads and parses the file. Errors are [Problem]s.
func (f file) read() (*document, error) {
	text, err := f.text()
	if err != nil {
		return nil, f.problem(err)
	}
	if p := encodingProblem(text); p.What != "" {
		p.File = f.name()
		return nil, p
	}
	return parse(f.name(), string(text))
}

// encodingProblem finds what no text has. What is left is checked by the TOML package.
func encodingProblem(text []byte) Problem {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return Problem{Line: 1, Column: 1, What: "text in UTF-16", Hint: "save it as UTF-8"}
	}
	at := bytes.IndexByte(text, 0)
	if at < 0 {
		return Problem{}
	}
	return Problem{
		Line:   1 + bytes.Count(text[:at], []byte("\n")),
		Column: at - bytes.LastIndexByte(text[:at], '\n'),
		What:   "not text: it has a NUL byte",
	}
}

func (f file) text() ([]byte, error) {
	in, err := f.open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, syscall.EISDIR
	case !info.Mode().IsRegular():
		return nil, errNotFile
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFileSize {
		return nil, errTooLarge
	}
	return text, nil
}

func (f file) open() (fs.File, error) {
	if f.fsys != nil {
		return f.fsys.Open(f.path)
	}
	// Without O_NONBLOCK, opening a named pipe would wait for its writer.
	return os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// problem says why the file can't be read. The path stands in Problem.File, so that of
// the error is left out.
func (f file) problem(err error) Problem {
	p := Problem{File: f.name(), Err: err}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		p.Err = pathErr.Err
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		p.Hint = "let the user who runs gaol read it"
	case errors.Is(err, syscall.EISDIR):
		p.Hint = "only files may end in .toml here"
	case errors.Is(err, errTooLarge):
		p.Hint = `put long lists of addresses in a file of their own: ignoreip = ["file:/etc/gaol/allow.txt"]`
	}
	return p
}

// list finds the .toml files of a folder in the order of their names. A folder that
// isn't there has none. Hidden files, such as an editor's own, are passed over.
func (f file) list() ([]file, error) {
	var entries []fs.DirEntry
	var err error
	if f.fsys != nil {
		entries, err = fs.ReadDir(f.fsys, f.path)
	} else {
		entries, err = os.ReadDir(f.path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, f.problem(err)
	}
	var files []file
	for _, e := range entries {
		if name := e.Name(); len(name) > len(".toml") && name[0] != '.' && hasTOMLEnding(name) {
			files = append(files, file{f.fsys, f.join(name)})
		}
	}
	return files, nil
}

func hasTOMLEnding(name string) bool {
	return len(name) >= len(".toml") && name[len(name)-len(".toml"):] == ".toml"
}

func (f file) join(name string) string {
	return fmt.Sprintf("%s/%s", f.path, name)
}

// isLink says that there is a symbolic link, wherever it points: one that leads nowhere
// is a fault, not a missing file.
func (f file) isLink() bool {
	if f.fsys != nil {
		return false
	}
	info, err := os.Lstat(f.path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}
