/*
 * What forward*.c share.
 */
#ifndef WORKER_RELAY_FORWARD_INSIDE_H
#define WORKER_RELAY_FORWARD_INSIDE_H

#include "shared/buffer.h"
#include "shared/letter.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/edge/edge.h"
#include "worker/relay/directory.h"
#include "worker/relay/wire.h"

struct numbers;

/* Who has asked for a join: a process here, or another host. */
struct asked {
	struct asked *next, *prev;
	uint64_t number; /* that the answer brings back */
	bool is_foreign;
	unsigned slot; /* of the process; */
	unsigned host; /* or the host: which asks, or is asked */
	uint64_t request, connection;
	uint64_t late_ms;
};

struct forward {
	struct edge *edge;
	struct directory *directory;
	forward_say *say;
	void *self;
	struct numbers *numbers;
	struct asked *asked; /* oldest first */
	size_t asked_count;
	uint64_t now_ms;
	struct buffer record;
	struct buffer targets; /* of a message for clients */
};

/* For the record of the next item; and what stands there is said. */
struct buffer *forward_record(struct forward *forward);
void forward_say_item(struct forward *forward, enum letter_kind kind,
	unsigned host, unsigned slot);

/* The letter begun last; false: it is longer than rings take. */
bool forward_send(struct forward *forward, unsigned slot);
bool forward_is_gateway(const struct forward *forward, uint64_t slot);

/* forward_join.c: the letters and items of these kinds. */
bool forward_letter_enlist(struct forward *forward, const struct letter *letter,
	struct unpack *in);
bool forward_letter_joined(struct forward *forward, struct unpack *in);
bool forward_letter_refused(struct forward *forward, struct unpack *in);
bool forward_item_enlist(struct forward *forward, unsigned host,
	const struct wire_live_item *item);
bool forward_item_joined(struct forward *forward, unsigned host,
	const struct wire_live_item *item);
bool forward_item_refused(struct forward *forward, unsigned host,
	const struct wire_live_item *item);
void forward_join_end(struct forward *forward);

#endif
