package replay

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gaol/jail"
)

// Measures of a picture, in pixels.
const (
	labelWidth = 300
	chartWidth = 960
	margin     = 16
	rowHeight  = 18
	barHeight  = 10
	headHeight = 92
	axisHeight = 34
)

// pictureRows is how many targets have a row of their own.
const pictureRows = 60

// Picture draws the bans of r over time as SVG: a row for each target that is banned, those banned
// first on top, its bans as bars, and as ticks its failures if r has a Timeline. What there is no room
// for is summed up in a last row.
func Picture(r *Result, title string) string {
	d := drawing{result: r, from: r.From, to: r.To}
	rows, rest := d.rows()
	height := headHeight + rowHeight*len(rows) + axisHeight + margin
	if len(rest) > 0 {
		height += rowHeight
	}
	width := labelWidth + chartWidth + 2*margin
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`,
		width, height, width, height)
	d.add(`<title>%s</title>`, escape(title))
	d.add(`<rect width="100%%" height="100%%" fill="#ffffff"/>`)
	d.head(title)
	y := headHeight
	bottom := height - axisHeight - margin
	d.axis(headHeight-6, bottom)
	for _, row := range rows {
		d.row(y, row)
		y += rowHeight
	}
	if len(rest) > 0 {
		d.sum(y, rest)
	}
	d.add(`</svg>`)
	return d.out.String()
}

// drawing is a picture on its way.
type drawing struct {
	result   *Result
	from, to time.Time
	out      strings.Builder
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.out, format+"\n", args...) }

// pictureRow is one target with its bans.
type pictureRow struct {
	of   track
	bans []jail.Ban
}

// rows groups bans by target; rest are those of the targets that have no room.
func (d *drawing) rows() (rows []pictureRow, rest []jail.Ban) {
	index := map[track]int{}
	for _, b := range d.result.Bans {
		if d.from.IsZero() || b.Start.Before(d.from) {
			d.from = b.Start
		}
		if b.Start.After(d.to) {
			d.to = b.Start
		}
		of := trackOf(b)
		i, known := index[of]
		switch {
		case known && i >= 0:
			rows[i].bans = append(rows[i].bans, b)
		case !known && len(rows) < pictureRows:
			index[of] = len(rows)
			rows = append(rows, pictureRow{of, []jail.Ban{b}})
		default:
			index[of] = -1
			rest = append(rest, b)
		}
	}
	if !d.to.After(d.from) {
		d.to = d.from.Add(time.Second)
	}
	return rows, rest
}

// head writes the title and the legend.
func (d *drawing) head(title string) {
	r := d.result
	d.add(`<text x="%d" y="26" font-size="16" font-weight="bold">%s</text>`, margin, escape(title))
	d.add(`<text x="%d" y="46" fill="#555555">lines: %d, failures: %d, bans: %d</text>`, margin, r.Lines, r.Failures, len(r.Bans))
	d.add(`<line x1="%d" y1="57" x2="%d" y2="69" stroke="#b35900" stroke-width="2"/>`, margin+2, margin+2)
	d.add(`<text x="%d" y="68">failed</text>`, margin+10)
	d.add(`<rect x="%d" y="58" width="30" height="%d" fill="#2b6cb0"/>`, margin+70, barHeight)
	d.add(`<text x="%d" y="68">banned</text>`, margin+106)
	d.add(`<rect x="%d" y="58" width="30" height="%d" fill="#1a365d"/>`, margin+170, barHeight)
	d.add(`<text x="%d" y="68">banned for ever</text>`, margin+206)
}

// x is where a time stands; times outside stand at the edge.
func (d *drawing) x(at time.Time) float64 {
	share := float64(at.Sub(d.from)) / float64(d.to.Sub(d.from))
	return labelWidth + margin + chartWidth*min(max(share, 0), 1)
}

// row draws one target.
func (d *drawing) row(y int, row pictureRow) {
	name := row.bans[0].Target() + "  " + row.bans[0].Jail
	d.label(y, name)
	d.bars(y, row.bans, 1)
	d.result.Timeline.spans(row.of, func(from, to int64) {
		x := d.x(time.Unix(0, (from+to)/2))
		d.add(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#b35900" stroke-width="1.5"/>`, x, y+1, x, y+rowHeight-4)
	})
}

// sum draws all that there was no room for in one row.
func (d *drawing) sum(y int, bans []jail.Ban) {
	targets := map[track]bool{}
	for _, b := range bans {
		targets[trackOf(b)] = true
	}
	d.label(y, fmt.Sprintf("%d more, with %d bans", len(targets), len(bans)))
	d.bars(y, bans[:min(len(bans), maxBars)], 0.25)
}

// maxBars bounds the bars of the last row.
const maxBars = 2000

func (d *drawing) bars(y int, bans []jail.Ban, opacity float64) {
	for _, b := range bans {
		from, to, colour := d.x(b.Start), d.x(b.End), "#2b6cb0"
		until := b.End.Format(pictureTime)
		if b.Forever() {
			to, colour, until = d.x(d.to), "#1a365d", "for ever"
		}
		d.add(`<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s" fill-opacity="%.2f"><title>%s</title></rect>`,
			from, y+3, max(to-from, 2), barHeight, colour, opacity,
			escape(fmt.Sprintf("%s in %s: ban %d, %s to %s", b.Target(), b.Jail, b.Count, b.Start.Format(pictureTime), until)))
	}
}

const pictureTime = "2006-01-02 15:04:05"

// maxLabel is how many characters of a target have room: an IPv6 prefix and a jail.
const maxLabel = 44

func (d *drawing) label(y int, name string) {
	if utf8.RuneCountInString(name) > maxLabel {
		name = string([]rune(name)[:maxLabel-1]) + "…"
	}
	d.add(`<text x="%d" y="%d">%s</text>`, margin, y+12, escape(name))
}

// steps are the distances that an axis may have between its times.
var steps = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour,
	12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour, 91 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// axis draws lines at round times, with the times below.
func (d *drawing) axis(top, bottom int) {
	const most = 8
	step := steps[len(steps)-1]
	if i := slices.IndexFunc(steps, func(s time.Duration) bool { return d.to.Sub(d.from) <= most*s }); i >= 0 {
		step = steps[i]
	}
	// A span of centuries has lines that are further apart.
	for d.to.Sub(d.from) > most*step && step < step*2 {
		step *= 2
	}
	format := "01-02 15:04"
	switch {
	case step < time.Minute:
		format = "15:04:05"
	case step >= 24*time.Hour:
		format = "2006-01-02"
	}
	for at := d.from.Truncate(step); !at.After(d.to); at = at.Add(step) {
		if at.Before(d.from) {
			continue
		}
		x := d.x(at)
		d.add(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/>`, x, top, x, bottom+6)
		d.add(`<text x="%.1f" y="%d" text-anchor="middle" fill="#555555">%s</text>`, x, bottom+22, escape(at.Format(format)))
	}
}

// escape makes text a part of an XML document: whatever a stranger wrote into a log is text there,
// and nothing else. What XML 1.0 (section 2.2) has no place for, even escaped, and what turns the
// direction of writing becomes U+FFFD.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case !isPrintable(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isPrintable says whether a character is seen and does nothing; those past U+FFFD that XML lacks are not.
func isPrintable(r rune) bool { return unicode.IsPrint(r) && r != 0xfffe && r != 0xffff }
