/*
 * The places of a message: one in its room; or, when it is a direct one, one in
 * the inbox of its sender and one in that of each recipient.
 */
#ifndef WORKER_LEDGER_PLACES_H
#define WORKER_LEDGER_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/pack.h"
#include "shared/stream.h"

struct message;

struct place {
	struct stream_name name;
	struct text user; /* whose inbox; or the room */
	uint64_t offset;  /* what the message says: 0 as long as it has none */
	bool is_view;     /* a recipient's, see mail.h */
};

struct places {
	const struct message *message;
	struct unpack others;
	bool has_begun;
};

/* Can what an edge sent be told apart into places? Names are within their
 * limits, none comes twice. Only such messages have places. */
bool places_are_good(const struct message *message);

struct places places_of(const struct message *message);

/* Its own stream is the first place; false behind the last one. */
bool places_next(struct places *places, struct place *place);

#endif
