package store

import (
	"database/sql"
	"path/filepath"
	"testing"
)

func openRaw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dataSource(path, true))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

func TestEveryOldSchemaIsBroughtUpToDate(t *testing.T) {
	all := migrations
	want := schemaOf(t, func(db *sql.DB) error { return migrate(t.Context(), db, all) })
	for version := range all {
		got := schemaOf(t, func(db *sql.DB) error {
			if err := migrate(t.Context(), db, all[:version]); err != nil {
				return err
			}
			return migrate(t.Context(), db, all)
		})
		if got != want {
			t.Errorf("from schema %d: got\n%s\nwant\n%s", version, got, want)
		}
	}
}

func schemaOf(t *testing.T, make func(*sql.DB) error) (schema string) {
	t.Helper()
	db := openRaw(t, filepath.Join(t.TempDir(), "db"))
	if err := make(db); err != nil {
		t.Fatal(err)
	}
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != len(migrations) {
		t.Fatalf("got version %d, %v", version, err)
	}
	if err := db.QueryRow("SELECT group_concat(sql, char(10)) FROM sqlite_schema").Scan(&schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestMigrationThatFailsChangesNothing(t *testing.T) {
	db := openRaw(t, filepath.Join(t.TempDir(), "db"))
	bad := []string{migrations[0], "CREATE TABLE later (x); INSERT INTO nowhere VALUES (1)"}
	if err := migrate(t.Context(), db, bad); err == nil {
		t.Fatal("a bad migration has worked")
	}
	var objects, version int
	if err := db.QueryRow("SELECT count(*), (SELECT user_version FROM pragma_user_version) FROM sqlite_schema").Scan(&objects, &version); err != nil {
		t.Fatal(err)
	}
	if objects != 0 || version != 0 {
		t.Errorf("got %d objects and version %d, want an empty file", objects, version)
	}
	if err := migrate(t.Context(), db, migrations); err != nil {
		t.Errorf("with good ones: %v", err)
	}
}
