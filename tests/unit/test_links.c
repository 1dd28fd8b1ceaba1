/* How other hosts fare stands in the arena. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/links.h"
#include "worker/api/metrics_links.h"

#define RELAY 2

static const struct arena_shape shape = {
	.slots = 3,
	.ring_bytes = 4096,
	.index_connections = 10,
	.index_rooms = 10,
	.roles = { ROLE_GATEWAY, ROLE_LEDGER, ROLE_RELAY },
};

static struct arena *arena;
static struct links *links;
static struct buffer out;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_create(&shape);
	links = arena_links(arena);
	atomic_store(&arena_row(arena, RELAY)->pid, 1);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buffer_fini(&out);
	arena_free(&arena);
	return 0;
}

static struct link_report
report_of(unsigned host, enum link_state state)
{
	struct link_report report = { .host = host,
		.state = state,
		.since_ms = clock_unix_ms() - 5000,
		.lag_frames = 3,
		.lag_ms = 250,
		.bytes_in = 100 + host,
		.holes = 7,
		.clock_offset_ms = -12 };

	snprintf(report.address, sizeof(report.address), "tcp://10.0.0.%u:7100",
		host);
	return report;
}

static void
put(unsigned place, unsigned host, enum link_state state)
{
	struct link_report report = report_of(host, state);

	links_write(links, place, &report);
}

static void
what_was_written_is_read_and_an_empty_place_is_none(void **state)
{
	struct link_report wrote = report_of(9, LINK_SUSPECT), read;

	(void)state;
	assert_false(links_read(links, 0, &read));
	links_write(links, 63, &wrote);
	assert_true(links_read(links, 63, &read));
	assert_memory_equal(&read, &wrote, sizeof(read));
	links_clear(links);
	assert_false(links_read(links, 63, &read));
}

static void
of_several_links_to_a_host_the_best_is_found(void **state)
{
	struct link_report read;

	(void)state;
	put(0, 5, LINK_DOWN);
	put(1, 5, LINK_UP);
	put(2, 5, LINK_SUSPECT);
	put(3, 6, LINK_REFUSED);
	assert_true(links_find(links, 5, &read));
	assert_int_equal(read.state, LINK_UP);
	assert_false(links_find(links, 6, &read));
	assert_false(links_find(links, 7, &read));
}

static void
a_half_written_place_is_none_until_it_is_written(void **state)
{
	struct link_report read;

	(void)state;
	put(4, 5, LINK_UP);
	atomic_store(&links->places[4].sequence,
		atomic_load(&links->places[4].sequence) + 1);
	assert_false(links_read(links, 4, &read));
	put(4, 8, LINK_UP);
	assert_true(links_read(links, 4, &read));
	assert_int_equal(read.host, 8);
}

static void *
write_many(void *self)
{
	(void)self;
	for (unsigned i = 1; i <= 100000; i++) {
		struct link_report report = {
			.host = i, .state = LINK_UP, .store = i, .refused = i
		};

		links_write(links, 0, &report);
	}
	return NULL;
}

static void
a_report_is_never_half_of_one_and_half_of_another(void **state)
{
	struct link_report read;
	pthread_t writer;
	unsigned last = 0;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, write_many, NULL), 0);
	while (last < 100000) {
		if (!links_read(links, 0, &read))
			continue;
		assert_int_equal(read.store, read.host);
		assert_int_equal(read.refused, read.host);
		assert_true(read.host >= last);
		last = read.host;
	}
	pthread_join(writer, NULL);
}

static const char *
show_peers(void)
{
	struct answer answer = { 0 };
	struct words_context context = { .arena = arena };
	struct look look = { .limit = LOOK_LIMIT };

	look_peers(&context, &look, &answer);
	buffer_clear(&out, 0);
	buffer_add_text(&out, buffer_text(&answer.out));
	buffer_add_byte(&out, 0);
	buffer_fini(&answer.out);
	return (const char *)out.data;
}

static void
peers_are_shown_and_all_are_down_while_no_relay_lives(void **state)
{
	struct link_report refused = report_of(4, LINK_REFUSED);

	(void)state;
	refused.reason = LINK_SAME_HOST;
	put(0, 3, LINK_UP);
	links_write(links, 1, &refused);
	assert_non_null(strstr(show_peers(),
		"\n3\ttcp://10.0.0.3:7100\tup\t5\t3\t0\t250\t103\t0\t0\t7\t-12"
		"\t0\t0\t\n"));
	assert_non_null(strstr(show_peers(), "\trefused\t"));
	assert_non_null(
		strstr(show_peers(), "\thas the host_id of another host\n"));
	atomic_store(&arena_row(arena, RELAY)->pid, 0);
	assert_non_null(strstr(show_peers(), "\n3\ttcp://10.0.0.3:7100\tdown"));
}

static void
metrics_tell_of_each_peer_but_not_of_this_host(void **state)
{
	const char *text;

	(void)state;
	put(0, 3, LINK_UP);
	put(1, 1, LINK_SELF);
	put(2, 4, LINK_DOWN);
	buffer_clear(&out, 0);
	metrics_write_links(&out, arena);
	buffer_add_byte(&out, 0);
	text = (const char *)out.data;
	assert_non_null(strstr(text,
		"\nconfab_peer_up{host=\"3\",address=\"tcp://10.0.0.3:7100\"} "
		"1\n"));
	assert_non_null(strstr(text,
		"\nconfab_peer_up{host=\"4\",address=\"tcp://10.0.0.4:7100\"} "
		"0\n"));
	assert_non_null(
		strstr(text, "\nconfab_peer_lag_seconds{host=\"3\",address="
			     "\"tcp://10.0.0.3:7100\"} 0.25\n"));
	assert_non_null(strstr(text, "\"} -0.012\n"));
	assert_null(strstr(text, "host=\"1\""));
}

static void
stats_have_peers_as_json(void **state)
{
	char why[256];
	json_t *peers;

	(void)state;
	put(0, 3, LINK_UP);
	put(1, 4, LINK_DOWN);
	buffer_clear(&out, 0);
	metrics_write_peers(&out, arena);
	peers = json_read_value(buffer_text(&out), why, sizeof(why));
	assert_non_null(peers);
	assert_int_equal(json_array_size(peers), 2);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(peers, 1), "host")),
		4);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(peers, 0), "clock_offset_ms")),
		-12);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(peers, 1), "state")),
		"down");
	json_decref(peers);
}

int
main(void)
{
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read_and_an_empty_place_is_none),
		TEST(of_several_links_to_a_host_the_best_is_found),
		TEST(a_half_written_place_is_none_until_it_is_written),
		TEST(a_report_is_never_half_of_one_and_half_of_another),
		TEST(peers_are_shown_and_all_are_down_while_no_relay_lives),
		TEST(metrics_tell_of_each_peer_but_not_of_this_host),
		TEST(stats_have_peers_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
