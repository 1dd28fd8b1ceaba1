-- Direct messages, changes of what was said, messages that end, retention.

-- until = unix milliseconds after which nobody is told it any more, 0: for ever.
-- others is NULL or the other sides of a direct message, packed as in
-- shared/mail.h. flags, only_platform, of_* and changed are those of a message
-- in shared/records.def. A message that was edited has its body of now; one that
-- was deleted, or has ended, has the body null, and keeps its place.
ALTER TABLE messages ADD COLUMN until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN others BLOB;
ALTER TABLE messages ADD COLUMN only_platform INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN of_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN of_origin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN of_offset INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

-- Which messages of an inbox were said between its user and another one. Both
-- are numbers of streams, other that of the other one's inbox, so a page of the
-- conversation of two is one short walk here; a user alone is his own other.
CREATE TABLE pairs (
	stream INTEGER NOT NULL,
	other INTEGER NOT NULL,
	offset INTEGER NOT NULL,
	PRIMARY KEY (stream, other, offset)
) WITHOUT ROWID;

-- Which messages have an end, the next one first.
CREATE TABLE ends (
	until INTEGER NOT NULL,
	id INTEGER NOT NULL,
	PRIMARY KEY (until, id)
) WITHOUT ROWID;

-- What the index of what is said has still to follow: that the message of this
-- id said body, empty: nothing, as it was not there; and what it says now, NULL:
-- nothing. In the order it happened; a number never comes again.
CREATE TABLE withdrawn (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	id INTEGER NOT NULL,
	body TEXT NOT NULL,
	body_after TEXT
);
