-- Which events have edited a message, as ids of rows: what they said goes when
-- it is deleted.
CREATE TABLE edits (
	message INTEGER NOT NULL,
	edit INTEGER NOT NULL,
	PRIMARY KEY (message, edit)
) WITHOUT ROWID;
