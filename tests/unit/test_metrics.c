/* What /metrics and /v1/stats say of an arena. */
#include <stdio.h>
#include <stdlib.h>

#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/json.h"
#include "tests/unit/arena_fixture.h"
#include "worker/api/metrics.h"
#include "worker/api/stats.h"

enum {
	GATEWAY,
	OTHER_GATEWAY,
	LEDGER,
	HISTORIAN
};

static struct buffer out;

static int
set_up(void **state)
{
	const struct arena_shape shape = { .slots = 4,
		.ring_bytes = 4096,
		.index_connections = 16,
		.index_rooms = 16,
		.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_LEDGER,
			ROLE_HISTORIAN } };

	(void)state;
	arena_fixture_open(&shape);
	for (unsigned i = 0; i < shape.slots; i++) {
		struct row *row = arena_row(arena, i);

		if (i == OTHER_GATEWAY)
			continue;
		atomic_store(&row->is_wanted, 1);
		atomic_store(&row->life, 1);
		atomic_store(&row->state, CHILD_SERVING);
		atomic_store(&row->pid, 100 + i);
	}
	return 0;
}

static int
end(void **state)
{
	buffer_fini(&out);
	out = (struct buffer){ 0 };
	return tear_down(state);
}

static const char *
metrics(void)
{
	out.length = 0;
	metrics_write(&out, arena, clock_ms());
	buffer_add_byte(&out, 0);
	return (const char *)out.data;
}

static void
assert_says(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no \"%s\" in:\n%s", line, text);
}

static void
counters_are_totals_and_gauges_by_process(void **state)
{
	const char *text;

	(void)state;
	row_count(arena_row(arena, GATEWAY), COUNTER_REQUESTS, 7);
	row_count(arena_row(arena, GATEWAY), COUNTER_CONNECTIONS, 3);
	text = metrics();
	assert_says(text, "# TYPE confab_requests_total counter\n");
	assert_says(text,
		"\nconfab_requests_total{role=\"gateway\",slot=\"0\"} 7\n");
	assert_says(text, "# TYPE confab_connections gauge\n");
	assert_says(
		text, "\nconfab_connections{role=\"gateway\",slot=\"0\"} 3\n");
	assert_null(strstr(text, "\nconfab_connections_total"));
}

static void
a_slot_that_nobody_ever_had_is_left_out(void **state)
{
	const char *text = metrics();

	(void)state;
	assert_null(strstr(text, "slot=\"1\""));
	atomic_store(&arena_row(arena, OTHER_GATEWAY)->life, 4);
	text = metrics();
	assert_says(
		text, "\nconfab_process_up{role=\"gateway\",slot=\"1\"} 0\n");
	assert_null(strstr(text,
		"confab_process_silent_seconds{role=\"gateway\",slot=\"1\"}"));
}

static void
buckets_are_counted_from_below(void **state)
{
	struct row *row = arena_row(arena, LEDGER);
	const char *text;

	(void)state;
	histogram_add(&row->histograms[HISTOGRAM_JOURNAL], 40);
	histogram_add(&row->histograms[HISTOGRAM_JOURNAL], 60);
	histogram_add(&row->histograms[HISTOGRAM_JOURNAL], 999999999);
	text = metrics();
#define JOURNAL(what, more)                                                    \
	"confab_journal_commit_seconds_" what "{role=\"ledger\",slot="         \
	"\"2\"" more
	assert_says(text, JOURNAL("bucket", ",le=\"5e-05\"} 1\n"));
	assert_says(text, JOURNAL("bucket", ",le=\"0.0001\"} 2\n"));
	assert_says(text, JOURNAL("bucket", ",le=\"300\"} 2\n"));
	assert_says(text, JOURNAL("bucket", ",le=\"+Inf\"} 3\n"));
	assert_says(text, JOURNAL("count", "} 3\n"));
	assert_says(text, JOURNAL("sum", "} 1000.000099\n"));
}

static void
only_those_who_measure_have_a_histogram(void **state)
{
	const char *text = metrics();

	(void)state;
	assert_null(
		strstr(text, "confab_delivery_seconds_count{role=\"ledger\""));
	assert_says(text, "confab_delivery_seconds_count{role=\"gateway\"");
}

static void
every_metric_is_described_once(void **state)
{
	const char *text = metrics();
	char line[200];

	(void)state;
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_info *info = counter_info(i);
		const char *found;

		snprintf(line, sizeof(line), "\n# HELP confab_%s%s ",
			info->name, info->is_gauge ? "" : "_total");
		found = strstr(text, line);
		assert_non_null(found);
		assert_null(strstr(found + 1, line));
	}
	assert_null(strchr(text, '\\'));
}

static json_t *
stats(void)
{
	const struct config config = { .host_id = 7 };
	json_t *json;

	out.length = 0;
	stats_write(&out, arena, &config, clock_ms());
	json = json_read_object(buffer_text(&out));
	assert_non_null(json);
	return json;
}

static json_int_t
number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void
stats_are_one_object_with_all_counters(void **state)
{
	json_t *json, *counters;

	(void)state;
	row_count(arena_row(arena, GATEWAY), COUNTER_DELIVERED, 9);
	json = stats();
	counters = json_object_get(json, "counters");
	assert_int_equal(json_object_size(counters), COUNTER_COUNT);
	assert_int_equal(number(counters, "delivered"), 9);
	assert_string_equal(
		json_string_value(json_object_get(json, "state")), "serving");
	json_decref(json);
}

static void
stats_tell_how_long_things_took(void **state)
{
	struct row *row = arena_row(arena, GATEWAY);
	json_t *json, *delivery;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		histogram_add(&row->histograms[HISTOGRAM_DELIVERY], 2000);
	json = stats();
	delivery = json_object_get(json_object_get(json, "latency"),
		histogram_info(HISTOGRAM_DELIVERY)->name);
	assert_int_equal(number(delivery, "count"), 100);
	assert_true(json_real_value(json_object_get(delivery, "mean_ms")) == 2);
	assert_true(
		json_real_value(json_object_get(delivery, "p99_ms")) <= 2.5);
	assert_true(json_real_value(json_object_get(delivery, "p50_ms")) > 1);
	assert_int_equal(json_array_size(json_object_get(delivery, "buckets")),
		HISTOGRAM_BUCKETS);
	assert_int_equal(json_array_size(json_object_get(json, "bounds_ms")),
		HISTOGRAM_BOUNDS);
	json_decref(json);
}

static void
stats_list_the_processes_that_are_or_shall_be(void **state)
{
	json_t *json = stats();
	json_t *workers = json_object_get(json, "workers");

	(void)state;
	assert_int_equal(json_array_size(workers), 3);
	assert_int_equal(number(json_array_get(workers, 1), "slot"), LEDGER);
	assert_int_equal(number(json_array_get(workers, 1), "pid"), 102);
	json_decref(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counters_are_totals_and_gauges_by_process),
		TEST(a_slot_that_nobody_ever_had_is_left_out),
		TEST(buckets_are_counted_from_below),
		TEST(only_those_who_measure_have_a_histogram),
		TEST(every_metric_is_described_once),
		TEST(stats_are_one_object_with_all_counters),
		TEST(stats_tell_how_long_things_took),
		TEST(stats_list_the_processes_that_are_or_shall_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
