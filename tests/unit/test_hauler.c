#include "tests/unit/hauler_world.h"

static const struct hauler_counts *
counts(void)
{
	return hauler_counts(port.hauler);
}

static void
forget_some(void)
{
	for (size_t i = roll(port.count + 1); i < port.count; i++)
		if (port.said[i].behind.index == 0) {
			port.begin =
				point_later(port.begin, port.said[i].behind);
			return;
		}
}

static void
random_step(unsigned trouble)
{
	unsigned ledger = (unsigned)roll(port.ledgers);

	switch (roll(12)) {
	case 0:
		say_batch(1 + (unsigned)roll(5));
		break;
	case 1:
	case 2:
		send_live(roll(100) >= trouble);
		break;
	case 3:
		hauler_head(port.hauler, port.epoch, port.end);
		break;
	case 4:
	case 5:
		answer_pull();
		break;
	case 6:
	case 7:
		ledger_turn(ledger, roll(4), roll(100) >= trouble);
		break;
	case 8:
		if (roll(400) < trouble)
			ledger_restart(ledger);
		break;
	case 9:
		if (roll(400) < trouble)
			forget_some();
		break;
	default:
		turn_relay(roll(30));
	}
}

static void
whatever_ledgers_do_each_record_is_taken_once(void **state)
{
	uint64_t lost = 0, rewinds = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 4000; seed++) {
		unsigned trouble = seed % 5 ? (unsigned)(seed % 5) * 15 : 0;

		port_open(1 + (unsigned)(seed % LEDGERS_MAX), seed);
		hauler_meet(port.hauler, port.epoch);
		for (int i = 0; i < 300; i++)
			random_step(trouble);
		run_for(20000);
		assert_all_taken();
		assert_true(point_is_same(hauler_acked(port.hauler), port.end));
		assert_int_equal(counts()->bad, 0);
		assert_int_equal(counts()->silent, 0);
		for (size_t i = 0; i < port.count; i++)
			lost += port.said[i].is_lost;
		rewinds += counts()->rewinds;
		port_close();
	}
	assert_true(lost > 100);
	assert_true(rewinds > 1000);
}

static void
nothing_is_hauled_before_all_ledgers_have_told(void **state)
{
	(void)state;
	port_open(2, 1);
	say_batch(5);
	hauler_meet(port.hauler, port.epoch);
	ledger_turn(0, 9, true);
	turn_relay(1);
	turn_relay(1);
	send_live(true);
	ledger_turn(0, 9, true);
	assert_int_equal(port.ledger[0].hauls, 0);
	assert_int_equal(port.ledger[0].sets, 1);
	run_for(2000);
	assert_all_taken();
	assert_int_equal(port.ledger[1].sets, 1);
	port_close();
}

/* Of two lives that died soon, the questions to both are answered. */
static void
every_question_is_to_be_answered(void **state)
{
	(void)state;
	port_open(1, 1);
	hauler_meet(port.hauler, port.epoch);
	want_hauls(0);
	ledger_turn(0, 1, true);
	turn_relay(1);
	assert_int_equal(port.ledger[0].count, 1);
	ledger_turn(0, 1, true);
	turn_relay(1);
	assert_int_equal(port.ledger[0].count, 1);
	assert_int_equal(counts()->sets, 1);
	/* What a life that is dead was asked, nobody waits for. */
	want_hauls(0);
	hauler_doubt(port.hauler, 0);
	want_hauls(0);
	port.ledger[0].count = 1;
	port.ledger[0].ring[0] = (struct mail){ .is_wanted = true };
	say_batch(3);
	run_for(2000);
	assert_all_taken();
	port_close();
}

static void
a_ledger_that_knows_goes_on_from_there(void **state)
{
	(void)state;
	port_open(1, 1);
	say_batch(3);
	port.ledger[0].epoch = port.epoch;
	port.ledger[0].cursor = at_point(0, 2);
	port.said[0].taken = port.said[0].crosses;
	port.said[1].taken = port.said[1].crosses;
	hauler_meet(port.hauler, port.epoch);
	run_for(2000);
	assert_int_equal(port.ledger[0].sets, 0);
	assert_all_taken();
	port_close();
}

static void
a_source_of_a_new_epoch_begins_anew(void **state)
{
	(void)state;
	port_open(2, 1);
	hauler_meet(port.hauler, port.epoch);
	say_batch(5);
	run_for(1000);
	assert_all_taken();
	port.count = 0;
	port.begin = port.end = port.live = at_point(0, 0);
	port.epoch = 2;
	say_batch(4);
	hauler_meet(port.hauler, port.epoch);
	run_for(2000);
	assert_all_taken();
	assert_int_equal(port.ledger[0].sets, 2);
	assert_int_equal(port.ledger[0].epoch, 2);
	port_close();
}

/* The row waits for the ledger and goes on by itself. */
static void
a_full_ring_loses_nothing(void **state)
{
	(void)state;
	port_open(1, 1);
	hauler_meet(port.hauler, port.epoch);
	run_for(100);
	for (int i = 0; i < 30; i++) {
		say_batch(4);
		send_live(true);
		turn_relay(1);
	}
	assert_true(counts()->refused > 0);
	assert_int_equal(port.ledger[0].count, RING_LETTERS);
	assert_int_equal(port.pulls, 0);
	run_for(3000);
	assert_all_taken();
	port_close();
}

static void
a_refused_letter_comes_again_after_a_pause(void **state)
{
	uint64_t begun;

	(void)state;
	port_open(1, 3);
	hauler_meet(port.hauler, port.epoch);
	run_for(100);
	say_batch(3);
	send_live(true);
	send_live(true);
	ledger_turn(0, 9, false);
	begun = port.now_ms;
	while (port.pulls == 0 && port.now_ms - begun < 1000)
		turn_relay(1);
	assert_in_range(port.now_ms - begun, 50, 60);
	assert_int_equal(counts()->rewinds, 1);
	run_for(2000);
	assert_all_taken();
	port_close();
}

static void
ledgers_without_items_move_on_but_rarely(void **state)
{
	(void)state;
	port_open(3, 1);
	hauler_meet(port.hauler, port.epoch);
	run_for(100);
	for (int i = 0; i < 50; i++) {
		struct message message = { .flags = MESSAGE_BAN };

		say(&message, at_point(port.end.position + 50, 0));
		send_live(true);
		turn_relay(100);
		for (unsigned ledger = 0; ledger < 3; ledger++)
			ledger_turn(ledger, 9, true);
	}
	run_for(3000);
	assert_all_taken();
	assert_int_equal(port.ledger[0].hauls, 50);
	assert_in_range(port.ledger[1].empties, 4, 8);
	assert_true(point_is_same(port.ledger[2].cursor, port.end));
	port_close();
}

static void
a_hole_is_set_at_each_ledger_once(void **state)
{
	(void)state;
	port_open(2, 5);
	for (int i = 0; i < 10; i++)
		say_batch(5);
	forget_some();
	assert_true(port.begin.position > 0);
	hauler_meet(port.hauler, port.epoch);
	run_for(3000);
	assert_all_taken();
	/* One to meet the source, one for the hole. */
	assert_int_equal(port.ledger[0].sets, 2);
	assert_int_equal(port.ledger[1].sets, 2);
	assert_int_equal(repair_counts(hauler_repair(port.hauler))->holes, 1);
	assert_int_equal(counts()->rewinds, 0);
	port_close();
}

/* As large as a letter can be, or larger. */
static void
say_large(size_t bytes, uint64_t flags)
{
	static char body[2 * LETTER_MAX];
	struct message message = { .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("room"),
		.body = { body, bytes },
		.flags = flags };
	struct haul_item item = { port.end.position + 50, 0, { 0 } };
	struct buffer packed = { 0 }, one = { 0 }, row = { 0 };
	struct piece piece = { .from = port.end };

	memset(body, 'x', sizeof(body));
	message_pack(&packed, &message);
	item.message = buffer_text(&packed);
	haul_item_pack(&one, &item);
	pack_text(&row, buffer_text(&one));
	message.body = TEXT_LITERAL("");
	say(&message, at_point(item.position, 0));
	piece.to = port.end;
	piece.items = buffer_text(&row);
	hauler_frame(port.hauler, port.epoch, &piece);
	buffer_fini(&packed);
	buffer_fini(&one);
	buffer_fini(&row);
	turn_relay(1);
	ledger_turn(0, 9, true);
}

static void
a_message_too_large_for_our_rings_keeps_its_place(void **state)
{
	(void)state;
	port_open(1, 1);
	hauler_meet(port.hauler, port.epoch);
	run_for(100);
	say_large(1400, 0);
	assert_int_equal(port.last_length, 1400);
	assert_int_equal(port.last_flags, 0);
	say_large(3000, 0);
	assert_int_equal(port.last_length, 0);
	assert_int_equal(port.last_flags, MESSAGE_DELETED);
	say_large(3000, MESSAGE_EDIT);
	assert_int_equal(port.last_length, 0);
	assert_int_equal(port.last_flags, MESSAGE_DELETE);
	assert_int_equal(counts()->too_large, 2);
	assert_all_taken();
	port_close();
}

static void
what_is_no_item_is_counted_and_holds_up_nothing(void **state)
{
	struct piece piece = { .to = at_point(100, 0) };
	struct haul_item item = { 50, 0, TEXT_LITERAL("nothing") };
	struct buffer one = { 0 }, row = { 0 };

	(void)state;
	port_open(2, 1);
	hauler_meet(port.hauler, port.epoch);
	run_for(100);
	haul_item_pack(&one, &item);
	pack_text(&row, buffer_text(&one));
	pack_text(&row, TEXT_LITERAL("\xff\xff"));
	pack_number(&row, 1000);
	piece.items = buffer_text(&row);
	hauler_frame(port.hauler, port.epoch, &piece);
	assert_int_equal(counts()->bad, 3);
	assert_true(
		point_is_same(repair_at(hauler_repair(port.hauler)), piece.to));
	assert_int_equal(counts()->letters, 0);
	buffer_fini(&one);
	buffer_fini(&row);
	port_close();
}

static void
a_ledger_that_answers_nothing_is_asked_anew(void **state)
{
	(void)state;
	port_open(1, 1);
	hauler_meet(port.hauler, port.epoch);
	run_for(100);
	say_batch(4);
	send_live(true);
	port.ledger[0].count = 0;
	for (int i = 0; i < 200; i++)
		turn_relay(100);
	assert_int_equal(port.asks, 1);
	assert_int_equal(counts()->silent, 1);
	run_for(3000);
	assert_all_taken();
	/* And so is one that does not tell where it stands. */
	want_hauls(0);
	port.ledger[0].count = 0;
	for (int i = 0; i < 200; i++)
		turn_relay(100);
	assert_int_equal(port.asks, 2);
	say_batch(4);
	run_for(3000);
	assert_all_taken();
	port_close();
}

static void
a_ledger_that_lost_its_journal_gets_all_again(void **state)
{
	(void)state;
	port_open(2, 1);
	hauler_meet(port.hauler, port.epoch);
	say_batch(9);
	run_for(1000);
	assert_all_taken();
	port.ledger[0].disk_epoch = 0;
	port.ledger[0].disk = at_point(0, 0);
	for (size_t i = 0; i < port.count; i++)
		if (port.said[i].ledger == 0)
			port.said[i].taken = 0;
	ledger_restart(0);
	run_for(3000);
	assert_all_taken();
	port_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			nothing_is_hauled_before_all_ledgers_have_told),
		cmocka_unit_test(every_question_is_to_be_answered),
		cmocka_unit_test(a_ledger_that_knows_goes_on_from_there),
		cmocka_unit_test(a_source_of_a_new_epoch_begins_anew),
		cmocka_unit_test(a_full_ring_loses_nothing),
		cmocka_unit_test(a_refused_letter_comes_again_after_a_pause),
		cmocka_unit_test(ledgers_without_items_move_on_but_rarely),
		cmocka_unit_test(a_hole_is_set_at_each_ledger_once),
		cmocka_unit_test(
			a_message_too_large_for_our_rings_keeps_its_place),
		cmocka_unit_test(
			what_is_no_item_is_counted_and_holds_up_nothing),
		cmocka_unit_test(a_ledger_that_answers_nothing_is_asked_anew),
		cmocka_unit_test(a_ledger_that_lost_its_journal_gets_all_again),
		cmocka_unit_test(whatever_ledgers_do_each_record_is_taken_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
