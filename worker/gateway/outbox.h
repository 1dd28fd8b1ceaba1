/*
 * What waits for one client. Bytes live in bundles, runs of whole frames that
 * are counted and may be shared by all receivers of a room; an outbox is a
 * queue of references to them. An empty outbox is a null pointer and costs
 * nothing.
 */
#ifndef WORKER_GATEWAY_OUTBOX_H
#define WORKER_GATEWAY_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/config.h"

struct bundle {
	uint32_t references;
	uint32_t length;
	uint32_t capacity;
	uint8_t data[];
};

/* With one reference, the caller's, and room for so many bytes. */
struct bundle *bundle_new(size_t capacity);
struct bundle *bundle_ref(struct bundle *bundle);
void bundle_unref(struct bundle **bundle);

/* Appends; only while nobody else has a reference. May move the bundle. */
void bundle_add(struct bundle **bundle, const void *data, size_t length);

/* Appends one text frame. */
void bundle_add_text(struct bundle **bundle, const void *data, size_t length);

/*
 * What is pushed to the members of a room: everything in the bundle, or, to a
 * client that does not follow, what policy leaves of it. Made once for all who
 * get the same bytes.
 */
struct push {
	struct bundle *bundle; /* borrowed */
	uint64_t source;       /* the room; not used again for another */
	enum slow_policy policy;

	/* The last message among the frames; equal: there is none. */
	uint32_t newest_from, newest_end;
};

struct outbox_queue;
struct tls;

struct outbox {
	struct outbox_queue *queue; /* NULL: nothing waits */
};

enum outbox_result {
	OUTBOX_EMPTY, /* all is written */
	OUTBOX_WAITS, /* the socket is full */
	OUTBOX_BROKEN,
};

void outbox_fini(struct outbox *outbox);

/* Queues what was pushed, from byte `from` on; if that is not 0, nothing waits
 * before it. is_behind: the client does not follow; else nothing waits but what
 * came in this turn. What is pushed (not asked for) counts against
 * limit_bytes: over it the oldest frames go that SLOW_DROP or SLOW_NEWEST lets
 * go, then the push itself. Of a source with SLOW_NEWEST only the newest
 * message waits. False: it would be over the limit and may not go; nothing was
 * queued. The first one is always taken: its frame may be half sent, and a
 * message may be larger than the limit. *dropped: how many frames the client
 * will never get. */
bool outbox_push(struct outbox *outbox, const struct push *push, size_t from,
	bool is_behind, size_t limit_bytes, uint64_t *dropped);

/* Queues a copy behind all that waits; what a client asks for is limited by
 * no longer reading from it, see lane.h. */
void outbox_add(struct outbox *outbox, const void *data, size_t length);

/* Writes what the socket takes; *written is what it took. */
enum outbox_result outbox_write(struct outbox *outbox, int fd, size_t *written);

/* The same through TLS, as few records as it takes. OUTBOX_WAITS also when the
 * outbox is empty and only something encrypted waits. */
enum outbox_result outbox_write_tls(
	struct outbox *outbox, struct tls *tls, size_t *written);

/* Bytes that wait. */
size_t outbox_waiting(const struct outbox *outbox);

#endif
