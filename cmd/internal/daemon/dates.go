package daemon

import (
	"fmt"
	"strings"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// dateHold is how long a verdict on a log's dates stands. Where two programs write into one
// log, of which one has another time zone, right and wrong lines alternate: it must not be
// told of each line.
const dateHold = 10 * time.Second

// verdict says what is wrong with the dates of a log.
type verdict struct {
	// text is "" while all is well.
	text string
	// told is when text changed, wrong when the last wrong date was read.
	told, wrong time.Time
}

// see takes one more line that was read at now, text being what is wrong with it, and says
// whether the verdict has changed.
func (v *verdict) see(text string, now time.Time) bool {
	since := v.told
	if text != "" {
		v.wrong = now
	} else {
		since = v.wrong
	}
	if text == v.text || v.text != "" && now.Sub(since) < dateHold {
		return false
	}
	v.text, v.told = text, now
	return true
}

// judgeDateLocked says what is wrong with the dates of a log whose live lines
// had to be counted as now.
func (e *engine) judgeDateLocked(c *cell, f filter.Failure, o jail.Outcome) {
	if f.CatchUp {
		return
	}
	v := c.dates[f.Source]
	changed := v.see(dateText(f.Source, o), f.Read)
	if v.text == "" {
		delete(c.dates, f.Source)
	} else {
		c.dates[f.Source] = v
	}
	if changed {
		e.problems.set(c.name, "date:"+f.Source, v.text)
	}
}

func dateText(source string, o jail.Outcome) string {
	switch {
	case o.Undated:
		return fmt.Sprintf("%s: lines bear no date that gaol can read: they count as they are read; set datepattern if there is one", source)
	case o.Shift != 0:
		return fmt.Sprintf("%s: %s: lines count as they are read; set timezone if the log is in another one", source, shiftText(o.Shift))
	default:
		return ""
	}
}

// shiftText says by how much a log's dates are off; negative: they are in the past.
func shiftText(shift time.Duration) string {
	where := "ahead"
	if shift < 0 {
		shift, where = -shift, "behind"
	}
	shift = shift.Round(time.Minute)
	hours, minutes := int(shift.Hours()), int(shift.Minutes())%60
	var parts []string
	if hours > 0 {
		parts = append(parts, fmt.Sprintf("%d h", hours))
	}
	if minutes > 0 {
		parts = append(parts, fmt.Sprintf("%d min", minutes))
	}
	return fmt.Sprintf("runs %s %s", strings.Join(parts, " "), where)
}
