#include "worker/api/metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/arena.h"
#include "shared/buffer.h"
#include "shared/census.h"
#include "shared/clock.h"
#include "shared/overall.h"
#include "worker/api/metrics_links.h"

#define LABELS_BYTES 64
#define NAME_BYTES 80

/* Between braces: which process it is. */
static void
write_labels(char labels[LABELS_BYTES], const struct row *row, unsigned slot)
{
	snprintf(labels, LABELS_BYTES, "role=\"%s\",slot=\"%u\"",
		role_name(row->role), slot);
}

/* HELP and TYPE of a metric. Our helps have no backslash and no line break. */
static void
begin(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_add_format(out, "# HELP confab_%s %c%s.\n# TYPE confab_%s %s\n",
		name, help[0] >= 'a' && help[0] <= 'z' ? help[0] - 32 : help[0],
		help + 1, name, type);
}

static void
add_alone(struct buffer *out, const char *name, const char *help, double value)
{
	begin(out, name, "gauge", help);
	buffer_add_format(out, "confab_%s %.15g\n", name, value);
}

/* Whoever once worked in a slot has counted there. */
static bool
is_used(const struct row *row)
{
	return atomic_load(&row->life) > 0;
}

static void
add_counter(struct buffer *out, const struct arena *arena, enum counter counter)
{
	const struct counter_info *info = counter_info(counter);
	char name[NAME_BYTES], labels[LABELS_BYTES];

	snprintf(name, sizeof(name), "%s%s", info->name,
		info->is_gauge ? "" : "_total");
	begin(out, name, info->is_gauge ? "gauge" : "counter", info->help);
	for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
		const struct row *row = arena_row(arena, i);

		if (!is_used(row))
			continue;
		write_labels(labels, row, i);
		buffer_add_format(out, "confab_%s{%s} %" PRIu64 "\n", name,
			labels, row_read(row, counter));
	}
}

/* Counts are those below a bound, and the last is the count of all. */
static void
add_buckets(struct buffer *out, const char *name, const char *labels,
	const struct histogram_sum *sum)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		count += sum->buckets[i];
		buffer_add_format(out,
			"confab_%s_bucket{%s,le=\"%g\"} %" PRIu64 "\n", name,
			labels, (double)histogram_bounds[i] / 1e6, count);
	}
	buffer_add_format(out,
		"confab_%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n"
		"confab_%s_sum{%s} %.15g\nconfab_%s_count{%s} %" PRIu64 "\n",
		name, labels, sum->count, name, labels,
		(double)sum->sum_us / 1e6, name, labels, sum->count);
}

static void
add_histogram(
	struct buffer *out, const struct arena *arena, enum histogram_kind kind)
{
	const struct histogram_info *info = histogram_info(kind);
	char name[NAME_BYTES], labels[LABELS_BYTES];

	snprintf(name, sizeof(name), "%s_seconds", info->name);
	begin(out, name, "histogram", info->help);
	for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
		const struct row *row = arena_row(arena, i);
		struct histogram_sum sum = { 0 };

		if (!is_used(row) || row->role != info->role)
			continue;
		histogram_add_to(&sum, &row->histograms[kind]);
		write_labels(labels, row, i);
		add_buckets(out, name, labels, &sum);
	}
}

static double
is_up(const struct row *row)
{
	return atomic_load(&row->state) == CHILD_SERVING;
}

static double
restarts_of(const struct row *row)
{
	return atomic_load(&row->restarts);
}

static double
silence_of(const struct row *row)
{
	uint64_t now_ms = clock_ms();
	uint64_t beat_ms = atomic_load(&row->heartbeat_ms);

	return (double)(now_ms - MIN_OF(now_ms, beat_ms)) / 1e3;
}

/* What the master or the clock says of each process. */
static const struct {
	const char *name;
	const char *type;
	bool is_of_living; /* alone */
	double (*value)(const struct row *row);
	const char *help;
} states[] = {
	{ "process_up", "gauge", false, is_up,
		"1 while a process serves in the slot" },
	{ "process_restarts_total", "counter", false, restarts_of,
		"deaths that nobody had asked for" },
	{ "process_silent_seconds", "gauge", true, silence_of,
		"time since the process was last seen at work" },
};

static void
add_states(struct buffer *out, const struct arena *arena)
{
	char labels[LABELS_BYTES];

	for (size_t k = 0; k < ARRAY_LEN(states); k++) {
		begin(out, states[k].name, states[k].type, states[k].help);
		for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
			const struct row *row = arena_row(arena, i);

			if (!is_used(row) || (states[k].is_of_living &&
						     !atomic_load(&row->pid)))
				continue;
			write_labels(labels, row, i);
			buffer_add_format(out, "confab_%s{%s} %.15g\n",
				states[k].name, labels, states[k].value(row));
		}
	}
}

/* Sum over the ledgers of what waits to go on. */
static void
add_lags(struct buffer *out, const struct arena *arena)
{
	unsigned first = arena_role_first(arena, ROLE_LEDGER);
	unsigned count = arena_role_count(arena, ROLE_LEDGER);
	uint64_t undelivered = 0, unarchived = 0;

	for (unsigned i = first; i < first + count; i++) {
		const struct row *row = arena_row(arena, i);

		undelivered += overall_undelivered(row);
		unarchived += overall_unarchived(arena, row);
	}
	add_alone(out, "undelivered_bytes",
		"journal that is not on its way to gateways yet",
		(double)undelivered);
	add_alone(out, "unarchived_bytes",
		"journal that is not in the archive yet", (double)unarchived);
}

void
metrics_write(
	struct buffer *out, const struct arena *arena, uint64_t started_ms)
{
	uint64_t lived_ms = clock_ms() - started_ms;

	begin(out, "build_info", "gauge", "1, and which version this is");
	buffer_add_string(
		out, "confab_build_info{version=\"" CONFAB_VERSION "\"} 1\n");
	add_alone(out, "start_time_seconds",
		"when the server was started, since 1970",
		(double)(clock_unix_ms() - lived_ms) / 1e3);
	add_alone(out, "users",
		"different users with a connection that has logged in",
		(double)census_users(arena));
	add_alone(out, "fullest_ring_ratio",
		"how full the fullest ring between two processes is, 0 to 1",
		overall_ring_percent(arena) / 100.0);
	add_lags(out, arena);
	add_states(out, arena);
	metrics_write_links(out, arena);
	for (unsigned i = 0; i < HISTOGRAM_COUNT; i++)
		add_histogram(out, arena, (enum histogram_kind)i);
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		add_counter(out, arena, (enum counter)i);
}
