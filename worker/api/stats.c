#include "worker/api/stats.h"

#include <inttypes.h>
#include <unistd.h>

#include "shared/arena.h"
#include "shared/buffer.h"
#include "shared/census.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/overall.h"
#include "worker/api/metrics_links.h"

/* Our names have nothing that JSON would have to escape. */
static void
add_number(struct buffer *out, const char *name, uint64_t value)
{
	buffer_add_format(out, "\"%s\":%" PRIu64 ",", name, value);
}

static void
add_word(struct buffer *out, const char *name, const char *value)
{
	buffer_add_format(out, "\"%s\":\"%s\",", name, value);
}

/* Instead of the last comma. */
static void
end_with(struct buffer *out, const char *end)
{
	if (out->data[out->length - 1] == ',')
		out->length--;
	buffer_add_string(out, end);
}

static void
add_info(struct buffer *out, const struct arena *arena,
	const struct config *config, uint64_t started_ms)
{
	add_word(out, "version", CONFAB_VERSION);
	add_number(out, "pid", (uint64_t)getppid());
	add_number(out, "host_id", (uint64_t)config->host_id);
	add_word(out, "state", overall_state(arena));
	add_number(out, "uptime", (clock_ms() - started_ms) / 1000);
	add_number(out, "time", clock_unix_ms());
	add_number(out, "processes", overall_wanted(arena));
	add_number(out, "connections",
		overall_count_role(arena, ROLE_GATEWAY, COUNTER_CONNECTIONS));
	add_number(out, "sessions",
		overall_count_role(arena, ROLE_GATEWAY, COUNTER_SESSIONS));
	add_number(out, "users", census_users(arena));
	add_number(out, "rooms",
		overall_count_role(arena, ROLE_LEDGER, COUNTER_ROOMS));
	add_number(out, "ring_percent", overall_ring_percent(arena));
}

static void
add_counters(struct buffer *out, const struct arena *arena)
{
	buffer_add_string(out, "\"counters\":{");
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		add_number(out, counter_info((enum counter)i)->name,
			overall_count(arena, (enum counter)i));
	end_with(out, "},");
}

static void
add_ms(struct buffer *out, const char *name, double us)
{
	buffer_add_format(out, "\"%s\":%.3f,", name, us / 1000);
}

static void
add_latency(
	struct buffer *out, const struct arena *arena, enum histogram_kind kind)
{
	static const struct {
		const char *name;
		unsigned per_thousand;
	} quantiles[] = { { "p50_ms", 500 }, { "p90_ms", 900 },
		{ "p99_ms", 990 }, { "p999_ms", 999 } };
	struct histogram_sum sum;

	overall_histogram(arena, kind, &sum);
	buffer_add_format(out, "\"%s\":{", histogram_info(kind)->name);
	add_number(out, "count", sum.count);
	add_ms(out, "mean_ms",
		(double)sum.sum_us / (double)MAX_OF(sum.count, 1));
	for (size_t i = 0; i < ARRAY_LEN(quantiles); i++)
		add_ms(out, quantiles[i].name,
			(double)histogram_quantile(
				&sum, quantiles[i].per_thousand));
	buffer_add_string(out, "\"buckets\":[");
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		buffer_add_format(out, "%" PRIu64 ",", sum.buckets[i]);
	end_with(out, "]},");
}

/* The last bucket has no bound. */
static void
add_latencies(struct buffer *out, const struct arena *arena)
{
	buffer_add_string(out, "\"bounds_ms\":[");
	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++)
		buffer_add_format(
			out, "%g,", (double)histogram_bounds[i] / 1000);
	end_with(out, "],\"latency\":{");
	for (unsigned i = 0; i < HISTOGRAM_COUNT; i++)
		add_latency(out, arena, (enum histogram_kind)i);
	end_with(out, "},");
}

static uint64_t
since(uint64_t now_ms, uint64_t ms)
{
	return now_ms - MIN_OF(now_ms, ms);
}

static void
add_worker(struct buffer *out, const struct row *row, unsigned slot)
{
	static const enum counter shown[] = { COUNTER_CONNECTIONS,
		COUNTER_SESSIONS, COUNTER_REQUESTS, COUNTER_DELIVERED,
		COUNTER_BYTES_IN, COUNTER_BYTES_OUT, COUNTER_LETTERS_IN,
		COUNTER_LETTERS_OUT, COUNTER_OVERFLOW_BYTES };
	uint64_t now_ms = clock_ms();

	buffer_add_byte(out, '{');
	add_number(out, "slot", slot);
	add_word(out, "role", role_name(row->role));
	add_number(out, "number", row->number);
	add_number(out, "pid", atomic_load(&row->pid));
	add_word(out, "state", child_state_name(atomic_load(&row->state)));
	add_number(out, "since",
		since(now_ms, atomic_load(&row->since_ms)) / 1000);
	add_number(out, "life", atomic_load(&row->life));
	add_number(out, "restarts", atomic_load(&row->restarts));
	add_number(out, "silent_ms",
		since(now_ms, atomic_load(&row->heartbeat_ms)));
	add_number(out, "config", atomic_load(&row->generation));
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		add_number(out, counter_info(shown[i])->name,
			row_read(row, shown[i]));
	end_with(out, "},");
}

static void
add_workers(struct buffer *out, const struct arena *arena)
{
	buffer_add_string(out, "\"workers\":[");
	for (unsigned i = 0; i < arena_shape(arena)->slots; i++)
		if (!overall_is_empty(arena_row(arena, i)))
			add_worker(out, arena_row(arena, i), i);
	end_with(out, "],");
}

static void
add_ledgers(struct buffer *out, const struct arena *arena)
{
	unsigned first = arena_role_first(arena, ROLE_LEDGER);
	unsigned count = arena_role_count(arena, ROLE_LEDGER);

	buffer_add_string(out, "\"ledgers\":[");
	for (unsigned i = first; i < first + count; i++) {
		const struct row *row = arena_row(arena, i);

		buffer_add_byte(out, '{');
		add_number(out, "ledger", row->number);
		add_number(out, "slot", i);
		add_number(
			out, "journal_bytes", atomic_load(&row->journal_end));
		add_number(out, "undelivered_bytes", overall_undelivered(row));
		add_number(out, "unarchived_bytes",
			overall_unarchived(arena, row));
		end_with(out, "},");
	}
	end_with(out, "],");
}

void
stats_write(struct buffer *out, const struct arena *arena,
	const struct config *config, uint64_t started_ms)
{
	buffer_add_byte(out, '{');
	add_info(out, arena, config, started_ms);
	add_counters(out, arena);
	add_latencies(out, arena);
	add_workers(out, arena);
	add_ledgers(out, arena);
	buffer_add_string(out, "\"peers\":");
	metrics_write_peers(out, arena);
	end_with(out, "}");
}
