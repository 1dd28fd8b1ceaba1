#include "worker/gateway/sketch.h"

#include <string.h>

#include "shared/base.h"

static uint32_t
find(const struct sketch *sketch, uint64_t number)
{
	uint32_t i = 0;

	while (i < sketch->count && sketch->numbers[i] != number)
		i++;
	return i;
}

static uint32_t
find_least(const struct sketch *sketch)
{
	uint32_t least = 0;

	for (uint32_t i = 1; i < sketch->count; i++)
		if (sketch->weights[i] < sketch->weights[least])
			least = i;
	return least;
}

static void
name_room(struct traffic_room *place, struct text tenant, struct text room)
{
	must(tenant.length <= sizeof(place->tenant) &&
		room.length <= sizeof(place->room));
	*place = (struct traffic_room){
		.tenant_length = (uint8_t)tenant.length,
		.room_length = (uint8_t)room.length,
	};
	memcpy(place->tenant, tenant.at, tenant.length);
	memcpy(place->room, room.at, room.length);
}

void
sketch_add(struct sketch *sketch, uint64_t number, struct text tenant,
	struct text room, const struct traffic_room *pushed)
{
	uint32_t i = find(sketch, number);

	if (i == sketch->count) {
		if (sketch->count < TRAFFIC_ROOMS)
			sketch->weights[sketch->count++] = 0;
		else
			i = find_least(sketch);
		sketch->numbers[i] = number;
		name_room(&sketch->rooms[i], tenant, room);
	}
	sketch->weights[i] += pushed->bytes;
	sketch->rooms[i].messages += pushed->messages;
	sketch->rooms[i].pushes += pushed->pushes;
	sketch->rooms[i].bytes += pushed->bytes;
}

void
sketch_take(struct sketch *sketch, struct traffic_report *report)
{
	report->room_count = sketch->count;
	memcpy(report->rooms, sketch->rooms,
		sketch->count * sizeof(sketch->rooms[0]));
	sketch->count = 0;
}
