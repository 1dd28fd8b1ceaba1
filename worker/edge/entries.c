#include "worker/edge/entries.h"

#include "shared/client_id.h"
#include "shared/config.h"
#include "shared/index.h"
#include "worker/edge/edge.h"

#define KEEP_BYTES 65536

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
	struct edge_gateways all = edge_gateways(edge);
	unsigned host;
	uint32_t place;
	uint64_t secret;

	return client_id_read(id, &host, slot, &place, &secret) &&
	       host == (unsigned)edge->config->host_id && *slot >= all.first &&
	       *slot < all.end &&
	       index_read(edge->arena, *slot, place, entry) &&
	       entry->secret == secret &&
	       text_equal(tenant,
		       (struct text){ entry->tenant, entry->tenant_length });
}
