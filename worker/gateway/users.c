#include "worker/gateway/users.h"

#include "shared/index.h"
#include "worker/edge/entries.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"

#define KEEP_BYTES 65536

struct session *const *
users_find(struct gateway *gateway, struct text tenant, struct text user,
	size_t *count)
{
	size_t entries;
	const struct index_entry *found = entries_of_user(
		&gateway->edge, gateway->slot, tenant, user, &entries);
	struct buffer *sessions = &gateway->sessions;

	buffer_clear(sessions, KEEP_BYTES);
	*count = 0;
	for (size_t i = 0; i < entries; i++) {
		struct session *session = gateway->seated[found[i].place];

		if (!session || session->is_entering)
			continue;
		buffer_add(sessions, &session, sizeof(session));
		++*count;
	}
	return (struct session *const *)(void *)sessions->data;
}

struct session *
users_at(const struct gateway *gateway, uint64_t place, uint64_t secret)
{
	struct index_entry entry;

	if (place >= gateway->seated_capacity ||
		!index_read(gateway->arena, gateway->slot, (uint32_t)place,
			&entry) ||
		entry.secret != secret)
		return NULL;
	return gateway->seated[place];
}
