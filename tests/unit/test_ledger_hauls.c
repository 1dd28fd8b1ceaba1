/* What other hosts have said, in the streams of this one. */
#include "tests/unit/ledger_hauls.h"

#include "shared/ring.h"

#define ROOM_HERE add_room(GATEWAY_A, "r")

static void
script_first(void)
{
	struct message one = said_there(ELSEWHERE, 5000, "1");

	settle_with_source();
	ROOM_HERE;
	show_say(GATEWAY_A, 1, "r", "0");
	haul_one(0, 100, &one);
	show_say(GATEWAY_A, 2, "r", "2");
	end_turn();
	expect_deliver(GATEWAY_A, 1, "0");
	expect_said(GATEWAY_A, 1, 1);
	{
		NEXT(DELIVER, message, GATEWAY_A);
		assert_int_equal(message.offset, 2);
		assert_int_equal(message.id_time, one.id_time);
		assert_int_equal(message.id_origin, one.id_origin);
		assert_int_equal(message.epoch, ledger()->epoch);
		assert_int_equal(message.via, ELSEWHERE << 8 | 1);
		assert_int_equal(message.via_position, 0);
		assert_int_equal(message.via_index, 1);
		assert_true(message.placed > message.id_time);
		assert_int_equal(message.request, 0);
		assert_int_equal(message.asker_life, 0);
		assert_true(text_equal(message.body, TEXT_LITERAL("1")));
	}
	expect_haul_at(ELSEWHERE, 100, 0);
	expect_deliver(GATEWAY_A, 3, "2");
	expect_said(GATEWAY_A, 2, 3);
	assert_no_more();
	assert_int_equal(counted(COUNTER_HAULED), 1);
	assert_int_equal(counted(COUNTER_HAULED_BAD), 0);
}

static void
a_message_gets_a_place_and_keeps_its_id(void **state)
{
	(void)state;
	play(script_first);
}

static void
script_gap(void)
{
	struct message one = said_there(ELSEWHERE, 0, "1");

	settle();
	ROOM_HERE;
	haul_one(0, 100, &one);
	end_turn();
	{
		NEXT(HAUL_AT, haul_place, RELAY);
		assert_int_equal(haul_place.epoch, 0);
	}
	haul_set(ELSEWHERE, 50, 0);
	haul_one(100, 200, &one);
	end_turn();
	expect_haul_at(ELSEWHERE, 50, 0);
	expect_haul_at(ELSEWHERE, 50, 0);
	haul_one(50, 100, &one);
	haul_one(50, 100, &one);
	haul_one(100, 200, &one);
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	expect_haul_at(ELSEWHERE, 200, 0);
	expect_haul_at(ELSEWHERE, 200, 0);
	expect_deliver(GATEWAY_A, 2, "1");
	expect_haul_at(ELSEWHERE, 200, 0);
	assert_no_more();
}

static void
only_what_follows_is_taken_and_only_once(void **state)
{
	(void)state;
	play(script_gap);
}

static void
script_wrong_epoch(void)
{
	struct message one = said_there(ELSEWHERE, 0, "1");

	settle_with_source();
	ROOM_HERE;
	haul_begin(ELSEWHERE, 0, 0);
	haul_add(0, 1, &one);
	hauling.epoch = ITS_EPOCH + 1;
	haul_show(100, 0);
	haul_begin(1, 0, 0);
	haul_show(100, 0);
	end_turn();
	expect_haul_at(ELSEWHERE, 0, 0);
	assert_no_more();
	assert_int_equal(counted(COUNTER_LETTERS_BAD), 1);
}

static void
another_epoch_is_another_journal_and_no_host_is_we(void **state)
{
	(void)state;
	play(script_wrong_epoch);
}

static void
script_before_kill(void)
{
	struct message one = said_there(ELSEWHERE, 1000, "1");
	struct message two = said_there(ELSEWHERE, 1000, "2");

	settle_with_source();
	ROOM_HERE;
	haul_begin(ELSEWHERE, 0, 0);
	haul_add(0, 1, &one);
	haul_add(0, 2, &two);
	haul_show(100, 0);
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	expect_deliver(GATEWAY_A, 2, "2");
	expect_haul_at(ELSEWHERE, 100, 0);
}

/* The rings were not read on as far as the ledger knows, and the relay begins
 * where it stood. */
static void
script_after_kill(void)
{
	struct message two = said_there(ELSEWHERE, 1000, "2");
	struct message three = said_there(ELSEWHERE, 1000, "3");

	expect_announce();
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	SHOW(HAULS_WANTED, hauls_wanted, RELAY, 1, .life = 1);
	end_turn();
	expect_haul_at(ELSEWHERE, 0, 2);
	{
		NEXT(HAUL_AT, haul_place, RELAY);
		assert_int_equal(haul_place.host, 0);
	}
	haul_begin(ELSEWHERE, 0, 1);
	haul_add(0, 2, &two);
	haul_add(100, 1, &three);
	haul_show(200, 0);
	end_turn();
	expect_deliver(GATEWAY_A, 3, "3");
	expect_haul_at(ELSEWHERE, 200, 0);
	assert_no_more();
}

static void
each_counts_once_through_a_kill(void **state)
{
	(void)state;
	play(script_before_kill);
	fixture_forget_sent();
	arena_row(fake.arena, LEDGER)->delivered = UINT64_MAX;
	play_next(script_after_kill);
}

/* Whoever was not told before the kill is told now. */
static void
script_told_again(void)
{
	expect_deliver(GATEWAY_A, 1, "1");
	expect_deliver(GATEWAY_A, 2, "2");
	expect_announce();
	assert_no_more();
}

static void
what_may_not_have_been_sent_is_sent_again(void **state)
{
	uint64_t delivered;

	(void)state;
	play(script_before_kill);
	fixture_forget_sent();
	delivered = 1;
	arena_row(fake.arena, LEDGER)->delivered = delivered;
	ring_note(arena_ring(fake.arena, LEDGER, GATEWAY_A), 0);
	ring_note(arena_ring(fake.arena, LEDGER, GATEWAY_B), 0);
	play_next(script_told_again);
}

/* The setting of a point is not done twice, whatever came after it. */
static void
script_set_again(void)
{
	expect_announce();
	fake.positions[RELAY] = 0;
	haul_set(ELSEWHERE, 0, 0);
	end_turn();
	expect_haul_at(ELSEWHERE, 0, 2);
	assert_no_more();
}

static void
a_point_is_set_once(void **state)
{
	(void)state;
	play(script_before_kill);
	fixture_forget_sent();
	arena_row(fake.arena, LEDGER)->delivered = UINT64_MAX;
	play_next(script_set_again);
}

static void
script_stop(void)
{
	struct message one = said_there(ELSEWHERE, 1000, "1");

	settle_with_source();
	haul_one(0, 100, &one);
	haul_begin(ELSEWHERE, 100, 0);
	haul_show(300, 0);
	end_turn();
	fixture_forget_sent();
	stop_now();
}

static void
script_started(void)
{
	settle();
	SHOW(HAULS_WANTED, hauls_wanted, RELAY, 1, .life = 1);
	end_turn();
	expect_haul_at(ELSEWHERE, 300, 0);
}

static void
a_checkpoint_has_the_points(void **state)
{
	(void)state;
	play(script_stop);
	assert_true(exists("journal-0/checkpoint"));
	play_next(script_started);
}

static void
script_noted(void)
{
	settle_with_source();
	fake.now_ms += 10000;
	haul_begin(ELSEWHERE, 0, 0);
	haul_show(100, 0);
	end_turn();
	expect_haul_at(ELSEWHERE, 100, 0);
	fake.now_ms += 30000;
	haul_begin(ELSEWHERE, 100, 0);
	haul_show(200, 0);
	end_turn();
	expect_haul_at(ELSEWHERE, 200, 0);
	haul_begin(ELSEWHERE, 200, 0);
	haul_show(300, 0);
	end_turn();
	expect_haul_at(ELSEWHERE, 300, 0);
}

static void
script_noted_again(void)
{
	settle();
	SHOW(HAULS_WANTED, hauls_wanted, RELAY, 1, .life = 1);
	end_turn();
	expect_haul_at(ELSEWHERE, 200, 0);
}

static void
a_point_without_records_is_noted_now_and_then(void **state)
{
	(void)state;
	play(script_noted);
	fixture_forget_sent();
	arena_row(fake.arena, LEDGER)->delivered = UINT64_MAX;
	play_next(script_noted_again);
}

static void
script_full(void)
{
	struct message one = said_there(ELSEWHERE, 1000, "1");

	one.key = TEXT_LITERAL("k");
	settle_with_source();
	ROOM_HERE;
	limit_journal(0);
	haul_one(0, 100, &one);
	end_turn();
	limit_journal(RLIM_INFINITY);
	expect_haul_at(ELSEWHERE, 0, 0);
	assert_no_more();
	assert_null(streams_find(&ledger()->streams,
		&(struct stream_name){ .length = 4, .bytes = "rt\x1fr" }));
	haul_one(0, 100, &one);
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	expect_haul_at(ELSEWHERE, 100, 0);
}

static void
a_failed_batch_takes_the_point_back(void **state)
{
	(void)state;
	play(script_full);
}

static void
script_hole(void)
{
	settle_with_source();
	haul_set(ELSEWHERE, 5000, 4000);
	end_turn();
	for (unsigned slot = GATEWAY_A; slot <= GATEWAY_B; slot++) {
		NEXT(MOVED, loss, slot);
		assert_int_equal(loss.room.length, 0);
	}
	expect_haul_at(ELSEWHERE, 5000, 0);
	assert_no_more();
	haul_set(ELSEWHERE, 4000, 3000);
	end_turn();
	expect_haul_at(ELSEWHERE, 5000, 0);
	haul_set(ELSEWHERE, 100, 0);
	end_turn();
	expect_haul_at(ELSEWHERE, 100, 0);
	assert_no_more();
	assert_int_equal(counted(COUNTER_HAUL_HOLES), 1);
}

static void
a_hole_is_counted_and_gateways_are_told(void **state)
{
	(void)state;
	play(script_hole);
}

static void
script_bad(void)
{
	struct message bad[16], good = said_there(ELSEWHERE, 0, "1");
	char long_name[300];
	size_t count = 0;

	memset(long_name, 'x', sizeof(long_name));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = good;
	bad[count++].id_origin = message_origin(3, LEDGER);
	bad[count++].id_time = 0;
	bad[count++].id_time = UINT64_MAX;
	bad[count++].epoch = 1;
	bad[count++].via = 3 << 8 | 1;
	bad[count++].stream = (struct text){ long_name, sizeof(long_name) };
	bad[count++].stream = TEXT_LITERAL("a\x1f"
					   "b");
	bad[count++].from = (struct text){ long_name, sizeof(long_name) };
	bad[count++].key = (struct text){ long_name, sizeof(long_name) };
	bad[count++].kind = STREAM_TENANT;
	bad[count++].flags = MESSAGE_EDIT | MESSAGE_DELETE;
	bad[count++].body = TEXT_LITERAL("");
	bad[count++].flags = UINT64_C(1) << 40;
	bad[count++].flags = MESSAGE_EDIT;
	bad[count++].flags = MESSAGE_BAN;
	bad[count++].flags = MESSAGE_HAUL;
	settle_with_source();
	ROOM_HERE;
	haul_begin(ELSEWHERE, 0, 0);
	for (size_t i = 0; i < count; i++)
		haul_add(0, i + 1, &bad[i]);
	haul_add(0, count + 1, &good);
	haul_show(100, 0);
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	expect_haul_at(ELSEWHERE, 100, 0);
	assert_no_more();
	assert_int_equal(counted(COUNTER_HAULED_BAD), count);
}

static void
what_makes_no_sense_is_counted_and_passed_over(void **state)
{
	(void)state;
	play(script_bad);
}

static unsigned seed;

static unsigned
chance(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

/* A record of some kind, some bytes of which are others. */
static void
add_noise(uint64_t index)
{
	static const uint64_t flags[] = { 0, 0, MESSAGE_EDIT, MESSAGE_DELETE,
		MESSAGE_MARK, MESSAGE_TRIM, MESSAGE_BAN, MESSAGE_SYSTEM,
		MESSAGE_ENROL, MESSAGE_HAUL };
	struct message message = said_there(ELSEWHERE, 10, "1");
	struct buffer item = { 0 }, packed = { 0 };

	message.flags = flags[chance(ARRAY_LEN(flags))];
	message.kind = chance(2) ? STREAM_ROOM : STREAM_INBOX;
	if (message.kind == STREAM_INBOX)
		message.stream = message.from;
	if (message.flags)
		message.of_time = message.id_time - 1;
	message_pack(&packed, &message);
	for (unsigned i = chance(4); i > 0; i--)
		packed.data[chance((unsigned)packed.length)] =
			(uint8_t)chance(256);
	if (chance(8) == 0)
		packed.length = chance((unsigned)packed.length);
	haul_item_pack(&item, &(struct haul_item){ .position = 0,
				      .index = index,
				      .message = buffer_text(&packed) });
	if (chance(16) == 0)
		item.data[chance((unsigned)item.length)] = (uint8_t)chance(256);
	pack_text(&hauling_items, buffer_text(&item));
	buffer_fini(&item);
	buffer_fini(&packed);
}

static void
script_noise(void)
{
	settle();
	for (seed = 1; seed < 400; seed++) {
		unsigned game = seed;

		haul_set(ELSEWHERE, game % 2, 0);
		haul_begin(ELSEWHERE, 0, 0);
		for (uint64_t i = 0; i < 50; i++)
			add_noise(i + 1);
		hauling.from_position = game % 2;
		haul_show(1000, 0);
		if (chance(4) == 0)
			limit_journal(0);
		end_turn();
		limit_journal(RLIM_INFINITY);
		fixture_forget_sent();
		seed = game;
	}
	assert_true(counted(COUNTER_HAULED_BAD) > 0);
	assert_true(counted(COUNTER_HAULED) > 0);
}

static void
script_after_noise(void)
{
	assert_true(streams_count(&ledger()->streams) > 0);
	fixture_forget_sent();
}

static void
noise_is_passed_over_and_the_journal_can_be_read(void **state)
{
	(void)state;
	play(script_noise);
	fixture_forget_sent();
	arena_row(fake.arena, LEDGER)->delivered = UINT64_MAX;
	play_next(script_after_noise);
}

static void
script_plain_stop(void)
{
	settle();
	show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	stop_now();
}

static void
script_new_source(void)
{
	struct message one = said_there(ELSEWHERE, 1000, "1");

	fixture_forget_sent();
	ROOM_HERE;
	haul_set(ELSEWHERE, 0, 0);
	haul_one(0, 100, &one);
	end_turn();
	expect_haul_at(ELSEWHERE, 100, 0);
	expect_deliver(GATEWAY_A, 2, "1");
	expect_haul_at(ELSEWHERE, 100, 0);
}

static void
a_checkpoint_without_sources_is_read_too(void **state)
{
	(void)state;
	play(script_plain_stop);
	make_checkpoint_old(CHECKPOINT_VERSION_OF_ROLLS, NULL);
	play_next(script_new_source);
	assert_false(exists("journal-0/checkpoint.bad"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAUL_TEST(a_message_gets_a_place_and_keeps_its_id),
		HAUL_TEST(only_what_follows_is_taken_and_only_once),
		HAUL_TEST(another_epoch_is_another_journal_and_no_host_is_we),
		HAUL_TEST(each_counts_once_through_a_kill),
		HAUL_TEST(what_may_not_have_been_sent_is_sent_again),
		HAUL_TEST(a_point_is_set_once),
		HAUL_TEST(a_checkpoint_has_the_points),
		HAUL_TEST(a_point_without_records_is_noted_now_and_then),
		HAUL_TEST(a_failed_batch_takes_the_point_back),
		HAUL_TEST(a_hole_is_counted_and_gateways_are_told),
		HAUL_TEST(what_makes_no_sense_is_counted_and_passed_over),
		HAUL_TEST(a_checkpoint_without_sources_is_read_too),
		HAUL_TEST(noise_is_passed_over_and_the_journal_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
