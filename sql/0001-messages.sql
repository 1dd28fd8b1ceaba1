-- The archive of remembered messages, and how far each journal is in it.

-- A stream of another epoch is another stream: its offsets begin again at 1.
-- kind is the letter of shared/records.h: 114 = 'r' a room, 105 = 'i' an inbox.
-- epoch is an unsigned number; above 2^63 it reads as a negative one here.
CREATE TABLE streams (
	id INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL,
	tenant TEXT NOT NULL,
	name TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	UNIQUE (name, tenant, kind, epoch)
);

-- id = streams.id << 36 | offset, so that a page of history is one short walk in
-- one tree. id_time = unix milliseconds << 16 | a count. body is JSON; key is
-- NULL when the sender gave none.
CREATE TABLE messages (
	id INTEGER PRIMARY KEY,
	id_time INTEGER NOT NULL,
	id_origin INTEGER NOT NULL,
	sender TEXT NOT NULL,
	platform INTEGER NOT NULL,
	type TEXT NOT NULL,
	body TEXT NOT NULL,
	key TEXT
);

-- The journal of this ledger is in the archive up to here, in bytes.
CREATE TABLE positions (
	ledger INTEGER PRIMARY KEY,
	position INTEGER NOT NULL
);

-- What a journal had already dropped before it came here.
CREATE TABLE holes (
	ledger INTEGER NOT NULL,
	position INTEGER NOT NULL,
	position_after INTEGER NOT NULL,
	noted_unix_ms INTEGER NOT NULL
);
