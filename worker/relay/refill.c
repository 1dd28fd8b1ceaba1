/*
 * Nothing is believed but what ledgers say: a page goes out from where the
 * ledger stands, and the next one is asked for when it has told where it stands
 * then. What was lost on the way is asked for again.
 */
#include <stdlib.h>

#include "shared/base.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/records.h"
#include "worker/relay/hauler_item.h"
#include "worker/relay/relay.h"
#include "worker/worker.h"

#define KEEP_BYTES (256U * 1024)
#define MARGIN_BYTES 512

#define PAUSE_MS_MIN 10
#define PAUSE_MS_MAX 1000

/* A ledger that does not answer for so long gets the page again. */
#define SILENT_MS 15000

void
refill_fini(struct refill *refill)
{
	free(refill->holes);
	buffer_fini(&refill->items);
	buffer_fini(&refill->smaller);
	buffer_fini(&refill->letter);
	*refill = (struct refill){ 0 };
}

static struct refill_hole *
find(struct refill *refill, unsigned ledger, unsigned number)
{
	for (size_t i = 0; i < refill->count; i++)
		if (refill->holes[i].ledger == ledger &&
			refill->holes[i].number == number)
			return &refill->holes[i];
	return NULL;
}

static void
drop(struct refill *refill, struct refill_hole *hole)
{
	*hole = refill->holes[--refill->count];
}

static struct refill_hole *
add(struct refill *refill)
{
	refill->holes = base_realloc(
		refill->holes, (refill->count + 1) * sizeof(*refill->holes));
	return &refill->holes[refill->count++];
}

void
refill_at(struct peer *peer, unsigned ledger, const struct haul_place *place)
{
	struct refill *refill = &peer->refill;
	struct refill_hole *hole =
		find(refill, ledger, (unsigned)place->ledger);
	bool is_open = place->epoch != 0 && place->position < HAUL_ARCHIVE_END;

	if (refill->asked.ledger == ledger &&
		refill->asked.number == place->ledger)
		refill->is_out = false;
	if (hole != NULL && !is_open)
		drop(refill, hole);
	if (!is_open)
		return;
	if (hole == NULL)
		hole = add(refill);
	*hole = (struct refill_hole){
		.ledger = ledger,
		.number = (unsigned)place->ledger,
		.epoch = place->epoch,
		.at = { place->position, place->index },
		.clock = place->clock,
		.archived = place->archived,
	};
}

void
refill_doubt(struct peer *peer, unsigned ledger)
{
	struct refill *refill = &peer->refill;

	for (size_t i = refill->count; i-- > 0;)
		if (refill->holes[i].ledger == ledger)
			drop(refill, &refill->holes[i]);
	if (refill->asked.ledger != ledger)
		return;
	refill->is_out = false;
	refill->placing = 0;
}

/* The hole that is worked at: of what has another epoch the host has nothing
 * any more. */
static const struct refill_hole *
first_hole(const struct peer *peer)
{
	for (size_t i = 0; i < peer->refill.count; i++)
		if (peer->refill.holes[i].epoch == peer->store)
			return &peer->refill.holes[i];
	return NULL;
}

bool
refill_wants(const struct peer *peer)
{
	return peer->is_greeted && first_hole(peer) && !peer->refill.is_out &&
	       worker_now_ms(peer->relay->worker) >= peer->refill.again_ms;
}

void
refill_pull(struct peer *peer, struct wire_pull *pull)
{
	const struct relay *relay = peer->relay;
	const struct refill_hole *hole = first_hole(peer);

	must(hole != NULL);
	peer->refill.asked = *hole;
	peer->refill.placing = 0;
	*pull = (struct wire_pull){
		.what = WIRE_PULL_ARCHIVE,
		.ledger = hole->number % LEDGERS_MAX,
		.from_position = hole->at.position,
		.from_index = hole->at.index,
		.bytes = MIN_OF(
			(size_t)ANSWER_BYTES, relay->office.letter_max / 2),
		.epoch = hole->epoch,
		.clock = hole->clock,
		.archived = hole->archived,
		.ledger_there = hole->ledger,
		.ledgers_there = relay->ledgers,
	};
}

static void
wait(struct peer *peer)
{
	struct refill *refill = &peer->refill;

	refill->pause_ms = MAX_OF(PAUSE_MS_MIN,
		MIN_OF(2 * refill->pause_ms, (uint64_t)PAUSE_MS_MAX));
	refill->again_ms =
		worker_now_ms(peer->relay->worker) + refill->pause_ms;
}

static void
log_large(struct peer *peer, size_t length)
{
	uint64_t now_ms = worker_now_ms(peer->relay->worker);

	if (now_ms < peer->refill.log_large_ms)
		return;
	peer->refill.log_large_ms = now_ms + LOG_AGAIN_MS;
	log_error("relay: a message of host %u with %zu bytes does not fit "
		  "ring_bytes of this host and stays here without its body",
		peer->host, length);
}

/* Without its body, when the rings of this host cannot carry it. */
static bool
make_fit(struct peer *peer, const struct haul_item *item, size_t max,
	struct text *text)
{
	struct buffer *smaller = &peer->refill.smaller;

	if (text->length <= max)
		return true;
	log_large(peer, text->length);
	if (!hauler_item_strip(item, smaller))
		return false;
	*text = buffer_text(smaller);
	return text->length <= max;
}

/* As many of the items as a letter takes. Returns how many; the last one that
 * was looked at moves *to, when not all are. */
static uint64_t
fill(struct peer *peer, struct text items, struct point *to)
{
	struct refill *refill = &peer->refill;
	size_t max = peer->relay->office.letter_max - MARGIN_BYTES;
	struct unpack in = unpack_of(items);
	struct point last = refill->asked.at;
	uint64_t count = 0;

	buffer_clear(&refill->items, KEEP_BYTES);
	while (in.at < in.end) {
		struct text text = unpack_text(&in);
		struct unpack one = unpack_of(text);
		struct haul_item item;

		if (in.failed || !haul_item_unpack(&one, &item)) {
			peers_refuse(peer, WIRE_NOT_OURS);
			break;
		}
		if (!make_fit(peer, &item, max, &text))
			continue;
		if (refill->items.length + text.length > max) {
			*to = last;
			break;
		}
		pack_text(&refill->items, text);
		last = (struct point){ item.position, item.index };
		count++;
	}
	return count;
}

static bool
post(struct peer *peer, struct point to, struct text items)
{
	struct refill *refill = &peer->refill;
	const struct refill_hole *hole = &refill->asked;
	struct haul haul = {
		.host = peer->host,
		.ledger = hole->number,
		.epoch = hole->epoch,
		.from_position = hole->at.position,
		.from_index = hole->at.index,
	};

	haul.count = fill(peer, items, &to);
	haul.to_position = to.position;
	haul.to_index = to.index;
	haul.items = buffer_text(&refill->items);
	letter_begin(&refill->letter, LETTER_HAUL);
	haul_pack(&refill->letter, &haul);
	return peer->relay->office.offer(
		peer->relay, hole->ledger, letter_end(&refill->letter));
}

/* Does the ledger stand where it was asked for? */
static bool
is_there_still(struct refill *refill)
{
	const struct refill_hole *hole =
		find(refill, refill->asked.ledger, refill->asked.number);

	return hole != NULL && point_is_same(hole->at, refill->asked.at);
}

/* Does the answer belong to that? */
static bool
is_due(struct peer *peer, enum piece_state state, const struct piece *piece)
{
	struct refill *refill = &peer->refill;

	if (refill->is_out || !is_there_still(refill) ||
		!point_is_same(refill->asked.at, piece->from))
		return false;
	return state == PIECE_END ||
	       (state == PIECE_SOME &&
		       point_is_before(piece->from, piece->to) &&
		       piece->to.position < HAUL_ARCHIVE_END);
}

static bool
has_marks(struct text items)
{
	struct unpack in = unpack_of(items);

	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct haul_item item;
		struct message message;

		if (in.failed || !haul_item_unpack(&one, &item))
			return false;
		one = unpack_of(item.message);
		if (message_unpack(&one, &message) &&
			message.flags & MESSAGE_MARK)
			return true;
	}
	return false;
}

/* Where are the messages that it names? It goes on when that is told. */
static bool
ask_places(struct peer *peer, unsigned historian, struct point to,
	struct text items)
{
	struct relay *relay = peer->relay;
	struct refill *refill = &peer->refill;
	const struct places_wanted wanted = {
		.request = relay->archive_requests + 1,
		.asker_slot = worker_slot(relay->worker),
		.asker_life = worker_life(relay->worker),
		.ledger = refill->asked.ledger,
		.epoch = relay_store(relay),
		.items = items,
	};

	letter_begin(&refill->letter, LETTER_PLACES_WANTED);
	places_wanted_pack(&refill->letter, &wanted);
	if (!worker_offer(
		    relay->worker, historian, letter_end(&refill->letter)))
		return false;
	refill->placing = ++relay->archive_requests;
	refill->placing_to = to;
	return true;
}

static bool
go_on(struct peer *peer, struct point to, struct text items)
{
	unsigned historian = shelf_historian(peer->relay);

	if (historian != NO_SLOT && has_marks(items))
		return ask_places(peer, historian, to, items);
	return post(peer, to, items);
}

void
refill_answer(
	struct peer *peer, enum piece_state state, const struct piece *piece)
{
	static const struct point end = { HAUL_ARCHIVE_END, 0 };
	struct refill *refill = &peer->refill;

	if (!is_due(peer, state, piece) ||
		!go_on(peer, state == PIECE_END ? end : piece->to,
			piece->items)) {
		wait(peer);
		return;
	}
	refill->is_out = true;
	refill->out_ms = worker_now_ms(peer->relay->worker);
	refill->pause_ms = 0;
}

static void
take_places(struct peer *peer, const struct places_told *told)
{
	struct refill *refill = &peer->refill;

	refill->placing = 0;
	refill->is_out = false;
	if (told->failed || !is_there_still(refill) ||
		!post(peer, refill->placing_to, told->items)) {
		wait(peer);
		return;
	}
	refill->is_out = true;
	refill->out_ms = worker_now_ms(peer->relay->worker);
}

bool
refill_take(struct relay *relay, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct places_told told;

	if (letter->kind != LETTER_PLACES_TOLD ||
		!places_told_unpack(&in, &told) || told.request == 0)
		return false;
	for (unsigned i = 0; i < relay->peer_count; i++)
		if (relay->peers[i]->refill.placing == told.request)
			take_places(relay->peers[i], &told);
	return true;
}

bool
refill_turn(struct peer *peer, uint64_t now_ms)
{
	struct refill *refill = &peer->refill;

	if (refill->is_out && now_ms >= refill->out_ms + SILENT_MS)
		refill->is_out = false;
	if (refill_wants(peer))
		asking_go_on(peer);
	return peer->is_greeted && first_hole(peer) != NULL;
}
