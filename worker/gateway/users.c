#include "worker/gateway/users.h"

#include "shared/index.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"

#define KEEP_BYTES 65536

const struct index_entry *
users_entries(struct gateway *gateway, unsigned slot, struct text tenant,
	struct text user, size_t *count)
{
	struct buffer *found = &gateway->found;
	size_t room_for = 8;

	for (;; room_for = *count) {
		size_t bytes = room_for * sizeof(struct index_entry);

		buffer_clear(found, KEEP_BYTES);
		*count = index_find_user(gateway->arena, slot, tenant, user,
			(void *)buffer_reserve(found, bytes), room_for);
		if (*count <= room_for)
			return (const void *)found->data;
	}
}

struct session *const *
users_find(struct gateway *gateway, struct text tenant, struct text user,
	size_t *count)
{
	size_t entries;
	const struct index_entry *found =
		users_entries(gateway, gateway->slot, tenant, user, &entries);
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
