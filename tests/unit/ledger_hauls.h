/*
 * A relay that brings a ledger what was said on other hosts. Included by one
 * test program each, so everything is static.
 */
#ifndef TESTS_UNIT_LEDGER_HAULS_H
#define TESTS_UNIT_LEDGER_HAULS_H

#include "tests/unit/ledger_lives.h"

#include "shared/clock.h"
#include "shared/scoreboard.h"

/* Another host, and its store. */
#define ELSEWHERE 2
#define ITS_EPOCH UINT64_C(0xabcdef)

/* The source that items are added for. */
static struct haul hauling;
static struct buffer hauling_items;

/* Begins a row of records behind this point. */
static inline void
haul_begin(uint64_t host, uint64_t position, uint64_t index)
{
	buffer_clear(&hauling_items, SIZE_MAX);
	hauling = (struct haul){
		.host = host,
		.epoch = ITS_EPOCH,
		.from_position = position,
		.from_index = index,
	};
}

/* The record behind which the source stands at this point. */
static inline void
haul_add(uint64_t position, uint64_t index, const struct message *message)
{
	struct buffer item = { 0 }, packed = { 0 };

	message_pack(&packed, message);
	haul_item_pack(&item, &(struct haul_item){ .position = position,
				      .index = index,
				      .message = buffer_text(&packed) });
	pack_text(&hauling_items, buffer_text(&item));
	buffer_fini(&item);
	buffer_fini(&packed);
	hauling.count++;
}

static inline void
haul_show(uint64_t position, uint64_t index)
{
	hauling.to_position = position;
	hauling.to_index = index;
	hauling.items = buffer_text(&hauling_items);
	letter_begin(&out, LETTER_HAUL);
	haul_pack(&out, &hauling);
	show_letter(RELAY, 1);
}

static inline void
haul_set(uint64_t host, uint64_t position, uint64_t lost)
{
	SHOW(HAUL_SET, haul_place, RELAY, 1, .host = host, .epoch = ITS_EPOCH,
		.position = position, .lost = lost);
}

/* As a client of that host said it, so many ms ago. */
static inline struct message
said_there(uint64_t host, uint64_t ago_ms, const char *body)
{
	return (struct message){
		.id_time = message_time_of(clock_unix_ms() - ago_ms),
		.id_origin = message_origin((unsigned)host, LEDGER),
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("r"),
		.epoch = ITS_EPOCH,
		.offset = 1000,
		.from = TEXT_LITERAL("v"),
		.body = text_of(body),
		.asker_slot = GATEWAY_A,
		.asker_life = 1,
		.connection = 7,
		.request = 8,
	};
}

static inline void
expect_haul_at(uint64_t host, uint64_t position, uint64_t index)
{
	NEXT(HAUL_AT, haul_place, RELAY);
	assert_int_equal(haul_place.host, host);
	assert_int_equal(haul_place.position, position);
	assert_int_equal(haul_place.index, index);
}

/* One message of ELSEWHERE in a letter of its own, from one point to another of
 * the same length. */
static inline void
haul_one(uint64_t from, uint64_t to, const struct message *message)
{
	haul_begin(ELSEWHERE, from, 0);
	haul_add(from, 1, message);
	haul_show(to, 0);
}

static uint64_t haul_reached; /* position in the source */

/* The next record of ELSEWHERE, alone in a letter and a turn. */
static inline void
haul_next(const struct message *message)
{
	haul_one(haul_reached, haul_reached + 100, message);
	haul_reached += 100;
	end_turn();
}

static inline void
expect_at(void)
{
	expect_haul_at(ELSEWHERE, haul_reached, 0);
}

static inline struct message
note_of(uint64_t flags, const struct message *of)
{
	struct message note = said_there(ELSEWHERE, 0, "");

	note.id_time = note.id_origin = note.offset = 0;
	note.flags = flags;
	if (of != NULL) {
		note.of_time = of->id_time;
		note.of_origin = of->id_origin;
		note.of_offset = 500;
	}
	return note;
}

/* Settles with gateways that have the room, and a source that begins at 0. */
static inline void
settle_with_source(void)
{
	settle();
	haul_set(ELSEWHERE, 0, 0);
	end_turn();
	expect_haul_at(ELSEWHERE, 0, 0);
	assert_no_more();
}

static inline uint64_t
counted(enum counter counter)
{
	return row_read(arena_row(fake.arena, LEDGER), counter);
}

static inline int
open_hauls(void **state)
{
	open_ledger(state);
	start_gateway(RELAY, 1);
	return 0;
}

static inline int
close_hauls(void **state)
{
	buffer_fini(&hauling_items);
	hauling_items = (struct buffer){ 0 };
	return close_ledger(state);
}

#define HAUL_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, open_hauls, close_hauls)

#endif
