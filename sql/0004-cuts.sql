-- What somebody has taken away of a stream: everything before this offset. It is
-- told to nobody from the moment it stands here, and its rows go bit by bit.
ALTER TABLE streams ADD COLUMN kept_from INTEGER NOT NULL DEFAULT 0;
