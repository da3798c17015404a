package filter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/filter"
)

var recorded = time.Date(2026, time.March, 10, 21, 31, 23, 899999999, time.UTC)

// docker is text as Docker's json-file has it, without the record's line end.
func docker(text, stream string, html bool) string {
	var record strings.Builder
	enc := json.NewEncoder(&record)
	enc.SetEscapeHTML(html)
	err := enc.Encode(struct {
		Log    string    `json:"log"`
		Stream string    `json:"stream"`
		Time   time.Time `json:"time"`
	}{text, stream, recorded})
	if err != nil {
		panic(err)
	}
	return strings.TrimSuffix(record.String(), "\n")
}

// cri is text as containerd has it; tag is F, or P for a piece of a line.
func cri(text, stream, tag string) string {
	return fmt.Sprintf("%s %s %s %s", recorded.In(time.FixedZone("", 3600)).Format(time.RFC3339Nano), stream, tag, text)
}

// wrappings are text in each envelope.
func wrappings(text string) map[string]string {
	return map[string]string{
		"Docker": docker(text+"\n", "stdout", false), "Docker with HTML escaped": docker(text+"\n", "stderr", true), "CRI": cri(text, "stderr", "F"),
	}
}

func TestRecords(t *testing.T) {
	quoted := filter.Spec{Failregex: []string{`^user "<F-USER>.*</F-USER>" <at> \\x from <HOST>$`, `^"<F-USER>[^"]*</F-USER>" & <HOST>$`}}
	for _, tt := range []struct {
		name string
		spec filter.Spec
		text string
		want string
	}{
		{"no date", django, "ERROR Login failure 192.0.2.6", "192.0.2.6"},
		{"date without zone", django, "2026-01-01 00:00:00,899 ERROR Login failure 192.0.2.6", "192.0.2.6"},
		{"date inside", filter.Spec{Failregex: []string{`^\[\] ERROR from <HOST>$`}}, "[2026-01-01 00:00:00] ERROR from 192.0.2.6", "192.0.2.6"},
		{"syslog header", sshd, "Mar  1 00:00:00 host sshd[1]: Failed password for root from 192.0.2.1 port 22", "192.0.2.1 as root"},
		{"no syslog header, but one is asked for", sshd, "Failed password for root from 192.0.2.1 port 22", ""},
		{"another daemon", sshd, "Mar  1 00:00:00 host cron[1]: Failed password for root from 192.0.2.1 port 22", ""},
		{"date of a pattern", filter.Spec{Failregex: []string{`^x <HOST>$`}, Datepattern: []string{`^%Y%m%d`}}, "20260101 x 192.0.2.1", "192.0.2.1"},
		{"no date of that pattern", filter.Spec{Failregex: []string{`^x <HOST>$`}, Datepattern: []string{`^%Y%m%d`}}, "x 192.0.2.1", "192.0.2.1"},
		{"quotes and more", quoted, `user "a\"b<é` + "\x01" + `" <at> \x from 192.0.2.1`, `192.0.2.1 as a\"b<é` + "\x01"},
		{"a quote first", quoted, `"joe" & 192.0.2.1`, "192.0.2.1 as joe"},
		{"ignored", filter.Spec{Failregex: []string{`<HOST>`}, Ignoreregex: []string{`<"ok">`}}, `x <"ok"> 192.0.2.1`, ""},
		{"prefregex", filter.Spec{Prefregex: `^a"b: <F-CONTENT>.*</F-CONTENT>$`, Failregex: []string{`^x "<HOST>"$`}}, `a"b: x "192.0.2.1"`, "192.0.2.1"},
		{"a record in the text", django, docker("ERROR Login failure 192.0.2.6\n", "stdout", false), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for kind, text := range wrappings(tt.text) {
				f := compile(t, tt.spec, filter.Options{})
				got := f.NewMatcher().Match(line(text))
				if who := accused(got); who != strings.TrimSuffix(strings.SplitN(tt.want, " as ", 2)[0], " ") {
					t.Fatalf("%s: accused is %q, want %q: %s", kind, who, tt.want, f.NewMatcher().Explain(line(text)))
				}
				if got.Failure == nil {
					continue
				}
				if _, user, _ := strings.Cut(tt.want, " as "); got.Failure.User != user {
					t.Errorf("%s: user %q, want %q", kind, got.Failure.User, user)
				}
				if !got.Failure.Time.Equal(recorded) || got.Failure.Lines[0] != text {
					t.Errorf("%s: at %s, %q", kind, got.Failure.Time, got.Failure.Lines)
				}
			}
		})
	}
}

// A line that needs no more than a look allocates nothing.
func TestRecordAllocates(t *testing.T) {
	m := compile(t, django, filter.Options{}).NewMatcher()
	for kind, text := range wrappings(`all "is" well`) {
		if n := testing.AllocsPerRun(10, func() { m.Match(line(text)) }); n != 0 {
			t.Errorf("%s: %v allocations", kind, n)
		}
	}
}

// failuresOf is whom the filter accuses of the lines, handed over in several ways:
// one by one, in batches and in blocks of any size.
func failuresOf(t *testing.T, f *filter.Filter, lines []string) [][]string {
	t.Helper()
	var all [][]string
	note := func(who *[]string) func(filter.Result) {
		return func(r filter.Result) {
			if r.Failure != nil {
				*who = append(*who, r.Failure.Host)
			}
		}
	}
	var one []string
	m := f.NewMatcher()
	for _, text := range lines {
		note(&one)(m.Match(line(text)))
	}
	all = append(all, one)
	scanner := filter.NewScanner([]*filter.Filter{f})
	for size := 1; size <= len(lines); size++ {
		var batched, blocked, unknown []string
		m, inBlocks, stranger := f.NewMatcher(), f.NewMatcher(), f.NewMatcher()
		for part := range slices.Chunk(lines, size) {
			var batch []filter.Line
			for _, text := range part {
				batch = append(batch, line(text))
			}
			m.MatchAll(scanner.Scan(batch), func(_ int, r filter.Result) { note(&batched)(r) })
			stranger.MatchAll(filter.NewScanner(nil).Scan(batch), func(_ int, r filter.Result) { note(&unknown)(r) })
			block := strings.Join(part, "\n") + "\n"
			for at := f.Candidate(block, 0); at >= 0; {
				end := at + strings.IndexByte(block[at:], '\n')
				note(&blocked)(inBlocks.MatchCandidate(line(block[at:end]), block[:at]))
				at = f.Candidate(block, end+1)
			}
			inBlocks.Passed(block)
		}
		all = append(all, batched, blocked, unknown)
	}
	return all
}

// Where a runtime splits a line is the client's to choose, with a name that is long
// enough: what goes on in the next record begins no line, and what goes on does not
// end there.
func TestSplitRecords(t *testing.T) {
	f := compile(t, filter.Spec{Failregex: []string{`^ERROR Login failure (?:for .* from )?<HOST>$`, `^first <HOST>`}}, filter.Options{})
	const honest, forged, other = "ERROR Login failure 192.0.2.1", "ERROR Login failure 198.51.100.1", "all is well"
	name := "ERROR Login failure for " + strings.Repeat("x", 100)
	out := func(text string) string { return docker(text+"\n", "stdout", true) }
	piece := func(text string) string { return docker(text, "stdout", true) }
	err := func(text string) string { return docker(text+"\n", "stderr", true) }
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"whole lines", []string{out(honest), err(honest), cri(honest, "stdout", "F")}, []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}},
		{"begins where the name was split", []string{out(other), piece(name), out(forged), out(honest)}, []string{"192.0.2.1"}},
		{"ends where the name was split", []string{piece(name + " from 198.51.100.1"), out(" from 192.0.2.5"), out(honest)}, []string{"192.0.2.1"}},
		{"an address is split", []string{piece("first 198.51.100.1"), out("9 x")}, nil},
		{"three pieces", []string{piece(name), piece(forged), out(forged), out(honest)}, []string{"192.0.2.1"}},
		{"the other stream in between", []string{piece(name), err(honest), err(other), out(forged), out(honest)}, []string{"192.0.2.1", "192.0.2.1"}},
		{"both streams split", []string{piece(name), docker(name, "stderr", true), err(forged), out(forged), err(honest), out(honest)}, []string{"192.0.2.1", "192.0.2.1"}},
		{"CRI", []string{cri(name, "stdout", "P"), cri(forged, "stdout", "P:x"), cri(honest, "stderr", "F"), cri(forged, "stdout", "F"), cri(honest, "stdout", "F")}, []string{"192.0.2.1", "192.0.2.1"}},
		{"CRI, ends where the name was split", []string{cri(name+" from 198.51.100.1", "stdout", "P"), cri("", "stdout", "F")}, nil},
		{"the record's end was cut off", []string{piece(name)[:60] + filter.CutMark, out(forged), err(forged), out(honest)}, []string{"192.0.2.1"}},
		{"a line without envelope", []string{piece(name), "x", out(honest)}, []string{"192.0.2.1"}},
		{"an empty line", []string{piece(name), "", out(honest)}, []string{"192.0.2.1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for way, got := range failuresOf(t, f, tt.lines) {
				if !slices.Equal(got, tt.want) {
					t.Errorf("way %d: accused are %v, want %v", way, got, tt.want)
				}
			}
		})
	}
}

// Whatever the lines and however they come in, the same are accused.
func FuzzSplitRecords(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte{1, 6, 0, 8, 9, 3, 0, 7})
	compiled, err := filter.Compile(filter.Spec{Failregex: []string{`^x .*<HOST>$`}}, filter.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, picks []byte) {
		if len(picks) > 40 {
			t.Skip()
		}
		var lines []string
		for i, pick := range picks {
			text := fmt.Sprintf("x y 192.0.2.%d", i)
			stream := []string{"stdout", "stderr"}[pick>>4&1]
			switch pick & 7 {
			case 0, 1:
				lines = append(lines, docker(text+"\n", stream, true))
			case 2:
				lines = append(lines, docker(text, stream, true))
			case 3:
				lines = append(lines, cri(text, stream, "F"))
			case 4:
				lines = append(lines, cri(text, stream, "P"))
			case 5:
				lines = append(lines, text)
			case 6:
				lines = append(lines, docker("well\n", stream, true))
			default:
				lines = append(lines, docker(text, stream, true)[:30])
			}
		}
		all := failuresOf(t, compiled, lines)
		for way, got := range all {
			if !slices.Equal(got, all[0]) {
				t.Errorf("way %d: accused are %v, one by one %v", way, got, all[0])
			}
		}
	})
}

// A line that matches matches in every envelope, with the same host.
func FuzzWrapped(f *testing.F) {
	f.Add(`\[\] "ERROR" from <HOST>`, `[2026-03-10 21:31:23] "ERROR" from 192.0.2.1`)
	f.Add(`^<HOST> - \[\] "POST`, `192.0.2.1 - [10/Mar/2026:21:31:23 +0000] "POST /`)
	f.Add(`a\\b <HOST> <x>&`, `a\b 192.0.2.1 <x>&`)
	f.Add("a\tb\u2028c é <HOST>$", "a\tb\u2028c é 192.0.2.1")
	f.Add(`"+|user=<HOST>$`, `""user=192.0.2.1`)
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 1000 || strings.ContainsAny(text, "\r\n") {
			t.Skip()
		}
		compiled, err := filter.Compile(filter.Spec{Failregex: []string{pattern}}, filter.Options{})
		if err != nil {
			t.Skip()
		}
		want := compiled.NewMatcher().Match(line(text))
		if want.Failure == nil || strings.HasPrefix(text, "{") || text[0]-'0' <= 9 && strings.Contains(text, " std") {
			t.Skip() // or may be a record itself
		}
		for kind, wrapped := range wrappings(text) {
			got := compiled.NewMatcher().Match(line(wrapped))
			if accused(got) != accused(want) {
				t.Errorf("%q on %q: accuses %q, %s %q", pattern, text, accused(want), kind, accused(got))
			}
			if compiled.Candidate("x\n"+wrapped+"\nx", 2) != 2 {
				t.Errorf("%q on %q: no candidate, %s", pattern, text, kind)
			}
		}
	})
}
