#include "worker/gateway/pass.h"

#include "shared/arena.h"
#include "shared/client_id.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/mail.h"
#include "shared/records.h"
#include "worker/gateway/fanout.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/ledgers.h"
#include "worker/gateway/mailman.h"
#include "worker/gateway/users.h"

#define KEEP_BYTES 65536

/* The gateways of this host, one slot behind the other. */
struct gateways {
	unsigned first, end;
};

static struct gateways
gateways_of(const struct gateway *gateway)
{
	unsigned first = arena_role_first(gateway->arena, ROLE_GATEWAY);

	return (struct gateways){ first,
		first + arena_role_count(gateway->arena, ROLE_GATEWAY) };
}

static void
give_id(struct gateway *gateway, struct message *message)
{
	gateway->last_id_time =
		message_next_time(gateway->last_id_time, clock_unix_ms());
	message->id_time = gateway->last_id_time;
	message->id_origin = message_origin(
		(unsigned)gateway->config->host_id, gateway->slot);
}

static void
deliver_here(struct gateway *gateway, const struct message *message)
{
	if (message->kind == STREAM_ROOM)
		fanout_message(gateway, message);
	else
		mailman_deliver(gateway, message);
}

static void
send_to(struct gateway *gateway, unsigned slot, const struct message *message)
{
	if (slot == gateway->slot) {
		deliver_here(gateway, message);
		return;
	}
	message_pack(ledgers_letter(gateway, LETTER_DELIVER), message);
	gateway->office.send(
		gateway->office.self, slot, letter_end(&gateway->letter));
}

uint64_t
pass_to_room(struct gateway *gateway, struct message *message)
{
	struct gateways all = gateways_of(gateway);
	uint64_t reached = 0;

	give_id(gateway, message);
	for (unsigned slot = all.first; slot < all.end; slot++) {
		if (!index_has_room(gateway->arena, slot, message->tenant,
			    message->stream))
			continue;
		reached += index_room_connections(
			gateway->arena, slot, message->tenant, message->stream);
		send_to(gateway, slot, message);
	}
	return reached;
}

/* Is this the connection that says it, and does not want to hear itself? */
static bool
is_asker(const struct gateway *gateway, const struct message *message,
	unsigned slot, uint32_t place)
{
	return slot == gateway->slot && place == message->connection >> 32 &&
	       !(message->flags & MESSAGE_ECHO);
}

/* Connections of one user on one slot that are to get it. platform: one more
 * than the only one; 0: any. */
static uint64_t
count_user(struct gateway *gateway, unsigned slot,
	const struct message *message, struct text user, uint64_t platform)
{
	uint64_t wanted = 0;
	size_t count;
	const struct index_entry *found =
		users_entries(gateway, slot, message->tenant, user, &count);

	for (size_t i = 0; i < count; i++)
		if ((platform == 0 ||
			    platform == (uint64_t)found[i].platform + 1) &&
			!is_asker(gateway, message, slot, found[i].place))
			wanted++;
	return wanted;
}

static uint64_t
count_users(
	struct gateway *gateway, unsigned slot, const struct message *message)
{
	struct unpack in = unpack_of(message->others);
	struct mail_side side;
	uint64_t wanted =
		count_user(gateway, slot, message, message->stream, 0);

	while (mail_next_side(&in, &side))
		wanted += count_user(gateway, slot, message, side.user,
			message->only_platform);
	return wanted;
}

uint64_t
pass_to_users(struct gateway *gateway, struct message *message)
{
	struct gateways all = gateways_of(gateway);
	uint64_t reached = 0;

	give_id(gateway, message);
	for (unsigned slot = all.first; slot < all.end; slot++) {
		uint64_t wanted = count_users(gateway, slot, message);

		if (wanted > 0)
			send_to(gateway, slot, message);
		reached += wanted;
	}
	return reached;
}

/* Where a client is, if it is one of this host and the same tenant. */
static bool
find_client(const struct gateway *gateway, struct text tenant, struct text id,
	unsigned *slot, struct index_entry *entry)
{
	struct gateways all = gateways_of(gateway);
	unsigned host;
	uint32_t place;
	uint64_t secret;

	return client_id_read(id, &host, slot, &place, &secret) &&
	       host == (unsigned)gateway->config->host_id &&
	       *slot >= all.first && *slot < all.end &&
	       index_read(gateway->arena, *slot, place, entry) &&
	       entry->secret == secret &&
	       text_equal(tenant,
		       (struct text){ entry->tenant, entry->tenant_length });
}

/* Those on one slot, which are packed in gateway->sides. */
static void
send_to_clients(struct gateway *gateway, unsigned slot, struct message *message)
{
	struct buffer *others = &gateway->sides;

	message->others = buffer_text(others);
	if (others->length > 0)
		send_to(gateway, slot, message);
	buffer_clear(others, KEEP_BYTES);
}

size_t
pass_to_clients(struct gateway *gateway, struct message *message,
	const struct text *ids, size_t count, uint64_t *reached)
{
	struct buffer *others = &gateway->sides;
	unsigned slot, last = 0;
	size_t known = 0;

	*reached = 0;
	give_id(gateway, message);
	buffer_clear(others, KEEP_BYTES);
	for (size_t i = 0; i < count; i++) {
		struct index_entry entry;

		if (!find_client(
			    gateway, message->tenant, ids[i], &slot, &entry))
			continue;
		known++;
		if (is_asker(gateway, message, slot, entry.place))
			continue;
		if (slot != last)
			send_to_clients(gateway, last, message);
		last = slot;
		pack_number(others, entry.place);
		pack_number(others, entry.secret);
		++*reached;
	}
	send_to_clients(gateway, last, message);
	return known;
}

uint64_t
pass_to_all(struct gateway *gateway, struct message *message)
{
	struct gateways all = gateways_of(gateway);
	const struct text everybody = TEXT_LITERAL("");
	uint64_t reached = 0;

	give_id(gateway, message);
	for (unsigned slot = all.first; slot < all.end; slot++) {
		if (!index_has_room(
			    gateway->arena, slot, message->tenant, everybody))
			continue;
		reached += index_room_connections(
			gateway->arena, slot, message->tenant, everybody);
		send_to(gateway, slot, message);
	}
	return message->flags & MESSAGE_ECHO || reached == 0 ? reached
							     : reached - 1;
}
