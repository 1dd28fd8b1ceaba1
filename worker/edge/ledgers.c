#include "worker/edge/ledgers.h"

#include <string.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/ring.h"
#include "shared/stream.h"
#include "worker/edge/edge.h"

/* A ledger adds id, epoch and offset before it sends a message on. */
#define MARGIN_BYTES 128

unsigned
ledgers_count(const struct edge *edge)
{
	return arena_role_count(edge->arena, ROLE_LEDGER);
}

unsigned
ledgers_of_room(const struct edge *edge, struct text tenant, struct text room)
{
	return stream_shard(STREAM_ROOM, tenant, room, ledgers_count(edge));
}

unsigned
ledgers_of_inbox(const struct edge *edge, struct text tenant, struct text user)
{
	return stream_shard(STREAM_INBOX, tenant, user, ledgers_count(edge));
}

int
ledgers_of_slot(const struct edge *edge, unsigned slot)
{
	unsigned first = arena_role_first(edge->arena, ROLE_LEDGER);

	if (slot < first || slot - first >= ledgers_count(edge))
		return -1;
	return (int)(slot - first);
}

static unsigned
slot_of(const struct edge *edge, unsigned ledger)
{
	return arena_role_first(edge->arena, ROLE_LEDGER) + ledger;
}

size_t
ledgers_letter_max(const struct edge *edge)
{
	return ring_letter_max(
		       arena_ring(edge->arena, edge->slot, slot_of(edge, 0))) -
	       MARGIN_BYTES;
}

enum offer_result
ledgers_offer(struct edge *edge, unsigned ledger)
{
	struct letter *letter = letter_end(&edge->letter);
	unsigned to = slot_of(edge, ledger);

	if (letter->size > ledgers_letter_max(edge))
		return OFFER_TOO_BIG;
	if (edge->office.offer(edge->office.self, to, letter))
		return OFFER_TAKEN;
	if (edge->on_full)
		edge->on_full(edge->self);
	return OFFER_FULL;
}

void
ledgers_send(struct edge *edge, unsigned ledger)
{
	edge->office.send(edge->office.self, slot_of(edge, ledger),
		letter_end(&edge->letter));
}

struct question {
	unsigned ledger; /* or LEDGERS_ALL */
	size_t length;
	uint8_t letter[];
};

struct question *
ledgers_keep(const struct edge *edge, unsigned ledger)
{
	const struct buffer *letter = &edge->letter;
	struct question *question =
		base_alloc(sizeof(*question) + letter->length);

	question->ledger = ledger;
	question->length = letter->length;
	memcpy(question->letter, letter->data, letter->length);
	return question;
}

void
ledgers_ask_again(
	struct edge *edge, const struct question *question, unsigned ledger)
{
	if (question->ledger != LEDGERS_ALL && question->ledger != ledger)
		return;
	buffer_clear(&edge->letter, SIZE_MAX);
	buffer_add(&edge->letter, question->letter, question->length);
	ledgers_send(edge, ledger);
}
