-- What is said in the archive's messages, to find them by. rowid = messages.id;
-- text is folded already, so the tokenizer keeps case apart. The texts
-- themselves are not kept: the index only tells where to look, and who searches
-- then reads the message.
CREATE VIRTUAL TABLE texts USING fts5(
	text,
	content = '',
	columnsize = 0,
	detail = none,
	tokenize = 'trigram case_sensitive 1'
);

-- The messages of this stream are in texts up to this offset. id_time is that
-- of the last of them, to notice an archive that is not the one it was; 0 when
-- that cannot be known.
CREATE TABLE progress (
	stream INTEGER PRIMARY KEY,
	offset INTEGER NOT NULL,
	id_time INTEGER NOT NULL
);
