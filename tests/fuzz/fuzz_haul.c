/*
 * What another host sends of a journal, whatever stands in it: the bytes choose
 * what comes (frames, answers, heads), from which point to which, and are the
 * items. Some are made of good records, so that there is something to cut.
 *
 * Whatever comes: each letter fits a ring, has items of its own ledger alone,
 * in their order, and goes on where the one before it ended.
 */
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/letter.h"
#include "shared/records.h"
#include "worker/relay/hauler.h"

#define LEDGERS 3
#define LETTER_MAX 2048
#define ROUNDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *at, *end;

static struct place {
	struct point to;
	uint64_t epoch;
	unsigned open;
} places[LEDGERS];

static struct hauler *hauler;

static uint8_t
next_byte(void)
{
	return at < end ? *at++ : 0;
}

static struct point
next_point(void)
{
	static const struct point far = { UINT64_MAX, UINT64_MAX };
	uint8_t byte = next_byte();

	return byte == 255 ? far : (struct point){ byte / 4, byte % 4 };
}

static struct text
next_text(void)
{
	size_t wanted = next_byte();
	struct text text = { (const char *)at, (size_t)(end - at) };

	text.length = MIN_OF(text.length, wanted);
	at += text.length;
	return text;
}

static void
take_haul(struct place *place, struct unpack in)
{
	struct haul haul;
	struct point last;

	must(haul_unpack(&in, &haul) && in.at == in.end);
	last = (struct point){ haul.from_position, haul.from_index };
	must(point_is_same(last, place->to));
	place->to = (struct point){ haul.to_position, haul.to_index };
	must(point_is_before(last, place->to));
	for (in = unpack_of(haul.items); in.at < in.end; haul.count--) {
		struct unpack inside = unpack_of(unpack_text(&in));
		struct haul_item item;
		struct point behind;

		must(haul_item_unpack(&inside, &item));
		behind = (struct point){ item.position, item.index };
		must(point_is_before(last, behind));
		must(!point_is_before(place->to, behind));
		last = behind;
	}
	must(!in.failed && haul.count == 0);
}

static bool
offer(void *self, unsigned ledger, struct letter *letter)
{
	struct place *place = &places[ledger];
	struct unpack in = letter_open(letter);
	struct haul_place set;

	(void)self;
	must(ledger < LEDGERS && letter->size <= LETTER_MAX);
	if (letter->kind == LETTER_HAUL) {
		take_haul(place, in);
	} else {
		must(letter->kind == LETTER_HAUL_SET);
		must(haul_place_unpack(&in, &set));
		place->to = (struct point){ set.position, set.index };
		place->epoch = set.epoch;
	}
	place->open++;
	return true;
}

static void
pull(void *self, unsigned host, unsigned ledger, struct point from)
{
	(void)self;
	(void)host;
	(void)ledger;
	(void)from;
}

static void
ask(void *self, unsigned ledger)
{
	(void)self;
	(void)ledger;
}

static const struct hauler_office office = {
	.offer = offer,
	.pull = pull,
	.ask = ask,
	.ledgers = LEDGERS,
	.letter_max = LETTER_MAX,
};

static void
answer_all(uint64_t now_ms)
{
	for (unsigned i = 0; i < LEDGERS; i++)
		for (; places[i].open; places[i].open--)
			hauler_at(hauler, i,
				&(struct haul_place){ .epoch = places[i].epoch,
					.position = places[i].to.position,
					.index = places[i].to.index });
	hauler_turn(hauler, now_ms);
}

/* A row of items; an odd count of them is made well, but for its fields. */
static void
next_items(struct buffer *items)
{
	struct buffer message = { 0 }, one = { 0 };
	unsigned count = next_byte() % 8;

	buffer_clear(items, SIZE_MAX);
	if (count % 2 == 0)
		buffer_add_text(items, next_text());
	for (unsigned i = 0; count % 2 && i < count; i++) {
		struct point behind = next_point();
		struct message said = { .kind = next_byte() % 2 ? STREAM_ROOM
								: next_byte(),
			.flags = next_byte() * 64ULL,
			.tenant = next_text(),
			.stream = next_text() };
		struct haul_item item = { behind.position, behind.index,
			{ 0 } };

		said.body =
			(struct text){ (const char *)at, (size_t)(end - at) };
		buffer_clear(&message, SIZE_MAX);
		message_pack(&message, &said);
		item.message =
			next_byte() ? buffer_text(&message) : next_text();
		buffer_clear(&one, SIZE_MAX);
		haul_item_pack(&one, &item);
		pack_text(items, buffer_text(&one));
	}
	buffer_fini(&message);
	buffer_fini(&one);
}

static void
next_event(struct buffer *items, uint64_t now_ms)
{
	struct piece piece = {
		.from = next_point(), .to = next_point(), .first = next_point()
	};
	uint8_t what = next_byte();

	next_items(items);
	piece.items = buffer_text(items);
	if (what < 128)
		hauler_frame(hauler, 1 + (what == 0), &piece);
	else if (what < 224)
		hauler_answer(hauler, 1, (enum piece_state)(what % 4), &piece);
	else
		hauler_head(hauler, 1, piece.to);
	answer_all(now_ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer items = { 0 };
	uint64_t now_ms = 1000;

	at = data;
	end = data + size;
	hauler = hauler_new(&office, 2, 0);
	for (unsigned i = 0; i < LEDGERS; i++) {
		places[i] = (struct place){ 0 };
		hauler_told(hauler, i);
	}
	hauler_meet(hauler, 1);
	for (int i = 0; i < 4; i++)
		answer_all(++now_ms);
	for (int i = 0; at < end && i < ROUNDS_MAX; i++)
		next_event(&items, now_ms += next_byte() * 8ULL);
	hauler_free(&hauler);
	buffer_fini(&items);
	return 0;
}
