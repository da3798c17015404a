package header_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gaol/filter/header"
)

func TestParseRecord(t *testing.T) {
	const date = "2026-03-10T21:31:23.899999999Z"
	at := time.Date(2026, 3, 10, 21, 31, 23, 899999999, time.UTC)
	tests := []struct {
		name, line string
		stream     header.Stream
		partial    bool
		text       string
	}{
		{"Docker", `{"log":"some text\n","stream":"stdout","time":"` + date + `"}`, header.Stdout, false, "some text"},
		{"Docker, stderr", `{"log":"some text\n","stream":"stderr","time":"` + date + `"}`, header.Stderr, false, "some text"},
		{"Docker, attributes", `{"log":"x\n","stream":"stdout","attrs":{"tag":"a","b":"\"}"},"time":"` + date + `"}`, header.Stdout, false, "x"},
		{"Docker, no attributes", `{"log":"x\n","stream":"stdout","attrs":{},"time":"` + date + `"}`, header.Stdout, false, "x"},
		{"Docker, of a terminal", `{"log":"x\r\n","stream":"stdout","time":"` + date + `"}`, header.Stdout, false, "x"},
		{"Docker, partial", `{"log":"x","stream":"stdout","time":"` + date + `"}`, header.Stdout, true, "x"},
		{"Docker, partial with a carriage return", `{"log":"x\r","stream":"stdout","time":"` + date + `"}`, header.Stdout, true, "x\r"},
		{"Docker, partial with what looks like a line end", `{"log":"x\\n","stream":"stdout","time":"` + date + `"}`, header.Stdout, true, `x\n`},
		{"Docker, backslash before the line end", `{"log":"x\\\n","stream":"stdout","time":"` + date + `"}`, header.Stdout, false, `x\`},
		{"Docker, empty line", `{"log":"\n","stream":"stdout","time":"` + date + `"}`, header.Stdout, false, ""},
		{"Docker, escapes", `{"log":"\"\\\/\b\f\n\r\t\u003c\u00e9\ud83d\ude00\ud83dx\n","stream":"stdout","time":"` + date + `"}`, header.Stdout, false, "\"\\/\b\f\n\r\t<é😀\uFFFDx"},
		{"Docker, a record in the text", `{"log":"\",\"stream\":\"stderr\",\"time\":\"` + date + `\"}\n","stream":"stdout","time":"` + date + `"}`, header.Stdout, false, `","stream":"stderr","time":"` + date + `"}`},
		{"Docker, not UTF-8", "{\"log\":\"\xffx\\n\",\"stream\":\"stdout\",\"time\":\"" + date + "\"}", header.Stdout, false, "\uFFFDx"},
		{"Docker, with offset", `{"log":"x\n","stream":"stdout","time":"2026-03-10T22:31:23.899999999+01:00"}`, header.Stdout, false, "x"},
		{"CRI", date + " stdout F some text", header.Stdout, false, "some text"},
		{"CRI, stderr and offset", "2026-03-10T16:31:23.899999999-05:00 stderr F some text", header.Stderr, false, "some text"},
		{"CRI, partial", date + " stdout P some text", header.Stdout, true, "some text"},
		{"CRI, more tags", date + " stdout P:x:y some text", header.Stdout, true, "some text"},
		{"CRI, blanks", date + " stdout F  x ", header.Stdout, false, " x "},
		{"CRI, empty", date + " stdout F ", header.Stdout, false, ""},
		{"CRI, nothing behind the tag", date + " stdout F", header.Stdout, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := header.ParseRecord(tt.line)
			if !ok {
				t.Fatalf("no record: %q", tt.line)
			}
			text := string(got.AppendText(nil))
			if !got.Time.Equal(at) || got.Stream != tt.stream || got.Partial != tt.partial || text != tt.text {
				t.Errorf("got %+v with %q", got, text)
			}
			if got.Plain() && got.Text != text {
				t.Errorf("plain, but %q stands for %q", got.Text, text)
			}
			if place := got.Place(len(text)); place != got.At+len(got.Text) {
				t.Errorf("the text ends at %d, want %d", place, got.At+len(got.Text))
			}
			if stream, partial, ok := header.Piece(tt.line); !ok || stream != tt.stream || partial != tt.partial {
				t.Errorf("as a piece: %v, of %v, partial %v", ok, stream, partial)
			}
			if n := testing.AllocsPerRun(10, func() { header.ParseRecord(tt.line) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestNoRecord(t *testing.T) {
	for _, line := range []string{
		"", "{", `{"log":"`, `{"log":"x\n"}`, `{"log":"x\n","stream":"stdout"}`, `{"log":"x\n","stream":"stdin","time":"2026-03-10T21:31:23Z"}`,
		`{"log":"x\n","stream":"stdout","time":"2026-03-10T21:31:23Z"} `, `{"log":"x\n","stream":"stdout","time":"2026-03-10T21:31:23Z","y":1}`,
		`{"log":"x\n","stream":"stdout","time":"2026-13-10T21:31:23Z"}`, `{"log":"x\n","stream":"stdout","time":"10/Mar/2026"}`,
		`{"log":"x\q\n","stream":"stdout","time":"2026-03-10T21:31:23Z"}`, `{"log":"x\u00\n","stream":"stdout","time":"2026-03-10T21:31:23Z"}`,
		"{\"log\":\"x\x00\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-10T21:31:23Z\"}",
		`{"log":"x\n","stream":"stdout","attrs":{"a":1},"time":"2026-03-10T21:31:23Z"}`,
		`{"log":"x\n","stream":"stdout","attrs":{"a":"b",},"time":"2026-03-10T21:31:23Z"}`,
		"2026-03-10T21:31:23Z stdout", "2026-03-10T21:31:23Z stdout X text and more", "2026-03-10T21:31:23Z stdin F text and more", "2026-03-10T21:31:23 stdout F no zone in here",
		"2026-03-10T21:31:23Z host sshd[1]: text", "2026-03-10 21:31:23Z stdout F text", "2026-03-10T21:31:23Z  stdout F text",
	} {
		if got, ok := header.ParseRecord(line); ok {
			t.Errorf("%q is %+v", line, got)
		}
	}
}

type dockerRecord struct {
	Log    string            `json:"log"`
	Stream string            `json:"stream"`
	Attrs  map[string]string `json:"attrs,omitempty"`
	Time   time.Time         `json:"time"`
}

// What we see in a record is what encoding/json decodes, and we know all that it
// writes.
func FuzzParseRecord(f *testing.F) {
	f.Add(`{"log":"a\"\u003c\\n\r\n","stream":"stdout","attrs":{"a":"b","c":"d"},"time":"2026-03-10T21:31:23.5Z"}`, "text\n")
	f.Add(`{"log":"\ud83d\ude00\ud83d\n","stream":"stderr","time":"2026-03-10T21:31:23+01:00"}`, "\u2028<&>\t\x01\\\n")
	f.Add("2026-03-10T21:31:23.899999999Z stdout P:x text", "")
	f.Add("{\"log\":\"\xff\u00e9\",\"stream\":\"stderr\",\"time\":\"2026-03-10T21:31:23,5Z\"}", "\xffx\r\n")
	f.Fuzz(func(t *testing.T, line, text string) {
		check := func(line string) bool {
			got, ok := header.ParseRecord(line)
			if !ok {
				return false
			}
			if stream, partial, ok := header.Piece(line); !ok || stream != got.Stream || partial != got.Partial {
				t.Errorf("%q is a piece: %v, of %v, partial %v, but a record %+v", line, ok, stream, partial, got)
			}
			if !header.BeginsRecord(line) {
				return true
			}
			var want dockerRecord
			if err := json.Unmarshal([]byte(line), &want); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			out, whole := strings.CutSuffix(want.Log, "\n")
			if whole {
				out = strings.TrimSuffix(out, "\r")
			}
			stream := map[string]header.Stream{"stdout": header.Stdout, "stderr": header.Stderr}[want.Stream]
			if seen := string(got.AppendText(nil)); seen != out || got.Partial == whole || got.Stream != stream || !got.Time.Equal(want.Time) {
				t.Errorf("%q: got %q %+v, want %q %+v", line, seen, got, out, want)
			}
			return true
		}
		check(line)
		for _, html := range []bool{true, false} {
			for _, attrs := range []map[string]string{nil, {"a": text, text: "b"}} {
				var wrapped strings.Builder
				enc := json.NewEncoder(&wrapped)
				enc.SetEscapeHTML(html)
				if err := enc.Encode(dockerRecord{text, "stdout", attrs, time.Unix(1773178283, 5).UTC()}); err != nil {
					t.Fatal(err)
				}
				if one := strings.TrimSuffix(wrapped.String(), "\n"); !check(one) {
					t.Errorf("no record: %q", one)
				}
			}
		}
	})
}

func BenchmarkParseRecord(b *testing.B) {
	for name, line := range map[string]string{
		"Docker": `{"log":"2026-11-24T21:31:23+0000 ERROR Login failure 192.0.2.5\n","stream":"stdout","time":"2026-03-10T21:31:23.899999999Z"}`,
		"CRI":    `2026-03-10T21:31:23.899999999Z stdout F 2026-11-24T21:31:23+0000 ERROR Login failure 192.0.2.5`,
		"none":   `Mar 10 21:31:23 host sshd[123]: Failed password for root from 192.0.2.6 port 22 ssh2`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				header.ParseRecord(line)
			}
		})
	}
}
