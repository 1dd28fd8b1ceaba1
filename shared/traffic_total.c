#include "shared/traffic_total.h"

#include <stdlib.h>

#include "shared/arena.h"

/* Whose report is older has something else to do, or has none. */
#define OLD_MS (3 * TRAFFIC_WINDOW_MS)

static struct text
tenant_of(const struct traffic_room *room)
{
	return (struct text){ room->tenant, room->tenant_length };
}

static struct text
name_of(const struct traffic_room *room)
{
	return (struct text){ room->room, room->room_length };
}

static bool
is_wanted(struct text wanted, const char *tenant, size_t length)
{
	return wanted.length == 0 ||
	       text_equal(wanted, (struct text){ tenant, length });
}

static void
add_report(struct traffic_total *total, unsigned slot,
	const struct traffic_report *report, struct text tenant)
{
	for (uint32_t i = 0; i < report->room_count; i++) {
		const struct traffic_room *room = &report->rooms[i];

		if (is_wanted(tenant, room->tenant, room->tenant_length))
			total->rooms[total->room_count++] = *room;
	}
	for (uint32_t i = 0; i < report->client_count; i++) {
		const struct traffic_client *client = &report->clients[i];

		if (is_wanted(tenant, client->tenant, client->tenant_length))
			total->clients[total->client_count++] =
				(struct traffic_slow){ slot, *client };
	}
}

static int
compare_names(const void *a, const void *b)
{
	const struct traffic_room *one = a, *other = b;
	int order = text_compare(tenant_of(one), tenant_of(other));

	return order ? order : text_compare(name_of(one), name_of(other));
}

/* Every gateway with members of a room sees all its messages. */
static void
merge_rooms(struct traffic_total *total)
{
	size_t kept = 0;

	qsort(total->rooms, total->room_count, sizeof(*total->rooms),
		compare_names);
	for (size_t i = 0; i < total->room_count; i++) {
		const struct traffic_room *room = &total->rooms[i];
		struct traffic_room *known = &total->rooms[kept - (kept > 0)];

		if (kept == 0 || compare_names(known, room) != 0) {
			total->rooms[kept] = *room;
			total->rooms[kept++].gateways = 1;
			continue;
		}
		known->messages = MAX_OF(known->messages, room->messages);
		known->pushes += room->pushes;
		known->bytes += room->bytes;
		known->gateways++;
	}
	total->room_count = kept;
}

static int
falling(uint64_t one, uint64_t other)
{
	return one > other ? -1 : one < other;
}

static int
compare_rooms(const void *a, const void *b)
{
	const struct traffic_room *one = a, *other = b;
	int order = falling(one->bytes, other->bytes);

	return order ? order : compare_names(a, b);
}

static int
compare_clients(const void *a, const void *b)
{
	const struct traffic_client *one =
		&((const struct traffic_slow *)a)->client;
	const struct traffic_client *other =
		&((const struct traffic_slow *)b)->client;
	int order = falling(one->waiting_bytes, other->waiting_bytes);

	return order ? order : falling(one->dropped, other->dropped);
}

static void
read_gateway(struct traffic_total *total, const struct arena *arena,
	unsigned slot, struct text tenant, uint64_t now_ms)
{
	struct traffic_report report;

	if (atomic_load(&arena_row(arena, slot)->pid) != 0 &&
		traffic_read(arena_traffic(arena, slot), &report) &&
		report.until_ms + OLD_MS >= now_ms)
		add_report(total, slot, &report, tenant);
}

void
traffic_collect(struct traffic_total *total, const struct arena *arena,
	struct text tenant, uint64_t now_ms)
{
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);

	*total = (struct traffic_total){
		.rooms = base_alloc_zeroed((size_t)count * TRAFFIC_ROOMS + 1,
			sizeof(*total->rooms)),
		.clients = base_alloc_zeroed((size_t)count * TRAFFIC_SLOW + 1,
			sizeof(*total->clients)),
	};
	for (unsigned i = first; i < first + count; i++)
		read_gateway(total, arena, i, tenant, now_ms);
	merge_rooms(total);
	qsort(total->rooms, total->room_count, sizeof(*total->rooms),
		compare_rooms);
	qsort(total->clients, total->client_count, sizeof(*total->clients),
		compare_clients);
}

void
traffic_fini(struct traffic_total *total)
{
	free(total->rooms);
	free(total->clients);
	*total = (struct traffic_total){ 0 };
}
