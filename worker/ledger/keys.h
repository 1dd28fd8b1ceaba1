/*
 * Keys: what senders called their messages, so that one said again within 12 h
 * is known and not made a second one. Keeps for each key where its message
 * lies, nothing of the message.
 *
 * A key of a sender is known by its 128 bits (known.h), so no message is ever
 * taken for a repeat that is none. The secrets lie in the checkpoint with the
 * keys, 48 bytes each; what came after it is read again from the journal.
 *
 * Memory is bounded: 68 bytes a key, KEYS_MAX keys (4 million: 97 keyed
 * messages a second for 12 h), then the oldest go before their time and are
 * counted. All calls take O(1); each key that is added forgets two that are too
 * old.
 */
#ifndef WORKER_LEDGER_KEYS_H
#define WORKER_LEDGER_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/ledger/known.h"

#define KEYS_KEPT_MS (12ULL * 3600 * 1000)
#define KEYS_MAX (4U << 20)

struct buffer;
struct message;
struct unpack;

/* By what a key is known: whose it is, and what was said with it where. */
struct key_name {
	struct known_name key;
	uint64_t target; /* the stream and the users that it was said to */
};

struct key_entry {
	struct known_entry head; /* mine: the origin of the id */
	uint64_t target;
	uint64_t id_time;
	uint64_t offset;
	uint64_t serial; /* counts those that were added, from 1 */
};

struct keys {
	struct known known;
	uint32_t count_max;
	uint32_t settled; /* the newest one that is for good */
	uint32_t writing; /* the next one for the checkpoint, 0 when all are */
	uint64_t serial;  /* of the newest one */
	uint64_t writing_to; /* serial of the last one for the checkpoint */
	uint64_t dropped;    /* before their time; the owner may set it to 0 */
};

/* Draws secrets; those of a checkpoint take their place. */
void keys_init(struct keys *keys, uint32_t count_max);
void keys_fini(struct keys *keys);

/* Only for a message that has a key. */
struct key_name keys_name(
	const struct keys *keys, const struct message *message);

/* The message said first with this key, whatever its target, if it is not too
 * old by now; or NULL. Borrowed until the keys change. */
const struct key_entry *keys_find(
	const struct keys *keys, const struct key_name *name, uint64_t unix_ms);

/* The message, which has an id and an offset, is the first one with its key.
 * One of another host whose clock is ahead by more than 12 h is not remembered:
 * it would be for ever. */
void keys_add(struct keys *keys, const struct key_name *name,
	const struct message *message);

/* Was it added since the last keys_settle()? */
bool keys_is_fresh(const struct keys *keys, const struct key_entry *entry);

/* What was added since then is in the journal; or is not, and forgotten. */
void keys_settle(struct keys *keys);
void keys_take_back(struct keys *keys);

/* Forgets what is too old, at most so many; for times when none is added. */
void keys_forget(struct keys *keys, uint64_t unix_ms, unsigned most);

/* From the journal: adds the key of a message, if it has one. */
void keys_replay(struct keys *keys, const struct message *message);

/* The end of a checkpoint, written piece by piece while others come and go:
 * what is known when it begins and not forgotten before its turn comes. At most
 * so many at once; true: that was all. */
void keys_begin_writing(struct keys *keys, struct buffer *out);
bool keys_write(struct keys *keys, struct buffer *out, size_t most);

/* Into empty keys; false when it is no such end. */
bool keys_read(struct keys *keys, struct unpack *in);

#endif
