#include "worker/edge/pass.h"

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/mail.h"
#include "shared/records.h"
#include "worker/edge/edge.h"
#include "worker/edge/entries.h"
#include "worker/edge/pass_pace.h"

#define KEEP_BYTES 65536

static void
give_id(struct edge *edge, struct message *message)
{
	edge->last_id_time =
		message_next_time(edge->last_id_time, clock_unix_ms());
	message->id_time = edge->last_id_time;
	message->id_origin =
		message_origin((unsigned)edge->config->host_id, edge->slot);
}

static void
send_to(struct edge *edge, unsigned slot, const struct message *message)
{
	if (slot == edge->slot) {
		edge->deliver_here(edge->self, message);
		return;
	}
	message_pack(edge_letter(edge, LETTER_DELIVER), message);
	edge_send(edge, slot);
}

bool
pass_may(struct edge *edge, const struct message *message, uint64_t now_ms,
	uint64_t *retry_ms)
{
	return pass_pace_take(edge->pass_paces, message,
		config_room_class(edge->config, message->stream)->rate, now_ms,
		retry_ms);
}

/* Bots have their ears at the first api. */
static void
tell_bots(struct edge *edge, const struct message *message)
{
	if (arena_role_count(edge->arena, ROLE_API) > 0 &&
		config_has_bot(edge->config, message->tenant, message->stream))
		send_to(edge, arena_role_first(edge->arena, ROLE_API), message);
}

uint64_t
pass_to_room(struct edge *edge, struct message *message)
{
	uint64_t reached = 0;

	give_id(edge, message);
	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot)) {
		if (!index_has_room(edge->arena, slot, message->tenant,
			    message->stream))
			continue;
		reached += index_room_connections(
			edge->arena, slot, message->tenant, message->stream);
		send_to(edge, slot, message);
	}
	tell_bots(edge, message);
	return reached;
}

/* Is this the connection that says it, and does not want to hear itself? */
static bool
is_asker(const struct edge *edge, const struct message *message, unsigned slot,
	uint32_t place)
{
	return slot == edge->slot && place == message->connection >> 32 &&
	       !(message->flags & MESSAGE_ECHO);
}

/* Connections of one user on one slot that are to get it. platform: one more
 * than the only one; 0: any. */
static uint64_t
count_user(struct edge *edge, unsigned slot, const struct message *message,
	struct text user, uint64_t platform)
{
	uint64_t wanted = 0;
	size_t count;
	const struct index_entry *found =
		entries_of_user(edge, slot, message->tenant, user, &count);

	for (size_t i = 0; i < count; i++)
		if ((platform == 0 ||
			    platform == (uint64_t)found[i].platform + 1) &&
			!is_asker(edge, message, slot, found[i].place))
			wanted++;
	return wanted;
}

static uint64_t
count_users(struct edge *edge, unsigned slot, const struct message *message)
{
	struct unpack in = unpack_of(message->others);
	struct mail_side side;
	uint64_t wanted = count_user(edge, slot, message, message->stream, 0);

	while (mail_next_side(&in, &side))
		wanted += count_user(
			edge, slot, message, side.user, message->only_platform);
	return wanted;
}

uint64_t
pass_to_users(struct edge *edge, struct message *message)
{
	uint64_t reached = 0;

	give_id(edge, message);
	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot)) {
		uint64_t wanted = count_users(edge, slot, message);

		if (wanted > 0)
			send_to(edge, slot, message);
		reached += wanted;
	}
	return reached;
}

/* Those on one slot, which are packed in edge->sides. */
static void
send_to_clients(struct edge *edge, unsigned slot, struct message *message)
{
	struct buffer *others = &edge->sides;

	message->others = buffer_text(others);
	if (others->length > 0)
		send_to(edge, slot, message);
	buffer_clear(others, KEEP_BYTES);
}

size_t
pass_to_clients(struct edge *edge, struct message *message,
	const struct text *ids, size_t count, uint64_t *reached)
{
	struct buffer *others = &edge->sides;
	unsigned slot, last = 0;
	size_t known = 0;

	*reached = 0;
	give_id(edge, message);
	buffer_clear(others, KEEP_BYTES);
	for (size_t i = 0; i < count; i++) {
		struct index_entry entry;

		if (!entries_find_client(
			    edge, message->tenant, ids[i], &slot, &entry))
			continue;
		known++;
		if (is_asker(edge, message, slot, entry.place))
			continue;
		if (slot != last)
			send_to_clients(edge, last, message);
		last = slot;
		pack_number(others, entry.place);
		pack_number(others, entry.secret);
		++*reached;
	}
	send_to_clients(edge, last, message);
	return known;
}

uint64_t
pass_to_all(struct edge *edge, struct message *message)
{
	const struct text everybody = TEXT_LITERAL("");
	uint64_t reached = 0;

	give_id(edge, message);
	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot)) {
		if (!index_has_room(
			    edge->arena, slot, message->tenant, everybody))
			continue;
		reached += index_room_connections(
			edge->arena, slot, message->tenant, everybody);
		send_to(edge, slot, message);
	}
	return message->flags & MESSAGE_ECHO || reached == 0 ? reached
							     : reached - 1;
}

static bool
concerns(struct edge *edge, unsigned slot, const struct message *message)
{
	switch (message->kind) {
	case STREAM_ROOM:
		return index_has_room(
			edge->arena, slot, message->tenant, message->stream);
	case STREAM_INBOX:
		return count_users(edge, slot, message) > 0;
	case STREAM_TENANT:
		return index_has_room(
			edge->arena, slot, message->tenant, TEXT_LITERAL(""));
	default:
		return false;
	}
}

void
pass_here(struct edge *edge, const struct message *message)
{
	struct edge_gateways all = edge_gateways(edge);

	for (unsigned slot = all.first; slot < all.end; slot++)
		if (concerns(edge, slot, message))
			send_to(edge, slot, message);
}
