#include <inttypes.h>
#include <stdio.h>

#include "master/ctl/screen.h"
#include "master/ctl/screen_inside.h"
#include "master/ctl/snapshot.h"
#include "shared/base.h"
#include "shared/buffer.h"

/*
 * The lists below the numbers, one behind the other as far as there is room,
 * and how long things take.
 */

/* What was measured since the last look, or ever when that is not known. */
static struct histogram_sum
measured(const struct drawing *drawing, enum histogram_kind kind)
{
	struct histogram_sum sum = drawing->now->latency[kind];

	if (!screen_knows_rates(drawing))
		return sum;
	sum.count = 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t before = drawing->before->latency[kind].buckets[i];

		sum.buckets[i] -= MIN_OF(before, sum.buckets[i]);
		sum.count += sum.buckets[i];
	}
	return sum;
}

static const char *
write_ms(char to[SCREEN_NUMBER_BYTES], const struct histogram_sum *sum,
	unsigned per_thousand)
{
	double ms = (double)histogram_quantile(sum, per_thousand) / 1000;

	if (sum->count == 0)
		return "-";
	snprintf(to, SCREEN_NUMBER_BYTES, ms < 9.995 ? "%.2f" : "%.0f", ms);
	return to;
}

void
screen_add_latency(struct drawing *drawing)
{
	static const char *const names[] = {
		[HISTOGRAM_DELIVERY] = "delivery",
		[HISTOGRAM_JOURNAL] = "journal",
		[HISTOGRAM_ARCHIVE] = "archive",
	};
	char line[SCREEN_LINE_BYTES];
	size_t length =
		(size_t)snprintf(line, sizeof(line), "%-9s", "ms 50/99%");

	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		struct histogram_sum sum = measured(drawing, i);
		char half[SCREEN_NUMBER_BYTES], most[SCREEN_NUMBER_BYTES];

		length += (size_t)snprintf(line + length, sizeof(line) - length,
			" %s %s/%s ", names[i], write_ms(half, &sum, 500),
			write_ms(most, &sum, 990));
	}
	screen_add_line(drawing, "%s", line);
}

static const char *
write_each(char to[SCREEN_NUMBER_BYTES], uint64_t count, uint64_t seconds)
{
	double each = (double)count / (double)seconds;

	if (each > 0 && each < 9.95) {
		snprintf(to, SCREEN_NUMBER_BYTES, "%.1f", each);
		return to;
	}
	return screen_write_number(to, each);
}

static void
add_rooms(struct drawing *drawing)
{
	const struct snapshot *now = drawing->now;
	char messages[SCREEN_NUMBER_BYTES], pushes[SCREEN_NUMBER_BYTES],
		bytes[SCREEN_NUMBER_BYTES];

	if (now->busy_count == 0)
		return;
	screen_add_line(drawing, "%6s %6s %6s %4s %-16s %s", "MSGS/S", "PUSH/S",
		"BYTE/S", "GATE", "TENANT", "ROOM");
	for (size_t i = 0; i < now->busy_count; i++) {
		const struct snapshot_room *room = &now->busy[i];

		screen_add_line(drawing, "%6s %6s %6s %4" PRIu64 " %-16s %s",
			write_each(messages, room->messages, room->seconds),
			write_each(pushes, room->pushes, room->seconds),
			write_each(bytes, room->bytes, room->seconds),
			room->gateways, room->tenant, room->name);
	}
}

static void
add_slow(struct drawing *drawing)
{
	const struct snapshot *now = drawing->now;
	char waits[SCREEN_NUMBER_BYTES], dropped[SCREEN_NUMBER_BYTES];

	if (now->slow_count == 0)
		return;
	screen_add_line(drawing, "%4s %-7s %7s %7s %6s %-21s %s", "SLOT",
		"SLOW", "WAITING", "DROPPED", "SINCE", "ADDRESS", "USER");
	for (size_t i = 0; i < now->slow_count; i++) {
		const struct snapshot_slow *slow = &now->slow[i];

		screen_add_line(drawing,
			"%4" PRIu64 " %-7s %7s %7s %6" PRIu64 " %-21s %s",
			slow->slot, slow->state,
			screen_write_number(waits, (double)slow->waiting_bytes),
			screen_write_number(dropped, (double)slow->dropped),
			slow->seconds, slow->address, slow->user);
	}
}

static void
add_peer(struct drawing *drawing, const struct snapshot_peer *peer)
{
	char host[SCREEN_NUMBER_BYTES] = "-", ms[SCREEN_NUMBER_BYTES],
	     bytes[SCREEN_NUMBER_BYTES], frames[SCREEN_NUMBER_BYTES];

	if (peer->host != 0)
		snprintf(host, sizeof(host), "%" PRIu64, peer->host);
	screen_add_line(drawing,
		"%4s %-8s %6s %6s %6s %5" PRIu64 " %6" PRIu64 " %s%s%s", host,
		peer->state, screen_write_number(ms, (double)peer->lag_ms),
		screen_write_number(bytes, (double)peer->lag_bytes),
		screen_write_number(frames, (double)peer->lag_frames),
		peer->holes, peer->since, peer->address,
		peer->reason[0] ? ": " : "", peer->reason);
}

static void
add_peers(struct drawing *drawing)
{
	const struct snapshot *now = drawing->now;

	if (now->peer_count == 0)
		return;
	screen_add_line(drawing, "%4s %-8s %6s %6s %6s %5s %6s %s", "HOST",
		"LINK", "LAG MS", "BYTES", "FRAMES", "HOLES", "SINCE",
		"ADDRESS");
	for (size_t i = 0; i < now->peer_count; i++)
		add_peer(drawing, &now->peers[i]);
}

static void (*const parts[])(struct drawing *) = { screen_add_workers,
	add_peers, add_rooms, add_slow };

_Static_assert(ARRAY_LEN(parts) == SCREEN_PARTS, "as screen.h says");

void
screen_add_parts(struct drawing *drawing)
{
	for (unsigned i = 0; i < SCREEN_PARTS; i++) {
		unsigned lines = drawing->lines;
		size_t length = drawing->out->length;

		screen_add_line(drawing, "%s", "");
		parts[(drawing->view->first + i) % SCREEN_PARTS](drawing);
		if (drawing->lines > lines + 1)
			continue;
		drawing->lines = lines;
		drawing->out->length = length;
	}
}
