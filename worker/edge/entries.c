#include "worker/edge/entries.h"

#include "shared/base.h"
#include "shared/config.h"
#include "shared/index.h"
#include "worker/edge/edge.h"

#define KEEP_BYTES 65536
#define NEWEST_MAX 128 /* of one user on one gateway */

const struct index_entry *
entries_of_user(struct edge *edge, unsigned slot, struct text tenant,
	struct text user, size_t *count)
{
	struct buffer *found = &edge->found;
	size_t room_for = 8;

	for (;; room_for = *count) {
		size_t bytes = room_for * sizeof(struct index_entry);

		buffer_clear(found, KEEP_BYTES);
		*count = index_find_user(edge->arena, slot, tenant, user,
			(void *)buffer_reserve(found, bytes), room_for);
		if (*count <= room_for)
			return (const void *)found->data;
	}
}

bool
entries_find_client(const struct edge *edge, struct text tenant, struct text id,
	unsigned *slot, struct index_entry *entry)
{
	return index_find_client(edge->arena, (unsigned)edge->config->host_id,
		       id, slot, entry) &&
	       text_equal(tenant,
		       (struct text){ entry->tenant, entry->tenant_length });
}

/* Keeps them ascending and each once. */
static void
add_platform(struct entries_platforms *platforms, uint32_t number)
{
	size_t at = 0;

	while (at < platforms->count && platforms->numbers[at] < number)
		at++;
	if (at < platforms->count && platforms->numbers[at] == number)
		return;
	if (platforms->count == ENTRIES_PLATFORMS_MAX)
		return;
	for (size_t i = platforms->count++; i > at; i--)
		platforms->numbers[i] = platforms->numbers[i - 1];
	platforms->numbers[at] = number;
}

void
entries_platforms(const struct edge *edge, struct text tenant, struct text user,
	struct entries_platforms *platforms)
{
	struct index_entry found[NEWEST_MAX];

	platforms->count = 0;
	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot)) {
		size_t here = index_find_newest(edge->arena, slot, tenant, user,
			found, ARRAY_LEN(found));

		for (size_t i = 0; i < here; i++)
			add_platform(platforms, found[i].platform);
	}
}
