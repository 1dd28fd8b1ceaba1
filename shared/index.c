#include "shared/index.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "shared/arena.h"
#include "shared/hash.h"
#include "shared/index_partition.h"
#include "shared/log.h"

/* The tables begin here, behind a header that stays when they are emptied; a
 * multiple of every page size in use. */
#define TABLES_AT 65536

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
	plan.users_at = TABLES_AT;
	plan.places_at =
		align_line(plan.users_at + (plan.user_mask + UINT64_C(1)) *
						   sizeof(struct index_bucket));
	plan.room_buckets_at =
		align_line(plan.places_at +
			   (uint64_t)connections * sizeof(struct index_place));
	plan.cells_at = align_line(
		plan.room_buckets_at +
		(plan.room_mask + UINT64_C(1)) * sizeof(struct index_bucket));
	plan.bytes = align_line(
		plan.cells_at + (uint64_t)rooms * sizeof(struct index_cell));
	return plan;
}

size_t
index_size(uint32_t connections, uint32_t rooms)
{
	return plan(connections, rooms).bytes;
}

uint64_t
index_layout(void)
{
	static const uint64_t facts[] = {
		sizeof(struct index_entry),
		offsetof(struct index_entry, secret),
		offsetof(struct index_entry, since_ms),
		offsetof(struct index_entry, place),
		offsetof(struct index_entry, platform),
		offsetof(struct index_entry, address),
		offsetof(struct index_entry, port),
		offsetof(struct index_entry, tenant_length),
		offsetof(struct index_entry, user_length),
		offsetof(struct index_entry, tenant),
		offsetof(struct index_entry, user),
		sizeof(struct index_bucket),
		sizeof(struct index_place),
		offsetof(struct index_place, words),
		sizeof(struct index_cell),
		offsetof(struct index_cell, words),
		sizeof(struct partition),
		offsetof(struct partition, opened_life),
		offsetof(struct partition, places_used),
		offsetof(struct partition, last_stamp),
		offsetof(struct partition, closed_life),
		TABLES_AT,
	};

	return hash_stable(facts, sizeof(facts));
}

void
index_init(struct partition *partition, uint32_t connections, uint32_t rooms)
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
	partition->bytes = planned.bytes;
}

/* Makes a hole of the tables: they read as zero, and only pages that the last
 * owner used cost anything. */
static void
empty_tables(struct partition *partition)
{
	uint64_t page = TABLES_AT;
	uint64_t length =
		(partition->bytes - TABLES_AT + page - 1) & ~(page - 1);
	void *tables = index_at(partition, TABLES_AT);

	if (madvise(tables, length, MADV_REMOVE) == 0)
		return;
	log_warning("index: cannot give memory back: %s", strerror(errno));
	memset(tables, 0, partition->bytes - TABLES_AT);
}

void
index_open(const struct arena *arena, unsigned own_slot, uint32_t life)
{
	struct partition *own = arena_partition(arena, own_slot);

	must(life != 0 && life != index_load(&own->closed_life));
	index_store(&own->opened_life, index_load(&own->closed_life));
	empty_tables(own);
	index_store(&own->claims_all, 0);
	index_store(&own->room_count, 0);
	index_store(&own->places_used, 0);
	index_store(&own->places_free, 0);
	index_store(&own->cells_used, 0);
	index_store(&own->cells_free, 0);
	index_store_long(&own->last_stamp, 0);
	index_store(&own->opened_life, life);
}

void
index_close(struct partition *partition)
{
	index_store(
		&partition->closed_life, index_load(&partition->opened_life));
}

void
index_name_make(struct index_name *made, const struct arena *arena,
	struct text tenant, struct text name)
{
	uint8_t *at = made->is.bytes;

	must(tenant.length <= TENANT_BYTES_MAX &&
		name.length <= ROOM_BYTES_MAX);
	made->length = (uint32_t)(2 + tenant.length + name.length);
	made->is.words[(made->length - 1) / 8] = 0;
	*at++ = (uint8_t)tenant.length;
	*at++ = (uint8_t)name.length;
	if (tenant.length)
		memcpy(at, tenant.at, tenant.length);
	if (name.length)
		memcpy(at + tenant.length, name.at, name.length);
	made->hash = hash_bytes(arena_key(arena), made->is.bytes, made->length);
}
