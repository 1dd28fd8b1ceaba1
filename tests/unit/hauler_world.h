/*
 * A world for haulers: an origin with real records, ledgers of this host that
 * refuse, lose and restart, and the little of a relay that stands between. Each
 * ledger notes what it takes, and compares. Included by one program each, so
 * everything is static.
 */
#ifndef TESTS_UNIT_HAULER_WORLD_H
#define TESTS_UNIT_HAULER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/letter.h"
#include "shared/records.h"
#include "shared/stream.h"
#include "worker/relay/hauler.h"

#define HOST 9
#define LEDGER 2
#define LEDGERS_MAX 3
#define RECORDS_MAX 200
#define ROOMS 7
#define RING_LETTERS 6
#define LETTER_MAX 2048

/* A record of the origin: number is that in the row of all. */
struct word {
	struct point behind;
	bool crosses;
	unsigned ledger; /* of this host that it belongs to */
	struct text packed;
	char bytes[400];

	/* By that ledger. */
	unsigned taken;
	bool is_lost;
};

/* What the relay and the ledger have for each other. */
struct mail {
	bool is_wanted; /* HAULS_WANTED, or the end of its answer */
	struct haul_place place;
	unsigned kind; /* of the letter */
	uint64_t letter[LETTER_MAX / 8];
};

struct fake_ledger {
	struct mail ring[RING_LETTERS + 64]; /* with what waits for room */
	size_t count;
	struct mail answers[64];
	size_t answer_count;
	uint64_t epoch, disk_epoch;
	struct point cursor, disk;
	unsigned hauls, sets, empties;
};

static struct port {
	uint64_t random;
	struct word said[RECORDS_MAX];
	size_t count;
	struct point begin, end, live;
	uint64_t epoch;

	unsigned ledgers;
	struct fake_ledger ledger[LEDGERS_MAX];
	struct hauler_office office;
	struct hauler *hauler;
	uint64_t now_ms;
	bool is_asked;
	struct point asked;
	unsigned asks, pulls;
	size_t last_length; /* of the body taken last */
	uint64_t last_flags;
} port;

static inline uint64_t
roll(uint64_t below)
{
	port.random ^= port.random << 13;
	port.random ^= port.random >> 7;
	port.random ^= port.random << 17;
	return (port.random >> 11) % below;
}

static inline struct point
at_point(uint64_t position, uint64_t index)
{
	return (struct point){ position, index };
}

/* The origin. */

static inline void
say(const struct message *message, struct point behind)
{
	struct word *said = &port.said[port.count++];
	struct buffer packed = { 0 };

	message_pack(&packed, message);
	assert_true(packed.length <= sizeof(said->bytes));
	memcpy(said->bytes, packed.data, packed.length);
	*said = (struct word){ .behind = behind,
		.crosses = message->via == 0,
		.packed = { said->bytes, packed.length } };
	memcpy(said->bytes, packed.data, packed.length);
	said->ledger =
		message->flags & MESSAGE_BAN
			? 0
			: stream_shard((unsigned)message->kind, message->tenant,
				  message->stream, port.ledgers);
	buffer_fini(&packed);
	port.end = behind;
}

static inline void
say_batch(unsigned count)
{
	static const char body[300];
	uint64_t position = port.end.position;

	for (unsigned i = 1; i <= count && port.count < RECORDS_MAX; i++) {
		char room[16];
		struct message message = { .kind = STREAM_ROOM,
			.id_time = port.count + 1,
			.tenant = TEXT_LITERAL("t"),
			.stream = { room,
				(size_t)snprintf(room, sizeof(room), "room %u",
					(unsigned)roll(ROOMS)) },
			.body = { body, roll(300) },
			.flags = roll(10) ? 0 : MESSAGE_BAN,
			.via = !roll(5) };

		say(&message, i == count || port.count == RECORDS_MAX - 1
				      ? at_point(position + 100 + roll(100), 0)
				      : at_point(position, i));
	}
}

/* What lies behind a point, so many records of it. */
static inline struct piece
piece_behind(struct point from, size_t records, struct buffer *items)
{
	struct piece piece = { .from = from, .to = from };
	size_t i = 0;

	buffer_clear(items, SIZE_MAX);
	while (i < port.count && !point_is_before(from, port.said[i].behind))
		i++;
	for (; i < port.count && records--; i++) {
		struct word *said = &port.said[i];
		struct haul_item item = { said->behind.position,
			said->behind.index,
			{ said->bytes, said->packed.length } };
		struct buffer packed = { 0 };

		piece.to = said->behind;
		if (!said->crosses)
			continue;
		haul_item_pack(&packed, &item);
		pack_text(items, buffer_text(&packed));
		buffer_fini(&packed);
	}
	piece.items = buffer_text(items);
	return piece;
}

static inline void
send_live(bool arrives)
{
	struct buffer items = { 0 };
	struct piece piece = piece_behind(port.live, 1 + roll(8), &items);

	port.live = piece.to;
	if (arrives && point_is_before(piece.from, piece.to))
		hauler_frame(port.hauler, port.epoch, &piece);
	buffer_fini(&items);
}

static inline void
answer_pull(void)
{
	struct buffer items = { 0 };
	struct piece piece;
	enum piece_state state = PIECE_SOME;

	if (!port.is_asked)
		return;
	port.is_asked = false;
	piece = piece_behind(port.asked, 1 + roll(12), &items);
	if (point_is_before(port.asked, port.begin)) {
		state = PIECE_GONE;
		piece.first = port.begin;
	} else if (point_is_same(piece.to, port.end)) {
		state = PIECE_END;
	}
	hauler_answer(port.hauler, port.epoch, state, &piece);
	buffer_fini(&items);
}

/* A ledger of this host. */

static inline bool
office_offer(void *self, unsigned ledger, struct letter *letter)
{
	struct fake_ledger *to = &port.ledger[ledger];
	struct mail *mail = &to->ring[to->count];

	assert_ptr_equal(self, &port);
	assert_true(ledger < port.ledgers);
	assert_true(letter->size <= LETTER_MAX);
	if (to->count >= RING_LETTERS)
		return false;
	/* The answer to a set is where the ledger stands after its turn. */
	assert_false(to->count && mail[-1].kind == LETTER_HAUL_SET);
	mail->kind = letter->kind;
	mail->is_wanted = false;
	memcpy(mail->letter, letter, letter->size);
	to->count++;
	return true;
}

static inline void
office_pull(void *self, unsigned host, unsigned ledger, struct point from)
{
	assert_ptr_equal(self, &port);
	assert_int_equal(host, HOST);
	assert_int_equal(ledger, LEDGER);
	port.is_asked = true;
	port.asked = from;
	port.pulls++;
}

/* As the relay does it: nobody knows any more, and the ledger is asked. */
static inline void
want_hauls(unsigned ledger)
{
	struct fake_ledger *to = &port.ledger[ledger];

	hauler_asked(port.hauler, ledger);
	assert_true(to->count < ARRAY_LEN(to->ring));
	to->ring[to->count++] = (struct mail){ .is_wanted = true };
}

static inline void
office_ask(void *self, unsigned ledger)
{
	assert_ptr_equal(self, &port);
	port.asks++;
	want_hauls(ledger);
}

static inline void
answer(struct fake_ledger *ledger, bool is_end)
{
	struct mail *mail = &ledger->answers[ledger->answer_count++];

	assert_true(ledger->answer_count <= ARRAY_LEN(ledger->answers));
	mail->is_wanted = is_end;
	mail->place = (struct haul_place){ .host = HOST,
		.ledger = LEDGER,
		.epoch = ledger->epoch,
		.position = ledger->cursor.position,
		.index = ledger->cursor.index };
}

static inline struct word *
said_at(struct point behind)
{
	for (size_t i = 0; i < port.count; i++)
		if (point_is_same(port.said[i].behind, behind))
			return &port.said[i];
	return NULL;
}

static inline void
take_item(struct fake_ledger *ledger, const struct haul_item *item)
{
	struct point behind = { item->position, item->index };
	struct word *said = said_at(behind);
	struct unpack in = unpack_of(item->message);
	struct message message;

	assert_non_null(said);
	assert_true(said->crosses);
	assert_int_equal(said->ledger, ledger - port.ledger);
	assert_true(message_unpack(&in, &message));
	if (!point_is_before(ledger->cursor, behind))
		return;
	assert_false(said->is_lost);
	assert_int_equal(said->taken++, 0);
	ledger->cursor = ledger->disk = behind;
	port.last_flags = message.flags;
	port.last_length = message.body.length;
}

static inline void
take_haul(struct fake_ledger *ledger, struct unpack in)
{
	struct haul haul;
	struct point from, to, last;
	uint64_t count = 0;

	assert_true(haul_unpack(&in, &haul));
	assert_int_equal(haul.host, HOST);
	assert_int_equal(haul.ledger, LEDGER);
	from = at_point(haul.from_position, haul.from_index);
	to = at_point(haul.to_position, haul.to_index);
	assert_true(point_is_before(from, to));
	if (haul.epoch != ledger->epoch ||
		point_is_before(ledger->cursor, from))
		return;
	ledger->hauls++;
	ledger->empties += haul.items.length == 0;
	last = from;
	for (in = unpack_of(haul.items); in.at < in.end; count++) {
		struct unpack inside = unpack_of(unpack_text(&in));
		struct haul_item item;

		assert_true(haul_item_unpack(&inside, &item));
		assert_true(point_is_before(
			last, at_point(item.position, item.index)));
		last = at_point(item.position, item.index);
		assert_false(point_is_before(to, last));
		take_item(ledger, &item);
	}
	assert_int_equal(count, haul.count);
	ledger->cursor = point_later(ledger->cursor, to);
}

/* Only what is forgotten may be lost, and what was on its way is not. */
static inline void
take_hole(struct fake_ledger *ledger, struct point goal, uint64_t lost)
{
	struct point from =
		at_point(goal.position - MIN_OF(lost, goal.position), 0);

	assert_false(point_is_before(port.begin, goal));
	for (size_t i = 0; i < port.count; i++) {
		struct word *said = &port.said[i];

		if (said->ledger != ledger - port.ledger || !said->crosses ||
			!point_is_before(ledger->cursor, said->behind) ||
			point_is_before(goal, said->behind))
			continue;
		assert_true(point_is_before(from, said->behind));
		said->is_lost = true;
	}
}

static inline void
take_set(struct fake_ledger *ledger, struct unpack in)
{
	struct haul_place place;
	struct point goal;

	assert_true(haul_place_unpack(&in, &place));
	goal = at_point(place.position, place.index);
	ledger->sets++;
	if (place.epoch == ledger->epoch && place.lost &&
		point_is_before(goal, ledger->cursor))
		return; /* told twice, in between others were taken */
	if (place.epoch == ledger->epoch)
		take_hole(ledger, goal, place.lost);
	ledger->epoch = ledger->disk_epoch = place.epoch;
	ledger->cursor = ledger->disk = goal;
}

/* A turn over so many letters. is_good: the disk takes it. */
static inline void
ledger_turn(unsigned number, size_t letters, bool is_good)
{
	struct fake_ledger *ledger = &port.ledger[number];
	size_t first_answer = ledger->answer_count;

	letters = MIN_OF(letters, ledger->count);
	for (size_t i = 0; i < letters; i++) {
		const struct mail *mail = &ledger->ring[i];
		const struct letter *letter = (const void *)mail->letter;

		if (mail->is_wanted) {
			if (ledger->epoch)
				answer(ledger, false);
			answer(ledger, true);
			continue;
		}
		if (is_good && letter->kind == LETTER_HAUL)
			take_haul(ledger, letter_open(letter));
		else if (is_good && letter->kind == LETTER_HAUL_SET)
			take_set(ledger, letter_open(letter));
		answer(ledger, false);
	}
	/* What holds at the end of the turn. */
	for (size_t i = first_answer; i < ledger->answer_count; i++) {
		struct haul_place *place = &ledger->answers[i].place;

		place->epoch = ledger->epoch;
		place->position = ledger->cursor.position;
		place->index = ledger->cursor.index;
	}
	ledger->count -= letters;
	memmove(ledger->ring, ledger->ring + letters,
		ledger->count * sizeof(ledger->ring[0]));
}

/* Killed and there again: it knows what is on its disk, and what it had read is
 * perhaps answered again. */
static inline void
ledger_restart(unsigned number)
{
	struct fake_ledger *ledger = &port.ledger[number];
	uint64_t again = roll(3);

	ledger->epoch = ledger->disk_epoch;
	ledger->cursor = ledger->disk;
	hauler_doubt(port.hauler, number);
	while (again--)
		answer(ledger, false);
	want_hauls(number);
}

/* The answers reach the relay. */
static inline void
read_answers(unsigned number)
{
	struct fake_ledger *ledger = &port.ledger[number];

	for (size_t i = 0; i < ledger->answer_count; i++) {
		const struct mail *mail = &ledger->answers[i];

		if (mail->is_wanted)
			hauler_told(port.hauler, number);
		else
			hauler_at(port.hauler, number, &mail->place);
	}
	ledger->answer_count = 0;
}

static inline void
turn_relay(uint64_t ms)
{
	port.now_ms += ms;
	for (unsigned i = 0; i < port.ledgers; i++)
		read_answers(i);
	hauler_turn(port.hauler, port.now_ms);
}

/* Everything gets on for so many ms. */
static inline void
run_for(uint64_t ms)
{
	uint64_t until_ms = port.now_ms + ms;

	while (port.now_ms < until_ms) {
		hauler_head(port.hauler, port.epoch, port.end);
		answer_pull();
		turn_relay(10);
		for (unsigned i = 0; i < port.ledgers; i++)
			ledger_turn(i, RING_LETTERS, true);
	}
}

static inline void
port_open(unsigned ledgers, uint64_t seed)
{
	memset(&port, 0, sizeof(port));
	port.random = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	port.ledgers = ledgers;
	port.epoch = 1;
	port.now_ms = 1000;
	port.office = (struct hauler_office){ .offer = office_offer,
		.pull = office_pull,
		.ask = office_ask,
		.self = &port,
		.ledgers = ledgers,
		.letter_max = LETTER_MAX };
	port.hauler = hauler_new(&port.office, HOST, LEDGER);
	for (unsigned i = 0; i < ledgers; i++)
		want_hauls(i);
}

static inline void
port_close(void)
{
	hauler_free(&port.hauler);
	assert_null(port.hauler);
}

/* Each record that crosses was taken once, or lies in a hole. */
static inline void
assert_all_taken(void)
{
	for (size_t i = 0; i < port.count; i++) {
		const struct word *said = &port.said[i];

		assert_int_equal(said->taken + said->is_lost, said->crosses);
	}
}

#endif
