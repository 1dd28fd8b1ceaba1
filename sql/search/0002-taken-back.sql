-- What the archive notes as withdrawn, in its table of that name, is no more in
-- texts up to this number. One row.
CREATE TABLE taken_back (
	number INTEGER NOT NULL
);
INSERT INTO taken_back (number) VALUES (0);
