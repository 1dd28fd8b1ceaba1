/*
 * Recovery: what a client missed of a room while it was away, gathered while
 * its join, or its login, is open. The ledger lets it in at once when it
 * remembers all of that; else it says how far behind the client is, pages of
 * history are looked up here, as for the client, and the join goes out again
 * from the last message gathered. So nothing pushed has to be kept back: the
 * client becomes a member just where the answer ends.
 *
 * It ends, because each round goes on by an offset and no more than these are:
 * RECOVERY_MESSAGES_MAX, and as many as make an answer of half of outbox_bytes.
 * Who missed more is told that it cannot be recovered, and pages through the
 * history himself.
 */
#ifndef WORKER_GATEWAY_RECOVERY_H
#define WORKER_GATEWAY_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"

struct page;

#define RECOVERY_MESSAGES_MAX 1000

struct recovery {
	bool is_unread;         /* the ledger knows from where; else: */
	bool is_of_other;       /* of a place on another host: it may have some
				   of the messages */
	uint64_t from_time;     /* of the id of that place; 0: unknown */
	uint64_t from_origin;   /* the rest of it */
	uint64_t seek;          /* where that begins here is being looked up:
				   behind all with a clock before this one */
	uint64_t epoch;         /* 0: it is given up */
	uint64_t began;         /* the offset up to which the client had all */
	uint64_t last;          /* and up to which it will have with these */
	struct buffer messages; /* behind those it had; as in a page */
	uint64_t count;
	size_t answer_bytes; /* about what they take as an answer */
	size_t answer_bytes_max;
};

/* epoch: of another host's stream perhaps; 0: of none at all. */
struct recovery *recovery_new(
	uint64_t epoch, uint64_t last, size_t answer_bytes_max);
void recovery_free(struct recovery **recovery);

/* Of what the user has not read: the ledger has said from where. */
void recovery_begin(struct recovery *recovery, uint64_t epoch, uint64_t read);

/* Of a place on another host: the ledger has said where that is here. */
void recovery_enter(struct recovery *recovery, uint64_t epoch, uint64_t began);

/* Forgets what was gathered. */
void recovery_give_up(struct recovery *recovery);

/* Takes what follows; gives up when it is not what follows, or too much. A page
 * may hold fewer messages than it spans: some are over. */
void recovery_add(struct recovery *recovery, const struct page *page);

/* Is all up to here within the limits, as far as can be told? */
bool recovery_may_reach(const struct recovery *recovery, uint64_t offset);

/* How many more offsets there may be. */
uint64_t recovery_wanted(const struct recovery *recovery);

#endif
