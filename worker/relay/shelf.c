/*
 * Which messages come from the archive and which from the journal is decided
 * here, by their ids, which grow along a journal: up to a clock, and behind it.
 * Any clock up to which all is committed divides them rightly. For a host that
 * has nothing yet it is the newest, so that it gets the streams in their order;
 * for one that was away it lies as early as can be, so that what is in the
 * journal comes live.
 */
#include <stdatomic.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/letter.h"
#include "shared/records.h"
#include "worker/relay/feed.h"
#include "worker/relay/relay.h"
#include "worker/worker.h"

#define KEEP_BYTES (64U * 1024)
#define LOOK_BYTES (64U * 1024)

/* A historian that does not answer for so long is asked again. */
#define PATIENCE_MS 10000

void
shelf_fini(struct shelf *shelf)
{
	buffer_fini(&shelf->items);
	*shelf = (struct shelf){ 0 };
}

unsigned
shelf_historian(const struct relay *relay)
{
	return arena_role_count(relay->arena, ROLE_HISTORIAN)
		       ? arena_role_first(relay->arena, ROLE_HISTORIAN)
		       : NO_SLOT;
}

static void
ask_historian(struct peer *peer, unsigned historian)
{
	struct relay *relay = peer->relay;
	struct shelf *shelf = &peer->shelf;
	const struct wire_pull *pull = &shelf->asked;
	const struct archive_wanted wanted = {
		.request = relay->archive_requests + 1,
		.asker_slot = worker_slot(relay->worker),
		.asker_life = worker_life(relay->worker),
		.host = relay->host,
		.ledger = pull->ledger,
		.epoch = pull->epoch,
		.clock = pull->clock,
		.archived = pull->archived,
		.after = pull->from_position,
		.ledger_there = pull->ledger_there,
		.ledgers_there = pull->ledgers_there,
		.bytes = MIN_OF(pull->bytes, (uint64_t)ANSWER_BYTES),
	};

	letter_begin(&relay->scratch, LETTER_ARCHIVE_WANTED);
	archive_wanted_pack(&relay->scratch, &wanted);
	if (!worker_offer(
		    relay->worker, historian, letter_end(&relay->scratch)))
		return;
	shelf->request = ++relay->archive_requests;
	shelf->asked_ms = worker_now_ms(relay->worker);
}

enum piece_state
shelf_read(struct peer *peer, const struct wire_pull *pull, struct piece *piece)
{
	struct shelf *shelf = &peer->shelf;
	unsigned historian = shelf_historian(peer->relay);

	piece->to = (struct point){ HAUL_ARCHIVE_END, 0 };
	if (historian == NO_SLOT)
		return PIECE_END;
	if (memcmp(pull, &shelf->asked, sizeof(*pull)) != 0) {
		shelf->asked = *pull;
		shelf->has_page = false;
		shelf->request = 0;
		buffer_clear(&shelf->items, KEEP_BYTES);
	}
	if (shelf->has_page) {
		piece->items = buffer_text(&shelf->items);
		if (!shelf->is_end)
			piece->to = (struct point){ shelf->to, 1 };
		return shelf->is_end ? PIECE_END : PIECE_SOME;
	}
	if (shelf->request == 0 || worker_now_ms(peer->relay->worker) >=
					   shelf->asked_ms + PATIENCE_MS)
		ask_historian(peer, historian);
	return PIECE_BAD;
}

static void
put(struct shelf *shelf, const struct archive_page *page)
{
	shelf->request = 0;
	if (page->failed)
		return;
	shelf->has_page = true;
	shelf->is_end = page->is_end != 0;
	shelf->to = page->to;
	buffer_clear(&shelf->items, KEEP_BYTES);
	buffer_add_text(&shelf->items, page->items);
}

bool
shelf_take(struct relay *relay, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct archive_page page;

	if (letter->kind != LETTER_ARCHIVE_PAGE ||
		!archive_page_unpack(&in, &page) || page.request == 0)
		return false;
	for (unsigned i = 0; i < relay->peer_count; i++)
		if (relay->peers[i]->shelf.request == page.request)
			put(&relay->peers[i]->shelf, &page);
	return true;
}

/* The id_time of the first message in the row; 0: there is none. */
static uint64_t
first_clock(struct text items)
{
	struct unpack in = unpack_of(items);

	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct haul_item item;
		struct message message;

		if (in.failed || !haul_item_unpack(&one, &item))
			return 0;
		one = unpack_of(item.message);
		if (message_unpack(&one, &message) && message.id_time > 0 &&
			!(message.flags & MESSAGE_NOTES))
			return message.id_time;
	}
	return 0;
}

uint64_t
shelf_clock(struct peer *peer, unsigned ledger, struct point from,
	struct point first)
{
	const struct relay *relay = peer->relay;
	const struct row *row =
		arena_row(relay->arena, relay->first_ledger + ledger);
	struct piece piece;
	uint64_t clock, next = 0, end;

	if (shelf_historian(relay) == NO_SLOT ||
		!point_is_before(from, first) ||
		!relay_journal_end(relay, ledger, &end))
		return 0;
	clock = atomic_load_explicit(&row->clock, memory_order_acquire);
	if (from.position > 0 && feed_read(peer->feeds[ledger], first, end,
					 LOOK_BYTES, &piece) != PIECE_GONE)
		next = first_clock(piece.items);
	return next > 0 ? MIN_OF(clock, next - 1) : clock;
}
