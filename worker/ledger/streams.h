/*
 * The streams of a ledger: what they are called, how far each has come, and
 * what hangs on them: the memory of recent messages (recent.c) and, for rooms,
 * who is there (members.c). A stream is known as long as it has messages or
 * members.
 */
#ifndef WORKER_LEDGER_STREAMS_H
#define WORKER_LEDGER_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/pace.h"
#include "shared/stream.h"
#include "shared/table.h"
#include "worker/ledger/order.h"

struct config;
struct recent_message;
struct room;

struct stream {
	uint64_t top;      /* offset of the last message that counts */
	uint64_t assigned; /* given out so far; beyond top: not yet committed */
	uint64_t time_ms;  /* unix, of the last message that counts */

	/* What stands before it was taken away; 0: nothing that memory could
	 * know was, the archive knows it longer. */
	uint64_t kept_from;
	struct recent_message *recent; /* oldest first (utlist); recent.c */
	unsigned recent_count;
	uint64_t awaited_to; /* id_time: so far changes came before messages */
	struct room *room;   /* members.c; NULL when nobody is there */
	struct pace pace;    /* of messages, if its class has a rate */
	UT_hash_handle hh;
	bool is_listed;
	uint8_t name_length;
	char name[]; /* as in struct stream_name */
};

struct streams {
	const struct config *config;
	struct stream *table;
	struct order listed; /* rooms whose class is listed, by whole name */
};

/* config: for the classes of rooms; borrowed for ever. */
void streams_init(struct streams *streams, const struct config *config);

/* Recent messages and rooms must be gone before. */
void streams_fini(struct streams *streams);

struct stream *streams_find(
	const struct streams *streams, const struct stream_name *name);

/* Makes it when it is not known. */
struct stream *streams_need(
	struct streams *streams, const struct stream_name *name);

/* Forgets a stream that has neither messages nor members. */
void streams_drop_if_empty(struct streams *streams, struct stream *stream);

/* The classes of rooms have changed: looks at every stream once. */
void streams_renew(struct streams *streams);

size_t streams_count(const struct streams *streams);
void streams_name(const struct stream *stream, struct stream_name *name);

/* Parts of its name: enum stream_kind, and the room or user, borrowed. */
unsigned streams_kind(const struct stream *stream);
struct text streams_own_name(const struct stream *stream);

#endif
