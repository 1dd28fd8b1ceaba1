-- Messages of other hosts, which stand later in their streams than their ids say.

-- placed = the clock with which one of another host got its place here, 0: it was
-- said here, and the id is that clock. By it a stream grows.
ALTER TABLE messages ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;

-- Where those are, by their ids.
CREATE TABLE carried (
	id_time INTEGER NOT NULL,
	id_origin INTEGER NOT NULL,
	id INTEGER NOT NULL,
	PRIMARY KEY (id_time, id_origin, id)
) WITHOUT ROWID;

-- Edits and deletions, as ids of rows, that came before the message which they
-- change.
CREATE TABLE awaiting (
	of_time INTEGER NOT NULL,
	of_origin INTEGER NOT NULL,
	id INTEGER NOT NULL,
	PRIMARY KEY (of_time, of_origin, id)
) WITHOUT ROWID;
