package fail2ban

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	// maxFileSize bounds one file: a filter is some kilobytes.
	maxFileSize = 1 << 20
	// maxFiles bounds how many are read for one filter, each as often as it is included. Files that include two
	// others each would else be read without end.
	maxFiles = 100
)

// includesSection names, in each file, what is to be read before it and after it.
const includesSection = "INCLUDES"

// reader reads files into settings.
type reader struct {
	settings settings
	// files are the paths of all that were read, each over those before it.
	files []string
	// open are those that are being read now, with those they are included by: one that is included by itself
	// is not read again.
	open     []string
	warnings []Problem
}

// readAll reads all files of one name, such as /etc/fail2ban/filter.d/sshd: first sshd.conf, which must be
// there, then sshd.d/*.conf, sshd.local and sshd.d/*.local.
func (r *reader) readAll(base string) error {
	if err := r.read(base + ".conf"); err != nil {
		return err
	}
	for _, paths := range [][]string{dropIns(base, ".conf"), {base + ".local"}, dropIns(base, ".local")} {
		for _, path := range paths {
			if err := r.readIfThere(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropIns are the files in a folder base.d that end so, in the order of their names.
func dropIns(base, ending string) []string {
	entries, err := os.ReadDir(base + ".d")
	if err != nil {
		return nil // as a rule there is no such folder
	}
	var paths []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ending) {
			paths = append(paths, filepath.Join(base+".d", e.Name()))
		}
	}
	return paths
}

func (r *reader) readIfThere(path string) error {
	err := r.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// read reads one file, with those it includes.
func (r *reader) read(path string) error {
	if slices.Contains(r.open, path) {
		return nil
	}
	if len(r.files)+len(r.open) == maxFiles {
		return place{path, 0}.problem(fmt.Sprintf("more than %d files are included", maxFiles), "include each file once")
	}
	text, err := textOf(path)
	if err != nil {
		return err
	}
	sections, err := parse(path, text)
	if err != nil {
		return err
	}
	r.open = append(r.open, path)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	if err := r.include(path, sections, "before"); err != nil {
		return err
	}
	r.files = append(r.files, path)
	for _, s := range sections {
		if s.name != includesSection {
			r.settings.add(s)
		}
	}
	return r.include(path, sections, "after")
}

// include reads what the file at path names in that option of its [INCLUDES], relative to its own folder, and for each
// NAME.conf also NAME.local.
func (r *reader) include(path string, sections []*section, which string) error {
	for _, s := range sections {
		o := s.find(which)
		if s.name != includesSection || o == nil {
			continue
		}
		for _, l := range o.lines {
			included := l.text
			if !filepath.IsAbs(included) {
				included = filepath.Join(filepath.Dir(path), included)
			}
			if err := r.readIncluded(included, l.place); err != nil {
				return about(err, includesSection, which)
			}
		}
	}
	return nil
}

func (r *reader) readIncluded(path string, at place) error {
	err := r.read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(path, ".local"):
		return nil // the place for what one may change
	case errors.Is(err, fs.ErrNotExist):
		r.warn(at.problem(fmt.Sprintf("there is no %s to include", quote(path)), ""))
	case err != nil:
		return err
	}
	if base, ok := strings.CutSuffix(path, ".conf"); ok {
		return r.readIfThere(base + ".local")
	}
	return nil
}

func (r *reader) warn(p Problem) {
	if !slices.Contains(r.warnings, p) {
		r.warnings = append(r.warnings, p)
	}
}

// textOf reads a file. Errors are of type [Problem].
func textOf(path string) (string, error) {
	// Without O_NONBLOCK, opening a named pipe would wait for its writer.
	in, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", unreadable(path, err)
	}
	defer in.Close()
	info, err := in.Stat()
	switch {
	case err != nil:
		return "", unreadable(path, err)
	case !info.Mode().IsRegular():
		return "", place{path, 0}.problem("not a file", "name a .conf file")
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFileSize+1))
	switch {
	case err != nil:
		return "", unreadable(path, err)
	case len(text) > maxFileSize:
		return "", place{path, 0}.problem("larger than 1 MiB", "leave out what is not configuration")
	}
	return string(text), nil
}

func unreadable(path string, err error) Problem {
	p := Problem{File: path, Err: err}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		p.Err = pathErr.Err // the path stands in File
	}
	if errors.Is(err, fs.ErrPermission) {
		p.Hint = "let the user who runs gaol read it"
	}
	return p
}
