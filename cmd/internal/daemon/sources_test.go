package daemon

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
	"gaol/filter"
)

func TestFilesOrJournal(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	stock := config.Jail{
		LogPath: []string{"/var/log/auth.log", "/var/log/secure"}, Journal: true, Either: true,
		Filter: filter.Spec{Journalmatch: []string{"_SYSTEMD_UNIT=ssh.service"}},
	}
	files := []string{"/var/log/auth.log", "/var/log/secure"}
	journal := []string{"journal:_SYSTEMD_UNIT=ssh.service"}
	const docker = "/var/lib/docker/containers/*/*-json.log"
	contained := stock
	contained.LogPath = []string{"/var/log/auth.log", docker}
	for _, tt := range []struct {
		name    string
		jail    config.Jail
		changed time.Duration // how long ago the first file was written; 0: it is not there
		journal bool
		want    []string
	}{
		{"a log that is being written", stock, time.Minute, true, files},
		{"a log left over from a syslog daemon", stock, 30 * 24 * time.Hour, true, journal},
		{"no log", stock, 0, true, journal},
		{"containers, and no log", contained, 0, true, append([]string{docker}, journal...)},
		{"containers, and a log that is being written", contained, time.Minute, true, contained.LogPath},
		{"no log and no journal", stock, 0, false, files},
		{"an old log and no journal", stock, 30 * 24 * time.Hour, false, files},
		{"files only, old", config.Jail{LogPath: files}, 30 * 24 * time.Hour, true, files},
		{"the journal only, and none here", config.Jail{Journal: true}, 0, false, []string{"journal:"}},
		{"both, as somebody has asked for", config.Jail{LogPath: files, Journal: true}, time.Minute, true, append(files, "journal:")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stat := func(glob string) (time.Time, bool) {
				if glob == docker {
					return now, true
				}
				return now.Add(-tt.changed), glob == "/var/log/auth.log" && tt.changed > 0
			}
			got := planFor(tt.jail, stat, tt.journal, now).patterns()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where a file is read from is found by the dates that the filter reads, in JSON as well.
func TestDateReader(t *testing.T) {
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	f, err := filter.Compile(filter.Spec{Failregex: []string{"<HOST>"}, JSON: []filter.JSON{{Message: []string{"msg"}, Time: []string{"at"}}}}, filter.Options{Timezone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	date := dateReader(config.Jail{Compiled: f}, now)
	for line, want := range map[string]time.Time{
		`{"at":1773178283}`:            now,
		`{"at":"2026-03-10 21:31:23"}`: now,
		"2026-03-10 21:31:23 x":        now,
		"x":                            {},
	} {
		if got, ok := date(line); !got.Equal(want) || ok == want.IsZero() {
			t.Errorf("%s: %s, %t", line, got, ok)
		}
	}
	if dateReader(config.Jail{}, now) != nil {
		t.Error("a jail without a filter dates lines")
	}
}
