package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"gaol/jail"
)

// How a ban differs in [Difference].
const (
	// New: only here. Gone: only there.
	New  = "new"
	Gone = "gone"
	// Earlier, Later: it begins before, or after, the one there.
	Earlier = "earlier"
	Later   = "later"
	// Longer, Shorter: it begins at the same time.
	Longer  = "longer"
	Shorter = "shorter"
)

// Difference is a ban that another configuration would not have made, or not so.
type Difference struct {
	Change string
	// Here and There are the bans; nil: there is none.
	Here, There *jail.Ban
}

// Compare says how the bans here differ from those there, in the order of their starts. Bans of one
// jail and target that begin at the same time are the same ban; the others are compared in their order.
func Compare(here, there []jail.Ban) []Difference {
	var list []Difference
	theirs := byTrack(there)
	ours := byTrack(here)
	for of, bans := range ours {
		list = append(list, compareBans(bans, theirs[of])...)
	}
	for of, bans := range theirs {
		if _, known := ours[of]; !known {
			list = append(list, compareBans(nil, bans)...)
		}
	}
	slices.SortFunc(list, func(a, b Difference) int {
		x, y := a.ban(), b.ban()
		return cmp.Or(x.Start.Compare(y.Start), strings.Compare(x.Jail, y.Jail), x.Prefix.Compare(y.Prefix), strings.Compare(x.ID, y.ID))
	})
	return list
}

// ban is the one of the two that there is.
func (d Difference) ban() *jail.Ban {
	if d.Here != nil {
		return d.Here
	}
	return d.There
}

func byTrack(bans []jail.Ban) map[track][]*jail.Ban {
	m := map[track][]*jail.Ban{}
	for i := range bans {
		of := trackOf(bans[i])
		m[of] = append(m[of], &bans[i])
	}
	return m
}

// compareBans compares the bans of one target.
func compareBans(here, there []*jail.Ban) []Difference {
	var list []Difference
	same := map[int64]*jail.Ban{}
	for _, b := range there {
		same[b.Start.UnixNano()] = b
	}
	var restHere, restThere []*jail.Ban
	for _, b := range here {
		other := same[b.Start.UnixNano()]
		if other == nil {
			restHere = append(restHere, b)
			continue
		}
		delete(same, b.Start.UnixNano())
		if change := lengthChange(b.End, other.End); change != "" {
			list = append(list, Difference{change, b, other})
		}
	}
	for _, b := range there {
		if same[b.Start.UnixNano()] == b {
			restThere = append(restThere, b)
		}
	}
	for i := range max(len(restHere), len(restThere)) {
		switch {
		case i >= len(restThere):
			list = append(list, Difference{New, restHere[i], nil})
		case i >= len(restHere):
			list = append(list, Difference{Gone, nil, restThere[i]})
		case restHere[i].Start.Before(restThere[i].Start):
			list = append(list, Difference{Earlier, restHere[i], restThere[i]})
		default:
			list = append(list, Difference{Later, restHere[i], restThere[i]})
		}
	}
	return list
}

// lengthChange compares ends; zero is never.
func lengthChange(here, there time.Time) string {
	switch {
	case here.Equal(there):
		return ""
	case here.IsZero() || !there.IsZero() && here.After(there):
		return Longer
	default:
		return Shorter
	}
}
