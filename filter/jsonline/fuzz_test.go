package jsonline_test

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter/jsonline"
)

// A reader and encoding/json agree on what is valid and on what stands where.
func FuzzRead(f *testing.F) {
	for _, line := range []string{
		caddyLine, `{"a":[{"b":1},2,[3]],"c":"\ud83d\ude00"}`, `{"a":1,"a":2}`, `{"a":{"b":1},"a":{"b":2}}`, `{"a":1}x`,
		`{"\u0061":"x\/\"\\` + "\xff" + `"}`, `{"a.b":1e5,"a":{"b":null}}`, ` [1]`, `{"a":[]}`, `{"":""}`,
	} {
		f.Add(line, "a.b", "a[*].b", `""`)
		f.Add(line, "request.headers.Accept[0]", "a[1]", `"a.b"`)
	}
	f.Fuzz(func(t *testing.T, line, path1, path2, path3 string) {
		var paths []jsonline.Path
		for _, text := range []string{path1, path2, path3} {
			p, err := jsonline.ParsePath(text)
			if err != nil {
				t.Skip()
			}
			paths = append(paths, p)
		}
		r := jsonline.NewReader(jsonline.NewFields(paths))
		fault := r.Read(line)
		if fault == jsonline.TooDeep {
			if strings.Count(line, "{")+strings.Count(line, "[") <= jsonline.MaxDepth {
				t.Errorf("%q is not deep", line)
			}
			return
		}
		var want map[string]any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		valid := json.Valid([]byte(line)) && decoder.Decode(&want) == nil && want != nil
		if fine := fault == jsonline.Fine || fault == jsonline.Twice; fine != valid {
			t.Fatalf("%q: fault %d, but valid is %t", line, fault, valid)
		}
		if repeats := valid && hasRepeated(t, line); fault == jsonline.Twice && !repeats {
			t.Errorf("%q: nothing stands there twice", line)
		}
		if fault != jsonline.Fine {
			return
		}
		for i, p := range paths {
			if diff := cmp.Diff(wanted(want, p.String()), texts(r, i)); diff != "" {
				t.Errorf("%s in %q (-want +got):\n%s", p, line, diff)
			}
		}
		for _, s := range jsonline.Strings(line) {
			if text := line[s.Start-1 : s.End+1]; !json.Valid([]byte(text)) {
				t.Errorf("%s in %q is no string", text, line)
			}
		}
	})
}

// hasRepeated says whether any key stands twice in one object.
func hasRepeated(t *testing.T, line string) bool {
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	type level struct {
		object, atValue bool
		keys            map[string]bool
	}
	var open []*level
	ended := func() {
		if len(open) > 0 {
			open[len(open)-1].atValue = false
		}
	}
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				open = append(open, &level{object: v == '{', keys: map[string]bool{}})
				continue
			}
			open = open[:len(open)-1]
			ended()
			continue
		case string:
			if last := open[len(open)-1]; last.object && !last.atValue {
				if last.keys[v] {
					return true
				}
				last.keys[v], last.atValue = true, true
				continue
			}
		}
		ended()
	}
}

// wanted are the texts that stand at a path in a decoded value.
func wanted(value any, path string) []string {
	for path != "" {
		key, rest := path, ""
		switch path[0] {
		case '[':
			index, rest, _ := strings.Cut(path[1:], "]")
			array, _ := value.([]any)
			if index == "*" {
				var all []string
				for _, v := range array {
					all = append(all, wanted(v, rest)...)
				}
				return all
			}
			n, _ := strconv.Atoi(index)
			if n >= len(array) {
				return nil
			}
			return wanted(array[n], rest)
		case '.':
			path = path[1:]
			continue
		case '"':
			var b strings.Builder
			i := 1
			for ; path[i] != '"'; i++ {
				if path[i] == '\\' && i+1 < len(path) {
					i++
				}
				b.WriteByte(path[i])
			}
			key, rest = b.String(), path[i+1:]
		default:
			if i := strings.IndexAny(path, ".["); i >= 0 {
				key, rest = path[:i], path[i:]
			}
		}
		object, _ := value.(map[string]any)
		v, ok := object[key]
		if !ok {
			return nil
		}
		value, path = v, rest
	}
	return atEnd(value)
}

func atEnd(value any) []string {
	array, ok := value.([]any)
	if !ok {
		return []string{textOf(value)}
	}
	var all []string
	for _, v := range array {
		all = append(all, textOf(v))
	}
	return all
}

func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case nil:
		return "null"
	}
	return "(container)"
}
