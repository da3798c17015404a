package store

import (
	"database/sql"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
	"gaol/jail"
)

var update = flag.Bool("update", false, "write the file of the newest schema to testdata")

// noon is when things happened that files in testdata tell of.
var noon = time.Unix(1773144000, 123456789)

// sample is what each file in testdata holds: sums, seconds and all else a version does not know are
// left out of it.
func sample() Changes {
	lifted := jail.Ban{
		Jail: "sshd", Prefix: netip.MustParsePrefix("192.0.2.1/32"), Start: noon, End: noon.Add(time.Hour), Count: 1, Failures: 5,
		User: "root", Lines: []string{"one", "two"}, By: "jail",
	}
	forever := jail.Ban{Jail: "web", ID: "it's me", Start: noon, Count: 3, By: "hand"}
	v6 := lifted
	v6.Prefix, v6.Count = netip.MustParsePrefix("2001:db8::/64"), 2
	return Changes{
		Bans:  []jail.Ban{lifted, forever, v6},
		Ended: []Ended{{Ban: lifted, At: noon.Add(time.Minute), By: "time"}},
		Counted: []jail.Counted{{
			Jail: "sshd", Prefix: netip.MustParsePrefix("198.51.100.7/32"), Time: noon, Read: noon, Until: noon.Add(12 * time.Minute),
			Weight: 1, User: "admin", Line: "Failed password for admin",
		}},
		Positions: []filter.Position{
			{Path: "/var/log/auth.log", Device: 1<<64 - 1, Inode: 2, Offset: 300, Fingerprint: 1 << 63, FingerprintSize: 5},
			{Path: "journal", Cursor: "s=1"},
		},
	}
}

// TestFilesOfOldVersions opens a file as each version has written it. They are kept as SQL, one a
// schema, made with -update before the next schema comes.
func TestFilesOfOldVersions(t *testing.T) {
	if *update {
		writeSample(t)
	}
	for version := 1; version <= len(migrations); version++ {
		t.Run(fmt.Sprintf("schema %d", version), func(t *testing.T) {
			s := openDump(t, dumpOf(version))
			want := sample()
			state, err := s.Load(t.Context(), noon)
			if err != nil || s.Broken() != nil || s.Damaged() != nil {
				t.Fatal(err, s.Broken(), s.Damaged())
			}
			var counted []jail.Counted
			if err := s.Counted(t.Context(), map[string]time.Duration{"sshd": time.Minute}, func(c jail.Counted) { counted = append(counted, c) }); err != nil {
				t.Fatal(err)
			}
			byPrefix := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
			for what, diff := range map[string]string{
				"bans":      cmp.Diff(want.Bans[1:], state.Bans, byPrefix),
				"counted":   cmp.Diff(want.Counted, counted, byPrefix),
				"positions": cmp.Diff(want.Positions, state.Positions),
				"earlier": cmp.Diff(map[string]map[jail.Key]int{
					"sshd": {{Prefix: want.Bans[0].Prefix}: 1, {Prefix: want.Bans[2].Prefix}: 2}, "web": {{ID: "it's me"}: 3},
				}, state.Earlier, byPrefix),
			} {
				if diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
			// It goes on as a file of this version does.
			if err := s.Commit(t.Context(), want); err != nil {
				t.Error(err)
			}
			if again, err := s.Load(t.Context(), noon); err != nil || len(again.Bans) != 2 || s.Damaged() != nil {
				t.Errorf("written again: %+v, %v, %v", again.Bans, err, s.Damaged())
			}
		})
	}
}

func dumpOf(version int) string {
	return filepath.Join("testdata", fmt.Sprintf("schema%d.sql", version))
}

// openDump makes a file of SQL and opens it.
func openDump(t *testing.T, dump string) *Store {
	t.Helper()
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatalf("%v: each schema needs its file: -update makes that of the newest", err)
	}
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	db := openRaw(t, path)
	if _, err := db.Exec(string(text)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// writeSample writes what this version makes of the sample.
func writeSample(t *testing.T) {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "gaol.sqlite3"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Commit(t.Context(), sample()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dumpOf(len(migrations)), []byte(dump(t, s.db)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// dump is a database as SQL, which can be read and compared where its file cannot.
func dump(t *testing.T, db *sql.DB) string {
	t.Helper()
	var out strings.Builder
	each := func(query string, row func(text string)) {
		rows, err := db.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			row(text)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	var tables []string
	each("SELECT name FROM sqlite_schema WHERE type = 'table'", func(name string) { tables = append(tables, name) })
	each("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL", func(sql string) { out.WriteString(sql + ";\n") })
	for _, table := range tables {
		var columns []string
		each("SELECT name FROM pragma_table_info('"+table+"')", func(name string) { columns = append(columns, "quote("+name+")") })
		each("SELECT "+strings.Join(columns, "||', '||")+" FROM "+table, func(values string) {
			fmt.Fprintf(&out, "INSERT INTO %s VALUES (%s);\n", table, values)
		})
	}
	each("SELECT 'PRAGMA application_id = '||application_id||';' FROM pragma_application_id", func(text string) { out.WriteString(text + "\n") })
	each("SELECT 'PRAGMA user_version = '||user_version||';' FROM pragma_user_version", func(text string) { out.WriteString(text + "\n") })
	return out.String()
}
