package store

import (
	"context"
	"database/sql"
	"fmt"
)

// applicationID marks our files ("gaol"), https://www.sqlite.org/pragma.html#pragma_application_id.
const applicationID = 0x67616f6c

// migrations bring a file from the version that is their index to the next one. They are never
// changed once released; a new one is added at the end.
//
// Times are nanoseconds since 1970. A target is a prefix or an id, the other one is "".
var migrations = []string{`
CREATE TABLE bans (
	jail     TEXT NOT NULL,
	prefix   TEXT NOT NULL,
	id       TEXT NOT NULL,
	start    INTEGER NOT NULL,
	ends     INTEGER,              -- NULL: never
	count    INTEGER NOT NULL,     -- the how-manieth ban of its target
	failures INTEGER NOT NULL,
	user     TEXT NOT NULL,
	lines    TEXT NOT NULL,        -- a JSON array
	made_by  TEXT NOT NULL,        -- jail, hand
	ended    INTEGER,              -- when it was lifted; NULL: not yet
	ended_by TEXT NOT NULL DEFAULT '',
	pardoned INTEGER NOT NULL DEFAULT 0, -- lifted by hand: it is no earlier ban any more
	PRIMARY KEY (jail, prefix, id, start)
);
CREATE INDEX bans_target ON bans (prefix, jail, id, pardoned, count);
CREATE TABLE counted (
	jail   TEXT NOT NULL,
	prefix TEXT NOT NULL,
	id     TEXT NOT NULL,
	time   INTEGER NOT NULL,
	read   INTEGER NOT NULL,       -- when it was counted
	until  INTEGER NOT NULL,       -- when it can no longer be part of a ban
	user   TEXT NOT NULL,
	line   TEXT NOT NULL
);
CREATE INDEX counted_target ON counted (prefix, jail, id);
CREATE INDEX counted_until ON counted (jail, until);
CREATE TABLE positions (
	path             TEXT NOT NULL,
	device           INTEGER NOT NULL,
	inode            INTEGER NOT NULL,
	offset           INTEGER NOT NULL,
	fingerprint      INTEGER NOT NULL,
	fingerprint_size INTEGER NOT NULL,
	cursor           TEXT NOT NULL,
	serial           INTEGER NOT NULL, -- grows with each write
	PRIMARY KEY (path, device, inode)
) WITHOUT ROWID;
`, `
ALTER TABLE positions ADD COLUMN seen INTEGER NOT NULL DEFAULT 0; -- when the file ended there; 0: not known
CREATE INDEX positions_serial ON positions (serial); -- each write asks for the last one
`, `
-- What tells damaged rows (sum.go); NULL: written before there was one.
ALTER TABLE bans ADD COLUMN sum INTEGER;
ALTER TABLE counted ADD COLUMN sum INTEGER;
ALTER TABLE positions ADD COLUMN sum INTEGER;
-- The failregexes that have matched. Failures name them by number: a text is as long as a line.
CREATE TABLE patterns (
	number INTEGER PRIMARY KEY,
	text   TEXT NOT NULL UNIQUE
);
ALTER TABLE counted ADD COLUMN pattern INTEGER NOT NULL DEFAULT 0; -- 0: not known
ALTER TABLE bans ADD COLUMN patterns TEXT NOT NULL DEFAULT '[]';   -- a JSON array of numbers, one for each of lines
CREATE INDEX bans_id ON bans (id) WHERE id != '';
CREATE INDEX counted_id ON counted (id) WHERE id != '';
ALTER TABLE counted ADD COLUMN weight INTEGER NOT NULL DEFAULT 1; -- for how many failures it counts
CREATE TABLE trusted (
	jail   TEXT NOT NULL,
	prefix TEXT NOT NULL,
	id     TEXT NOT NULL,
	time   INTEGER NOT NULL,       -- when it was let in last
	read   INTEGER NOT NULL,
	until  INTEGER NOT NULL,       -- when that can no longer matter
	PRIMARY KEY (jail, prefix, id)
);
CREATE INDEX trusted_until ON trusted (jail, until);
ALTER TABLE bans ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0; -- 1: it was never enforced
CREATE INDEX bans_shadow ON bans (prefix, jail, id) WHERE shadow = 1;
`, `
CREATE TABLE notices (
	seq    INTEGER PRIMARY KEY,
	action TEXT NOT NULL,
	queue  TEXT NOT NULL,
	event  TEXT NOT NULL           -- a JSON document
);
CREATE TABLE told (
	queue  TEXT NOT NULL,
	target TEXT NOT NULL,
	at     INTEGER NOT NULL,
	until  INTEGER NOT NULL,       -- when it does not matter any more
	PRIMARY KEY (queue, target)
);
`}

// migrate does the steps that the file has not seen yet, in one transaction.
func migrate(ctx context.Context, db *sql.DB, steps []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	version, err := versionOf(ctx, tx)
	if err != nil || version == len(steps) {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w (schema %d, this one knows %d): use that version, or move the file away", ErrNewerSchema, version, len(steps))
	}
	for n, step := range steps[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("bringing schema %d to %d: %w", version+n, version+n+1, err)
		}
	}
	set := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(steps))
	if _, err := tx.ExecContext(ctx, set); err != nil {
		return err
	}
	return tx.Commit()
}

// versionOf reads the schema's version, 0 for an empty file.
func versionOf(ctx context.Context, tx *sql.Tx) (version int, err error) {
	var application, objects int
	for _, ask := range []struct {
		query string
		to    *int
	}{
		{"PRAGMA application_id", &application},
		{"PRAGMA user_version", &version},
		{"SELECT count(*) FROM sqlite_schema", &objects},
	} {
		if err := tx.QueryRowContext(ctx, ask.query).Scan(ask.to); err != nil {
			return 0, err
		}
	}
	if version < 0 || application != applicationID && (application != 0 || version != 0 || objects != 0) {
		return 0, errForeign
	}
	return version, nil
}
