package source

import (
	"path/filepath"
	"slices"
)

// This file watches the directories in which something can change, and says of which logs it
// could not.

// watchDirs watches the directories of patterns and of all logs. It returns what is wrong
// with those that can't be watched.
func (l *looker) watchDirs(patterns []Pattern) (unwatched map[string]string) {
	if l.dirs == nil {
		return nil
	}
	var dirs []string
	for _, p := range patterns {
		dirs = append(dirs, directories(p.Glob)...)
	}
	for _, t := range l.files.eachTrail() {
		dirs = append(dirs, filepath.Dir(t.real))
	}
	slices.Sort(dirs)
	unwatched = map[string]string{}
	for dir, err := range l.dirs.set(slices.Compact(dirs)) {
		unwatched[dir] = "watching " + dir + ": " + err.Error()
	}
	return unwatched
}

// tellUnwatched shows what is wrong with a directory with the logs in it, and, where a pattern has
// none there, adds it to the pattern's troubles.
func (l *looker) tellUnwatched(unwatched map[string]string, patterns []Pattern, paths found, troubles map[string]string) {
	var problems map[*trail][]string
	if len(unwatched) > 0 {
		problems = l.unwatchedLogs(unwatched, patterns, paths, troubles)
	}
	for _, t := range l.files.eachTrail() {
		t.setUnwatched(joinProblems(problems[t]))
	}
}

func (l *looker) unwatchedLogs(unwatched map[string]string, patterns []Pattern, paths found, troubles map[string]string) map[*trail][]string {
	problems := map[*trail][]string{}
	for _, t := range l.files.eachTrail() {
		// Where a link leads, its log is rotated.
		problems[t] = []string{unwatched[filepath.Dir(t.real)]}
	}
	matches := paths.byGlob()
	for _, p := range patterns {
		for _, dir := range directories(p.Glob) {
			problem, ok := unwatched[dir]
			if !ok {
				continue
			}
			logs := p.within(dir, matches[p.Glob])
			for _, path := range logs {
				t := l.holder(path)
				problems[t] = append(problems[t], problem)
			}
			if len(logs) == 0 {
				troubles[p.Glob] = joinProblems([]string{troubles[p.Glob], problem})
			}
		}
	}
	return problems
}

// within are those of the pattern's matches that lie in dir. A path lies in each directory that is
// watched for it: as long as it leads to no file, that is one above it.
func (p Pattern) within(dir string, matches []string) []string {
	if p.literal() {
		return matches
	}
	return slices.DeleteFunc(slices.Clone(matches), func(path string) bool { return filepath.Dir(path) != dir })
}

// holder is the trail that follows the file of path.
func (l *looker) holder(path string) *trail {
	t, _ := l.files.trailOf(path)
	if t.alias != nil {
		return t.alias
	}
	return t
}
