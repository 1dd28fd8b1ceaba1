#include "shared/index_partition.h"

#include <stddef.h>

#include "shared/hash.h"

static uint32_t
buckets_for(uint32_t count)
{
	uint32_t buckets = 1;

	while (buckets < count && buckets < 1U << 31)
		buckets *= 2;
	return buckets;
}

static uint64_t
align_line(uint64_t bytes)
{
	return (bytes + CACHE_LINE - 1) & ~(uint64_t)(CACHE_LINE - 1);
}

static struct partition
plan(uint32_t connections, uint32_t rooms)
{
	struct partition plan = { .connections = connections, .rooms = rooms };

	plan.user_mask = buckets_for(connections) - 1;
	plan.room_mask = buckets_for(rooms) - 1;
	plan.users_at = INDEX_TABLES_AT;
	plan.places_at =
		align_line(plan.users_at + (plan.user_mask + UINT64_C(1)) *
						   sizeof(struct index_bucket));
	plan.room_buckets_at =
		align_line(plan.places_at +
			   (uint64_t)connections * sizeof(struct index_place));
	plan.cells_at = align_line(
		plan.room_buckets_at +
		(plan.room_mask + UINT64_C(1)) * sizeof(struct index_bucket));
	plan.callers_at = align_line(
		plan.cells_at + (uint64_t)rooms * sizeof(struct index_cell));
	plan.bytes = align_line(index_hints_at(&plan) +
				(index_caller_mask(&plan) + UINT64_C(1)) *
					HINTS_PER_BUCKET * sizeof(uint32_t));
	return plan;
}

size_t
index_partition_size(uint32_t connections, uint32_t rooms)
{
	return plan(connections, rooms).bytes;
}

uint64_t
index_partition_layout(void)
{
	static const uint64_t facts[] = {
		sizeof(struct index_entry),
		offsetof(struct index_entry, secret),
		offsetof(struct index_entry, since_ms),
		offsetof(struct index_entry, order),
		offsetof(struct index_entry, place),
		offsetof(struct index_entry, platform),
		offsetof(struct index_entry, address),
		offsetof(struct index_entry, port),
		offsetof(struct index_entry, tenant_length),
		offsetof(struct index_entry, user_length),
		offsetof(struct index_entry, tenant),
		offsetof(struct index_entry, user),
		offsetof(struct index_entry, host),
		offsetof(struct index_entry, home_slot),
		offsetof(struct index_entry, home_place),
		sizeof(struct index_bucket),
		sizeof(struct index_place),
		offsetof(struct index_place, words),
		sizeof(struct index_cell),
		offsetof(struct index_cell, words),
		sizeof(struct index_caller),
		offsetof(struct index_caller, rate),
		offsetof(struct index_caller, open),
		CALLERS_PER_BUCKET,
		HINTS_PER_BUCKET,
		sizeof(struct partition),
		offsetof(struct partition, opened_life),
		offsetof(struct partition, places_used),
		offsetof(struct partition, last_stamp),
		offsetof(struct partition, closed_life),
		INDEX_TABLES_AT,
	};

	return hash_stable(facts, sizeof(facts));
}

void
index_partition_init(
	struct partition *partition, uint32_t connections, uint32_t rooms)
{
	struct partition planned = plan(connections, rooms);

	partition->connections = connections;
	partition->rooms = rooms;
	partition->user_mask = planned.user_mask;
	partition->room_mask = planned.room_mask;
	partition->users_at = planned.users_at;
	partition->places_at = planned.places_at;
	partition->room_buckets_at = planned.room_buckets_at;
	partition->cells_at = planned.cells_at;
	partition->callers_at = planned.callers_at;
	partition->bytes = planned.bytes;
}
