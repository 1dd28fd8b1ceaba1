/* What gateways report of rooms and of clients that do not follow, and what is
 * made of it. */
#include <stdio.h>

#include "shared/traffic_total.h"
#include "tests/unit/arena_fixture.h"
#include "worker/gateway/sketch.h"

#define NOW 100000

static struct traffic_report report, read_back;
static struct sketch sketch;

static int
set_up(void **state)
{
	const struct arena_shape shape = { .slots = 4,
		.ring_bytes = 4096,
		.index_connections = 16,
		.index_rooms = 16,
		.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_GATEWAY,
			ROLE_LEDGER } };

	(void)state;
	arena_fixture_open(&shape);
	for (unsigned i = 0; i < shape.slots; i++)
		atomic_store(&arena_row(arena, i)->pid, 100 + i);
	memset(&report, 0, sizeof(report));
	memset(&sketch, 0, sizeof(sketch));
	return 0;
}

static void
push(const char *room, uint64_t number, uint64_t bytes)
{
	sketch_add(&sketch, number, TEXT_LITERAL("one"), text_of(room),
		&(struct traffic_room){
			.messages = 1, .pushes = 2, .bytes = bytes });
}

static void
put_up(unsigned slot, uint64_t until_ms)
{
	sketch_take(&sketch, &report);
	report.from_ms = until_ms - TRAFFIC_WINDOW_MS;
	report.until_ms = until_ms;
	traffic_publish(arena_traffic(arena, slot), &report);
}

static struct traffic_total
collect(const char *tenant)
{
	struct traffic_total total;

	traffic_collect(&total, arena, text_of(tenant), NOW);
	return total;
}

static void
assert_room(const struct traffic_total *total, size_t i, const char *name,
	uint64_t bytes)
{
	assert_true(i < total->room_count);
	assert_int_equal(total->rooms[i].room_length, strlen(name));
	assert_memory_equal(total->rooms[i].room, name, strlen(name));
	assert_int_equal(total->rooms[i].bytes, bytes);
}

static void
before_the_first_report_there_is_none(void **state)
{
	(void)state;
	assert_false(traffic_read(arena_traffic(arena, 0), &read_back));
	traffic_publish(arena_traffic(arena, 0), &report);
	assert_true(traffic_read(arena_traffic(arena, 0), &read_back));
}

static void
a_half_written_report_is_not_read(void **state)
{
	struct traffic_board *board = arena_traffic(arena, 0);

	(void)state;
	push("r", 1, 10);
	put_up(0, NOW);
	atomic_fetch_add(&board->stamp, 1);
	assert_false(traffic_read(board, &read_back));
	traffic_publish(board, &report);
	assert_true(traffic_read(board, &read_back));
	assert_int_equal(read_back.room_count, 1);
}

static void
what_makes_no_sense_is_no_report(void **state)
{
	(void)state;
	report.from_ms = 2;
	report.until_ms = 1;
	traffic_publish(arena_traffic(arena, 0), &report);
	assert_false(traffic_read(arena_traffic(arena, 0), &read_back));
	report.until_ms = 3;
	report.room_count = 1;
	report.rooms[0].room_length = ROOM_BYTES_MAX + 1;
	traffic_publish(arena_traffic(arena, 0), &report);
	assert_false(traffic_read(arena_traffic(arena, 0), &read_back));
}

static void
messages_count_once_on_however_many_gateways(void **state)
{
	struct traffic_total total;

	(void)state;
	push("both", 1, 10);
	push("small", 2, 3);
	put_up(0, NOW);
	push("both", 7, 20);
	push("both", 7, 20);
	put_up(1, NOW);
	total = collect("");
	assert_int_equal(total.room_count, 2);
	assert_room(&total, 0, "both", 50);
	assert_int_equal(total.rooms[0].messages, 2);
	assert_int_equal(total.rooms[0].pushes, 6);
	assert_int_equal(total.rooms[0].gateways, 2);
	assert_room(&total, 1, "small", 3);
	traffic_fini(&total);
}

static void
the_dead_and_the_old_are_left_out(void **state)
{
	struct traffic_total total;

	(void)state;
	push("dead", 1, 10);
	put_up(0, NOW);
	atomic_store(&arena_row(arena, 0)->pid, 0);
	push("old", 1, 10);
	put_up(1, NOW - 4 * TRAFFIC_WINDOW_MS);
	push("fresh", 1, 10);
	put_up(2, NOW - TRAFFIC_WINDOW_MS);
	total = collect("");
	assert_int_equal(total.room_count, 1);
	assert_room(&total, 0, "fresh", 10);
	traffic_fini(&total);
}

static void
a_tenant_sees_its_own(void **state)
{
	struct traffic_total total;

	(void)state;
	push("r", 1, 10);
	sketch_add(&sketch, 2, TEXT_LITERAL("other"), TEXT_LITERAL("r"),
		&(struct traffic_room){ .bytes = 99 });
	report.client_count = 2;
	memcpy(report.clients[0].tenant, "one", 3);
	report.clients[0].tenant_length = 3;
	report.clients[1].waiting_bytes = 5;
	put_up(0, NOW);
	total = collect("one");
	assert_int_equal(total.room_count, 1);
	assert_room(&total, 0, "r", 10);
	assert_int_equal(total.client_count, 1);
	traffic_fini(&total);
	total = collect("");
	assert_int_equal(total.room_count, 2);
	assert_int_equal(total.client_count, 2);
	assert_int_equal(total.clients[0].client.waiting_bytes, 5);
	traffic_fini(&total);
}

static void
a_busy_room_is_found_among_any_number_of_others(void **state)
{
	struct traffic_total total;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "quiet %u", i);
		push(name, 10 + i, 100);
		if (i % 20 == 0)
			push("busy", 1, 200);
	}
	put_up(0, NOW);
	total = collect("");
	assert_int_equal(total.room_count, TRAFFIC_ROOMS);
	assert_int_equal(total.rooms[0].room_length, 4);
	assert_memory_equal(total.rooms[0].room, "busy", 4);
	/* Never more than there was. */
	assert_in_range(total.rooms[0].bytes, 100000, 200000);
	assert_true(total.rooms[1].bytes <= 200);
	traffic_fini(&total);
}

static void
a_report_takes_all_and_the_next_begins_anew(void **state)
{
	(void)state;
	push("r", 1, 10);
	put_up(0, NOW);
	assert_int_equal(report.room_count, 1);
	put_up(0, NOW);
	assert_int_equal(report.room_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(before_the_first_report_there_is_none),
		TEST(a_half_written_report_is_not_read),
		TEST(what_makes_no_sense_is_no_report),
		TEST(messages_count_once_on_however_many_gateways),
		TEST(the_dead_and_the_old_are_left_out),
		TEST(a_tenant_sees_its_own),
		TEST(a_busy_room_is_found_among_any_number_of_others),
		TEST(a_report_takes_all_and_the_next_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
