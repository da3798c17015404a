package replay_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/replay"
	"gaol/jail"
)

// elements reads a document to its end, and counts its elements by name.
func elements(t *testing.T, doc string) (counts map[string]int, text string) {
	t.Helper()
	counts = map[string]int{}
	var b strings.Builder
	for dec := xml.NewDecoder(strings.NewReader(doc)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return counts, b.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		switch token := token.(type) {
		case xml.StartElement:
			counts[token.Name.Local]++
		case xml.CharData:
			b.Write(token)
		}
	}
}

func TestPicture(t *testing.T) {
	p := newPlace(t, app("app", `logpath = ["DIR/app.log"]`))
	p.write("app.log", failed(0, "192.0.2.1")+failed(1000, "192.0.2.1")+failed(1001, "192.0.2.1")+failed(1002, "192.0.2.1")+failed(4000, "192.0.2.2"))
	r := p.run(p.options("app.log"))
	counts, text := elements(t, replay.Picture(r, "a picture"))
	// The ground, two of the legend, one ban; the legend's tick, two of failures (the last ones are too near to
	// be told apart), and those of the axis.
	if counts["rect"] != 4 || counts["line"] < 3 || !strings.Contains(text, "192.0.2.1  app") || strings.Contains(text, "192.0.2.2") {
		t.Errorf("got %v\n%s", counts, text)
	}
	for _, want := range []string{"a picture", "failed", "banned for ever", "lines: 5, failures: 5, bans: 1", "03-10 12:15"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

func TestPictureIsBounded(t *testing.T) {
	r := &replay.Result{}
	for i := range 5000 {
		r.Bans = append(r.Bans, ban(fmt.Sprintf("10.0.%d.%d", i/250, i%250), i, 60), ban(fmt.Sprintf("10.0.%d.%d", i/250, i%250), i+7000, 0))
	}
	picture := replay.Picture(r, "many")
	if _, text := elements(t, picture); len(picture) > 1<<20 || !strings.Contains(text, "4940 more, with 9880 bans") {
		t.Errorf("got %d bytes", len(picture))
	}
}

func TestPictureOfNothing(t *testing.T) {
	if _, text := elements(t, replay.Picture(&replay.Result{}, "nothing")); !strings.Contains(text, "bans: 0") {
		t.Errorf("got %s", text)
	}
}

func TestPictureOfACenturyAndMore(t *testing.T) {
	r := &replay.Result{From: time.Unix(0, 0), To: time.Unix(0, 0).AddDate(400, 0, 0), Bans: []jail.Ban{ban("192.0.2.1", 0, 0)}}
	if picture := replay.Picture(r, "long"); len(picture) > 1<<20 {
		t.Errorf("got %d bytes", len(picture))
	}
}

// Whatever a stranger has a log say, the picture has the same elements, and says nothing else.
func FuzzPictureStaysAPicture(f *testing.F) {
	f.Add("bob", "t")
	f.Add(`</text><script>alert(1)</script>`, `"&lt;]]>`)
	f.Add("\x00\x1b[2J\u202e\ufffe", "\xff")
	f.Fuzz(func(t *testing.T, id, title string) {
		picture := func(id, title string) map[string]int {
			b := jail.Ban{Jail: "app", ID: id, Start: noon, End: noon.Add(time.Minute)}
			counts, text := elements(t, replay.Picture(&replay.Result{Bans: []jail.Ban{b}}, title))
			if strings.ContainsAny(text, "\x00\x1b\u202e") {
				t.Errorf("got %q", text)
			}
			return counts
		}
		got, want := picture("x"+id, title), picture("x", "t")
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
