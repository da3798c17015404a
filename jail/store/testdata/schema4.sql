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
	pardoned INTEGER NOT NULL DEFAULT 0, sum INTEGER, patterns TEXT NOT NULL DEFAULT '[]', shadow INTEGER NOT NULL DEFAULT 0, -- lifted by hand: it is no earlier ban any more
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
, sum INTEGER, pattern INTEGER NOT NULL DEFAULT 0, weight INTEGER NOT NULL DEFAULT 1);
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
	serial           INTEGER NOT NULL, seen INTEGER NOT NULL DEFAULT 0, sum INTEGER, -- grows with each write
	PRIMARY KEY (path, device, inode)
) WITHOUT ROWID;
CREATE INDEX positions_serial ON positions (serial);
CREATE TABLE patterns (
	number INTEGER PRIMARY KEY,
	text   TEXT NOT NULL UNIQUE
);
CREATE INDEX bans_id ON bans (id) WHERE id != '';
CREATE INDEX counted_id ON counted (id) WHERE id != '';
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
CREATE INDEX bans_shadow ON bans (prefix, jail, id) WHERE shadow = 1;
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
INSERT INTO bans VALUES ('sshd', '192.0.2.1/32', '', 1773144000123456789, 1773147600123456789, 1, 5, 'root', '["one","two"]', 'jail', 1773144060123456789, 'time', 0, 2862417832, '[]', 0);
INSERT INTO bans VALUES ('web', '', 'it''s me', 1773144000123456789, NULL, 3, 0, '', '[]', 'hand', NULL, '', 0, 1694638571, '[]', 0);
INSERT INTO bans VALUES ('sshd', '2001:db8::/64', '', 1773144000123456789, 1773147600123456789, 2, 5, 'root', '["one","two"]', 'jail', NULL, '', 0, 1691112301, '[]', 0);
INSERT INTO counted VALUES ('sshd', '198.51.100.7/32', '', 1773144000123456789, 1773144000123456789, 1773144720123456789, 'admin', 'Failed password for admin', 1306429307, 0, 1);
INSERT INTO positions VALUES ('/var/log/auth.log', -1, 2, 300, -9223372036854775808, 5, '', 1, 0, 3328398127);
INSERT INTO positions VALUES ('journal', 0, 0, 0, 0, 0, 's=1', 2, 0, 3950520863);
PRAGMA application_id = 1734438764;
PRAGMA user_version = 4;
