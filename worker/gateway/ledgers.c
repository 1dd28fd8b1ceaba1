#include "worker/gateway/ledgers.h"

#include "shared/arena.h"
#include "shared/ring.h"
#include "shared/stream.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/lanes.h"

/* A ledger adds id, epoch and offset before it sends a message on. */
#define MARGIN_BYTES 128

unsigned
ledgers_count(const struct gateway *gateway)
{
	return arena_role_count(gateway->arena, ROLE_LEDGER);
}

unsigned
ledgers_of_room(
	const struct gateway *gateway, struct text tenant, struct text room)
{
	return stream_shard(STREAM_ROOM, tenant, room, ledgers_count(gateway));
}

unsigned
ledgers_of_inbox(
	const struct gateway *gateway, struct text tenant, struct text user)
{
	return stream_shard(STREAM_INBOX, tenant, user, ledgers_count(gateway));
}

int
ledgers_of_slot(const struct gateway *gateway, unsigned slot)
{
	unsigned first = arena_role_first(gateway->arena, ROLE_LEDGER);

	if (slot < first || slot - first >= ledgers_count(gateway))
		return -1;
	return (int)(slot - first);
}

struct buffer *
ledgers_letter(struct gateway *gateway, enum letter_kind kind)
{
	letter_begin(&gateway->letter, kind);
	return &gateway->letter;
}

static unsigned
slot_of(const struct gateway *gateway, unsigned ledger)
{
	return arena_role_first(gateway->arena, ROLE_LEDGER) + ledger;
}

size_t
ledgers_letter_max(const struct gateway *gateway)
{
	return ring_letter_max(arena_ring(
		       gateway->arena, gateway->slot, slot_of(gateway, 0))) -
	       MARGIN_BYTES;
}

enum offer_result
ledgers_offer(struct gateway *gateway, unsigned ledger)
{
	struct letter *letter = letter_end(&gateway->letter);
	unsigned to = slot_of(gateway, ledger);

	if (letter->size > ledgers_letter_max(gateway))
		return OFFER_TOO_BIG;
	if (gateway->office.offer(gateway->office.self, to, letter))
		return OFFER_TAKEN;
	/* Others need not run against it too. */
	lanes_rest(gateway->lanes, true);
	return OFFER_FULL;
}

void
ledgers_send(struct gateway *gateway, unsigned ledger)
{
	gateway->office.send(gateway->office.self, slot_of(gateway, ledger),
		letter_end(&gateway->letter));
}
