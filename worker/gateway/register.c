#include "worker/gateway/register.h"

#include "shared/base.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/users.h"

/* What a client takes without its rooms, at most. */
#define CLIENT_BYTES 128

/* Returns how many there was no space for. */
static unsigned
pack_rooms(
	const struct session *session, struct buffer *rooms, size_t bytes_max)
{
	struct membership *membership;
	unsigned left = 0;

	LL_FOREACH(session->memberships, membership)
	{
		if (membership->state != MEMBERSHIP_ACTIVE)
			continue;
		if (rooms->length > bytes_max)
			left++;
		else
			pack_text(rooms, room_name(membership->room));
	}
	return left;
}

static void
pack_client(struct buffer *clients, const struct session *session,
	const struct index_entry *entry, size_t bytes_max)
{
	struct buffer rooms = { 0 }, packed = { 0 };
	struct client client = {
		.place = entry->place,
		.secret = entry->secret,
		.platform = entry->platform,
		.since = entry->since_ms,
		.address = { (const char *)entry->address,
			sizeof(entry->address) },
		.port = entry->port,
	};

	client.more = pack_rooms(session, &rooms, bytes_max) > 0;
	client.rooms = buffer_text(&rooms);
	client_pack(&packed, &client);
	pack_text(clients, buffer_text(&packed));
	buffer_fini(&rooms);
	buffer_fini(&packed);
}

/* Each of them has the same share of the letter for its rooms. */
static void
pack_clients(struct gateway *gateway, struct text tenant, struct text user,
	struct buffer *clients)
{
	size_t count, bytes_max = ledgers_letter_max(&gateway->edge) / 2;
	struct session *const *sessions =
		users_find(gateway, tenant, user, &count);

	for (size_t i = 0; i < count; i++) {
		struct index_entry entry;

		if (clients->length + CLIENT_BYTES > bytes_max)
			return;
		if (index_read(gateway->arena, gateway->slot,
			    sessions[i]->place, &entry))
			pack_client(clients, sessions[i], &entry,
				bytes_max / count);
	}
}

bool
register_tell(
	struct gateway *gateway, const struct letter *letter, struct unpack *in)
{
	struct buffer clients = { 0 };
	struct who_wanted wanted;

	if (!who_wanted_unpack(in, &wanted))
		return false;
	pack_clients(gateway, wanted.tenant, wanted.user, &clients);
	who_pack(edge_letter(&gateway->edge, LETTER_WHO),
		&(struct who){
			.request = wanted.request,
			.connection = wanted.connection,
			.clients = buffer_text(&clients),
		});
	edge_send(&gateway->edge, letter->from);
	buffer_fini(&clients);
	return true;
}
