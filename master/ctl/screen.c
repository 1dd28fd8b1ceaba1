#include "master/ctl/screen.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/ctl/screen_inside.h"
#include "master/ctl/snapshot.h"
#include "shared/base.h"
#include "shared/buffer.h"

struct item {
	const char *name;
	enum counter counter;
	enum {
		TOTAL,
		RATE
	} kind;
};

/* Numbers of counters in one line. */
static void
add_counters(struct drawing *drawing, const char *title,
	const struct item *items, size_t count)
{
	char line[SCREEN_LINE_BYTES];
	size_t length = (size_t)snprintf(line, sizeof(line), "%-9s", title);

	for (size_t i = 0; i < count; i++) {
		enum counter which = items[i].counter;
		uint64_t value = drawing->now->counters[which];
		uint64_t from =
			drawing->before ? drawing->before->counters[which] : 0;
		char number[SCREEN_NUMBER_BYTES];

		length += (size_t)snprintf(line + length, sizeof(line) - length,
			" %s %-7s", items[i].name,
			items[i].kind == RATE
				? screen_write_rate(
					  number, drawing, from, value)
				: screen_write_number(number, (double)value));
	}
	screen_add_line(drawing, "%s", line);
}

static const struct item talk[] = {
	{ "requests", COUNTER_REQUESTS, RATE },
	{ "messages", COUNTER_MESSAGES, RATE },
	{ "delivered", COUNTER_DELIVERED, RATE },
	{ "lookups", COUNTER_LOOKUPS, RATE },
};

static const struct item traffic[] = {
	{ "bytes in", COUNTER_BYTES_IN, RATE },
	{ "bytes out", COUNTER_BYTES_OUT, RATE },
	{ "connects", COUNTER_HANDSHAKES, RATE },
	{ "closes", COUNTER_CLOSED, RATE },
};

static const struct item slow[] = {
	{ "closed slow", COUNTER_CLOSED_SLOW, TOTAL },
	{ "silent", COUNTER_CLOSED_SILENT, TOTAL },
	{ "dropped", COUNTER_DROPPED_SLOW, TOTAL },
	{ "refused/s", COUNTER_REQUESTS_REFUSED, RATE },
};

static const struct item rings[] = {
	{ "letters/s", COUNTER_LETTERS_OUT, RATE },
	{ "full", COUNTER_LETTERS_REFUSED, TOTAL },
	{ "overflow", COUNTER_OVERFLOW_BYTES, TOTAL },
};

static const struct item store[] = {
	{ "journal/s", COUNTER_JOURNAL_BYTES, RATE },
	{ "archived/s", COUNTER_ARCHIVED, RATE },
	{ "not stored", COUNTER_MESSAGES_REFUSED, TOTAL },
};

static void
add_lags(struct drawing *drawing)
{
	const struct snapshot *now = drawing->now;
	char one[SCREEN_NUMBER_BYTES], other[SCREEN_NUMBER_BYTES];

	if (now->knows_ledgers)
		screen_add_line(drawing,
			"lag       undelivered %s B  unarchived %s B",
			screen_write_number(one, (double)now->undelivered),
			screen_write_number(other, (double)now->unarchived));
	if (now->knows_rings)
		screen_add_line(drawing, "fullest ring %" PRIu64 "%%",
			now->ring_percent);
	if (now->knows_latency)
		screen_add_latency(drawing);
}

static void
add_head(struct drawing *drawing)
{
	const struct snapshot *now = drawing->now;
	uint64_t up = now->uptime;

	screen_add_line(drawing,
		"confab %s  %s  up %" PRIu64 "d %02u:%02u:%02u  pid %" PRIu64,
		now->version, now->state, up / 86400,
		(unsigned)(up / 3600 % 24), (unsigned)(up / 60 % 60),
		(unsigned)(up % 60), now->pid);
	if (drawing->view->trouble)
		screen_add_line(drawing, "OLD: %s", drawing->view->trouble);
	screen_add_line(drawing,
		"clients   connections %" PRIu64 "  logged in %" PRIu64
		"  users %" PRIu64 "  rooms %" PRIu64,
		now->connections, now->sessions, now->users, now->rooms);
	add_counters(drawing, "per s", talk, ARRAY_LEN(talk));
	add_counters(drawing, "per s", traffic, ARRAY_LEN(traffic));
	add_counters(drawing, "slow", slow, ARRAY_LEN(slow));
	add_counters(drawing, "rings", rings, ARRAY_LEN(rings));
	add_counters(drawing, "store", store, ARRAY_LEN(store));
	add_lags(drawing);
}

/* One line of the table, with rates. */
struct line {
	const struct snapshot_worker *worker;
	uint64_t before_in, before_out;
};

static uint64_t
slot_of(const struct line *line)
{
	return line->worker->slot;
}

static uint64_t
connections_of(const struct line *line)
{
	return line->worker->connections;
}

static uint64_t
in_of(const struct line *line)
{
	uint64_t in = line->worker->letters_in;

	return in - MIN_OF(in, line->before_in);
}

static uint64_t
out_of(const struct line *line)
{
	uint64_t out = line->worker->letters_out;

	return out - MIN_OF(out, line->before_out);
}

static uint64_t
overflow_of(const struct line *line)
{
	return line->worker->overflow_bytes;
}

static uint64_t
restarts_of(const struct line *line)
{
	return line->worker->restarts;
}

static uint64_t
silence_of(const struct line *line)
{
	return line->worker->silent_ms;
}

/* The largest first, but slots in their order. */
static const struct {
	char key;
	const char *name;
	uint64_t (*value)(const struct line *line);
} sorts[] = {
	{ 's', "slot", slot_of },
	{ 'c', "connections", connections_of },
	{ 'i', "letters in", in_of },
	{ 'o', "letters out", out_of },
	{ 'w', "waiting bytes (overflow)", overflow_of },
	{ 'r', "restarts", restarts_of },
	{ 'b', "time since the last heartbeat", silence_of },
};

bool
screen_read_key(char key, unsigned *sort)
{
	for (unsigned i = 0; i < ARRAY_LEN(sorts); i++)
		if (sorts[i].key == key) {
			*sort = i;
			return true;
		}
	return false;
}

static void
add_help(struct drawing *drawing)
{
	screen_add_line(drawing,
		"Keys: q quits, h this help, v turns the order round, space "
		"draws at once,");
	screen_add_line(drawing,
		"t has hosts, rooms by traffic, slow clients or "
		"processes come first.");
	screen_add_line(drawing, "Sorted by:");
	for (size_t i = 0; i < ARRAY_LEN(sorts); i++)
		screen_add_line(
			drawing, "  %c  %s", sorts[i].key, sorts[i].name);
}

static int
compare(const void *a, const void *b, void *self)
{
	const struct screen_view *view = self;
	uint64_t one = sorts[view->sort].value(a);
	uint64_t other = sorts[view->sort].value(b);
	bool falls = (view->sort != 0) != view->is_reversed;

	if (one != other)
		return (one < other) != falls ? -1 : 1;
	return slot_of(a) < slot_of(b) ? -1 : 1;
}

/* A process that has begun anew counts from 0. */
static struct line
line_of(const struct drawing *drawing, const struct snapshot_worker *worker)
{
	struct line line = { .worker = worker };

	for (size_t i = 0; drawing->before && i < drawing->before->worker_count;
		i++) {
		const struct snapshot_worker *former =
			&drawing->before->workers[i];

		if (former->slot != worker->slot)
			continue;
		line.before_in = former->letters_in;
		line.before_out = former->letters_out;
		break;
	}
	return line;
}

static void
add_worker(struct drawing *drawing, const struct line *line)
{
	const struct snapshot_worker *worker = line->worker;
	char in[SCREEN_NUMBER_BYTES], out[SCREEN_NUMBER_BYTES],
		waits[SCREEN_NUMBER_BYTES];
	char name[2 * SNAPSHOT_WORD_BYTES];

	snprintf(name, sizeof(name), "%s %" PRIu64, worker->role,
		worker->number);
	screen_add_line(drawing,
		"%4" PRIu64 " %-12s %7" PRIu64 " %-8s %8" PRIu64
		" %6s %6s %7s %5" PRIu64 " %6" PRIu64,
		worker->slot, name, worker->pid, worker->state,
		worker->connections,
		screen_write_rate(
			in, drawing, line->before_in, worker->letters_in),
		screen_write_rate(
			out, drawing, line->before_out, worker->letters_out),
		screen_write_number(waits, (double)worker->overflow_bytes),
		worker->restarts, worker->since);
}

void
screen_add_workers(struct drawing *drawing)
{
	const struct snapshot *now = drawing->now;
	struct line *lines =
		base_alloc_zeroed(now->worker_count + 1, sizeof(*lines));

	screen_add_line(drawing, "%4s %-12s %7s %-8s %8s %6s %6s %7s %5s %6s",
		"SLOT", "ROLE", "PID", "STATE", "CONNS", "IN/S", "OUT/S",
		"WAITING", "DIED", "SINCE");
	for (size_t i = 0; i < now->worker_count; i++)
		lines[i] = line_of(drawing, &now->workers[i]);
	qsort_r(lines, now->worker_count, sizeof(*lines), compare,
		(void *)drawing->view);
	for (size_t i = 0; i < now->worker_count; i++)
		add_worker(drawing, &lines[i]);
	free(lines);
}

void
screen_draw(struct buffer *out, const struct snapshot *before,
	const struct snapshot *now, const struct screen_view *view)
{
	struct drawing drawing = {
		.out = out,
		.view = view,
		.before = before,
		.now = now,
	};

	if (now)
		add_head(&drawing);
	else if (view->trouble)
		screen_add_line(&drawing, "%s", view->trouble);
	if (view->shows_help)
		add_help(&drawing);
	else if (now)
		screen_add_parts(&drawing);
}
