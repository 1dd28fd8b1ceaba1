#include "worker/api/gather.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/records.h"
#include "worker/edge/edge.h"
#include "worker/edge/ledgers.h"

/* What a letter has besides body and messages, and a message besides its
 * bytes. */
#define LETTER_BYTES 48
#define LENGTH_BYTES 4

struct pile {
	bool is_taken;          /* a letter has gone, so the others follow */
	struct buffer body;     /* of the first message */
	struct buffer messages; /* packed texts */
	struct buffer numbers;  /* their connections */
	size_t bytes;           /* with their bodies */
};

struct gather {
	struct edge *edge;
	struct buffer packed;
	struct buffer refused; /* connections */
	size_t refused_read;
	unsigned count;
	struct pile piles[]; /* by ledger */
};

struct gather *
gather_new(struct edge *edge)
{
	unsigned count = ledgers_count(edge);
	struct gather *gather = base_alloc_zeroed(
		1, sizeof(*gather) + count * sizeof(gather->piles[0]));

	gather->edge = edge;
	gather->count = count;
	return gather;
}

void
gather_free(struct gather **pointer)
{
	struct gather *gather = *pointer;

	*pointer = NULL;
	if (!gather)
		return;
	for (unsigned i = 0; i < gather->count; i++) {
		buffer_fini(&gather->piles[i].body);
		buffer_fini(&gather->piles[i].messages);
		buffer_fini(&gather->piles[i].numbers);
	}
	buffer_fini(&gather->packed);
	buffer_fini(&gather->refused);
	free(gather);
}

static bool
offer(struct gather *gather, unsigned ledger)
{
	if (gather->piles[ledger].is_taken) {
		ledgers_send(gather->edge, ledger);
		return true;
	}
	return ledgers_offer(gather->edge, ledger) == OFFER_TAKEN;
}

static void
send_pile(struct gather *gather, unsigned ledger)
{
	struct pile *pile = &gather->piles[ledger];

	if (pile->messages.length == 0)
		return;
	says_pack(edge_letter(gather->edge, LETTER_SAY_MANY),
		&(struct says){
			.body = buffer_text(&pile->body),
			.messages = buffer_text(&pile->messages),
		});
	if (offer(gather, ledger))
		pile->is_taken = true;
	else
		buffer_add_text(&gather->refused, buffer_text(&pile->numbers));
	buffer_clear(&pile->body, SIZE_MAX);
	buffer_clear(&pile->messages, SIZE_MAX);
	buffer_clear(&pile->numbers, SIZE_MAX);
	pile->bytes = 0;
}

/* Packs it as it stands behind the others. */
static void
pack(struct gather *gather, const struct pile *pile,
	const struct message *message)
{
	struct message one = *message;

	if (pile->messages.length == 0 ||
		text_equal(buffer_text(&pile->body), message->body))
		one.body = TEXT_LITERAL("");
	buffer_clear(&gather->packed, SIZE_MAX);
	message_pack(&gather->packed, &one);
}

static bool
has_room(const struct gather *gather, const struct pile *pile,
	const struct message *message)
{
	size_t bytes = LETTER_BYTES + pile->body.length +
		       pile->messages.length + gather->packed.length +
		       LENGTH_BYTES;

	return bytes <= ledgers_letter_max(gather->edge) &&
	       pile->bytes + gather->packed.length + message->body.length <=
		       SAYS_BYTES_MAX;
}

void
gather_add(
	struct gather *gather, unsigned ledger, const struct message *message)
{
	struct pile *pile = &gather->piles[ledger];

	pack(gather, pile, message);
	if (pile->messages.length > 0 && !has_room(gather, pile, message)) {
		send_pile(gather, ledger);
		pack(gather, pile, message);
	}
	if (pile->messages.length == 0)
		buffer_add_text(&pile->body, message->body);
	pack_text(&pile->messages, buffer_text(&gather->packed));
	buffer_add(&pile->numbers, &message->connection,
		sizeof(message->connection));
	pile->bytes += gather->packed.length + message->body.length;
}

void
gather_send(struct gather *gather)
{
	for (unsigned i = 0; i < gather->count; i++)
		send_pile(gather, i);
}

bool
gather_next_refused(struct gather *gather, uint64_t *connection)
{
	if (gather->refused_read >= gather->refused.length)
		return false;
	memcpy(connection, gather->refused.data + gather->refused_read,
		sizeof(*connection));
	gather->refused_read += sizeof(*connection);
	return true;
}
