package replay

import (
	"time"

	"gaol/jail"
)

const (
	// bins is how finely a timeline tells times apart: as many parts of it all.
	bins = 512
	// maxMarked bounds for how many hosts times are kept: of those that fail first after that many
	// others, a picture shows the bans alone.
	maxMarked = 200_000
	binWords  = bins / 64
)

// Timeline is when hosts failed, as parts of a time that grows with what is seen. The nil Timeline
// keeps nothing.
type Timeline struct {
	// start is where the first bin begins, width how long each is; 0: nothing is known yet.
	start, width int64
	marks        map[track]*[binWords]uint64
}

// track is a host in a jail.
type track struct {
	jail string
	who  jail.Key
}

func newTimeline() *Timeline { return &Timeline{marks: map[track]*[binWords]uint64{}} }

// failed marks a failure that was counted, or that fell into a ban.
func (t *Timeline) failed(name string, out jail.Outcome, at int64) {
	if t == nil {
		return
	}
	var of track
	switch {
	case out.Counted != nil:
		of = track{name, jail.Key{Prefix: out.Counted.Prefix, ID: out.Counted.ID}}
	case out.AlreadyBanned:
		of = track{name, out.Within}
	default:
		return
	}
	t.mark(of, at)
}

func (t *Timeline) mark(of track, at int64) {
	if t.width == 0 {
		t.start, t.width = at, int64(time.Second)
	}
	for at < t.start || at-t.start >= bins*t.width {
		t.widen(at)
	}
	m := t.marks[of]
	if m == nil {
		if len(t.marks) >= maxMarked {
			return
		}
		m = new([binWords]uint64)
		t.marks[of] = m
	}
	bin := (at - t.start) / t.width
	m[bin/64] |= 1 << (bin % 64)
}

// widen makes bins twice as long; where at lies before the start, the start moves back.
func (t *Timeline) widen(at int64) {
	shift := int64(0)
	if at < t.start {
		shift = bins // the old span becomes the upper half
		t.start -= bins * t.width
	}
	for _, m := range t.marks {
		var wide [binWords]uint64
		for bin := range int64(bins) {
			if m[bin/64]&(1<<(bin%64)) != 0 {
				to := (bin + shift) / 2
				wide[to/64] |= 1 << (to % 64)
			}
		}
		*m = wide
	}
	t.width *= 2
}

// finish keeps the times of those who are banned.
func (t *Timeline) finish(r *Result) {
	if t == nil {
		return
	}
	banned := map[track]*[binWords]uint64{}
	for _, b := range r.Bans {
		of := trackOf(b)
		if m := t.marks[of]; m != nil {
			banned[of] = m
		}
	}
	t.marks = banned
}

func trackOf(b jail.Ban) track { return track{b.Jail, jail.Key{Prefix: b.Prefix, ID: b.ID}} }

// spans calls each with the times, in nanoseconds, between which a host failed.
func (t *Timeline) spans(of track, each func(from, to int64)) {
	if t == nil || t.marks[of] == nil {
		return
	}
	m := t.marks[of]
	for bin := range int64(bins) {
		if m[bin/64]&(1<<(bin%64)) != 0 {
			each(t.start+bin*t.width, t.start+(bin+1)*t.width)
		}
	}
}
