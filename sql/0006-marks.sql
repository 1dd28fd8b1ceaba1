-- What another host has to know that has neither the messages nor what was noted
-- about them.

-- Up to which offset of a stream a user has read it; of an inbox what was said
-- with other, or, as shared/receipt.h writes that, what one platform got of it.
CREATE TABLE marks (
	stream INTEGER NOT NULL,
	reader TEXT NOT NULL,
	other TEXT NOT NULL,
	offset INTEGER NOT NULL,
	PRIMARY KEY (stream, reader, other)
) WITHOUT ROWID;

-- The id of the last message before kept_from, which may be gone by now; 0: it
-- was not here any more.
ALTER TABLE streams ADD COLUMN trimmed_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE streams ADD COLUMN trimmed_origin INTEGER NOT NULL DEFAULT 0;
