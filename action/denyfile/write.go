package denyfile

import (
	"bytes"
	"gaol/action"
	"net/netip"
	"os"
	"path/filepath"
)

// Format is how a prefix is written to a file.
type Format string

// The formats there are.
const (
	// Deny is a directive of nginx's ngx_http_access_module: "deny 192.0.2.1;".
	Deny Format = "deny"
	// Geo is a line in a block of nginx's ngx_http_geo_module: "192.0.2.1/32 1;".
	Geo Format = "geo"
	// Plain is the prefix alone, as in a file of patterns for haproxy's "src -f".
	Plain Format = "plain"
)

// Valid says whether there is such a format.
func (f Format) Valid() bool { return f == Deny || f == Geo || f == Plain }

// Line is what is written for one prefix.
func (f Format) Line(p netip.Prefix) string {
	normal, _ := action.Normal(p)
	return string(f.Render([]netip.Prefix{normal}))
}

// Render is the content of a file.
func (f Format) Render(prefixes []netip.Prefix) []byte {
	text := make([]byte, 0, 32*len(prefixes))
	for _, p := range prefixes {
		switch f {
		case Deny:
			text = append(p.AppendTo(append(text, "deny "...)), ";\n"...)
		case Geo:
			text = append(p.AppendTo(text), " 1;\n"...)
		case Plain:
			text = append(p.AppendTo(text), '\n')
		}
	}
	return text
}

// replace brings the file at path to text, and says whether that was another. The rename makes it
// happen at once, and the syncs make it last. Servers read it as users of their own, so all may.
func replace(path string, text []byte) (changed bool, err error) {
	info, err := os.Lstat(path)
	if err == nil && info.Mode().IsRegular() && info.Size() == int64(len(text)) {
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
			return false, nil
		}
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return false, err
	}
	// The name begins with a dot, so that no pattern of an include directive finds it.
	temp, err := os.CreateTemp(folder, ".gaol-*")
	if err != nil {
		return false, err
	}
	if err := fill(temp, text); err != nil {
		_ = os.Remove(temp.Name())
		return false, err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		_ = os.Remove(temp.Name())
		return false, err
	}
	return true, syncFolder(folder)
}

func fill(file *os.File, text []byte) error {
	_, err := file.Write(text)
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
