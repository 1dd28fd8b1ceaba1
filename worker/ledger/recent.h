/*
 * The memory of recent messages, so that a page of what was said last is
 * answered without the archive. Of each stream it holds the last messages,
 * without a gap; so many of one stream, so many bytes of all; the oldest one of
 * all goes first.
 *
 * A direct message stands in the memory of every inbox that it is in, but only
 * once as a text: what a recipient sees is made when it is wanted.
 */
#ifndef WORKER_LEDGER_RECENT_H
#define WORKER_LEDGER_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct config;
struct message;
struct stream;
struct streams;

/* A message as its own stream has it, packed; shared by its places. */
struct recent_text {
	uint64_t id_time, id_origin;
	uint64_t clock;              /* message_clock(): grows along a stream */
	uint64_t of_time, of_origin; /* what it changes */
	uint64_t flags;              /* MESSAGE_* */
	uint64_t until;              /* unix ms; 0: for ever */
	bool is_from_afar;           /* of another host */

	/* The id of the change whose body it has; 0: none. */
	uint64_t changed_time, changed_origin;
	size_t length;
	size_t view_length; /* no view is longer */
	size_t places;      /* where it is remembered, and the caller's */
	char *bytes;
};

struct recent_message {
	struct recent_message *prev, *next;     /* in the stream */
	struct recent_message *before, *behind; /* among all, by age */
	struct stream *stream;
	struct recent_text *text;
	uint64_t offset;
	bool is_view; /* a recipient's, see mail.h */
};

struct recent {
	const struct config *config;
	struct recent_message *oldest; /* of all (utlist) */
	uint64_t bytes, bytes_max;
	unsigned stream_max;
	bool has_archive; /* which knows what memory does not; the owner's */

	/* A change that came with an earlier clock may be forgotten, though its
	 * message was not here yet; the owner's. */
	uint64_t sure_from;
};

/* config: how many messages a class keeps; borrowed for ever. */
void recent_init(struct recent *recent, const struct config *config,
	uint64_t bytes_max, unsigned stream_max);
void recent_fini(struct recent *recent);

/* A text to be remembered, copied from its packed form; it is the caller's
 * until recent_let_go(). */
struct recent_text *recent_text_new(struct recent *recent,
	const struct message *message, struct text packed);
void recent_let_go(struct recent *recent, struct recent_text **text);

/* In all its places at once; what the message borrows may be the old text. */
void recent_text_replace(struct recent *recent, struct recent_text *text,
	const struct message *message);
struct text recent_text_packed(const struct recent_text *text);

/* What has come here before, of other hosts, and changes this message or stands
 * above this change: the text gets the body that is left. Call it before the
 * text itself is added. true: it has another one now. */
bool recent_settle(struct recent *recent, const struct streams *streams,
	const struct message *message, struct recent_text *text);

/* Remembers the next message of a stream. An offset that does not follow the
 * last one forgets what was remembered of the stream before. So does, where
 * there is an archive, one from afar that comes so late that a change of it may
 * have been here and be forgotten: it is not remembered, and the archive is
 * asked. */
void recent_add(struct recent *recent, struct stream *stream, uint64_t offset,
	struct recent_text *text, bool is_view);

/* What stands in the stream before this offset is taken away. */
void recent_trim(
	struct recent *recent, struct stream *stream, uint64_t kept_from);

/* The same as a note says it: before of_offset, or, when that is 0, up to the
 * last message that was said no later than of_time; or, when a message is named
 * that is not known, up to where that would have had its place. */
void recent_trim_noted(struct recent *recent, struct stream *stream,
	const struct message *trim);

/* When the message is a change: what memory has of the message that it names,
 * and of earlier changes of that, gets the changed body. Only the sender's own
 * messages are changed, and none that is deleted; of two changes the one with
 * the later id counts, whichever comes first. Call it before the change itself
 * is added. */
void recent_change(struct recent *recent, const struct streams *streams,
	const struct message *message);

/* The oldest and the newest message that is remembered, or NULL. */
const struct recent_message *recent_first(const struct stream *stream);
const struct recent_message *recent_last(const struct stream *stream);

/* The one before it in its stream, or NULL. */
const struct recent_message *recent_previous(const struct recent_message *of);

/* The message with this offset, or NULL. */
const struct recent_message *recent_find(
	const struct stream *stream, uint64_t offset);

/* The message with this id, or NULL. */
const struct recent_message *recent_find_id(
	const struct stream *stream, uint64_t id_time, uint64_t id_origin);

/* The last one that was said no later than this, or NULL. */
const struct recent_message *recent_find_said(
	const struct stream *stream, uint64_t id_time);

/* The last one that got its place no later than with this clock, or NULL. */
const struct recent_message *recent_find_placed(
	const struct stream *stream, uint64_t clock);

/* The message as its stream sees it; texts are borrowed from memory, and from
 * others, which is cleared, until either changes. */
void recent_read(const struct recent_message *of, struct message *message,
	struct buffer *others);

/* Packs it as a text; recent_size() tells how many bytes that takes at most. */
void recent_pack(const struct recent_message *of, struct buffer *out);
size_t recent_size(const struct recent_message *of);

#endif
