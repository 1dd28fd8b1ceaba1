#include "shared/index.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "shared/arena.h"
#include "shared/hash.h"
#include "shared/index_partition.h"
#include "shared/log.h"

/* Makes a hole of the tables: they read as zero, and only pages that the last
 * owner used cost anything. */
static void
empty_tables(struct partition *partition)
{
	uint64_t page = INDEX_TABLES_AT;
	uint64_t length =
		(partition->bytes - INDEX_TABLES_AT + page - 1) & ~(page - 1);
	void *tables = index_at(partition, INDEX_TABLES_AT);

	if (madvise(tables, length, MADV_REMOVE) == 0)
		return;
	log_warning("index: cannot give memory back: %s", strerror(errno));
	memset(tables, 0, partition->bytes - INDEX_TABLES_AT);
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
	index_store(&own->hints_missing, 0);
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
