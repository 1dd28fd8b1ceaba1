#include "worker/gateway/fanout.h"

#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/config.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/table.h"
#include "shared/traffic.h"
#include "worker/gateway/addressee.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/gathering.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/traffic.h"
#include "worker/gateway/users.h"

/* When this much is gathered for a room it is sent before the turn ends. */
#define GATHERED_MAX 65536

#define PAYLOAD_KEEP_BYTES 65536

/* How far ahead the loop over the seats asks for memory. */
#define SEATS_AHEAD 6

/* The bytes of those who got other ones than most are not told apart. */
static void
note_traffic(
	struct gateway *gateway, const struct room *room, uint64_t delivered)
{
	struct traffic_room pushed = { .pushes = delivered };
	const struct gathering *gathering;
	uint64_t bytes = 0, frames = 0;

	LL_FOREACH(room->gatherings, gathering)
	{
		uint64_t messages = 0;

		for (size_t k = 0; k < gathering->count; k++)
			messages += gathering->pieces[k].is_message;
		pushed.messages = MAX_OF(pushed.messages, messages);
		bytes += gathering->bundle->length;
		frames += gathering->count;
	}
	if (delivered == 0)
		return;
	pushed.bytes = bytes * delivered / frames;
	traffic_pushed(gateway, room, &pushed);
}

/* Sends what is gathered for one room. */
static void
send_pieces(struct gateway *gateway, struct room *room)
{
	int policy = config_room_class(gateway->config, room_name(room))->slow;
	struct gathering *of[PROFILE_COUNT] = { NULL };
	struct gathering *gathering, *next;
	uint64_t delivered = 0;

	LL_FOREACH(room->gatherings, gathering)
	{
		of[gathering->profile] = gathering;
		gathering_close(gathering, room, (enum slow_policy)policy);
	}
	for (uint32_t i = 0; i < room->seat_count; i++) {
		struct seat *seat = &room->seats[i];

		if (i + SEATS_AHEAD < room->seat_count)
			__builtin_prefetch(seat[SEATS_AHEAD].lane);
		if (of[seat->profile])
			delivered += gathering_send(of[seat->profile], seat);
		seat->is_special = false;
		seat->start = 0;
	}
	note_traffic(gateway, room, delivered);
	LL_FOREACH_SAFE(room->gatherings, gathering, next)
	{
		room->gathered[gathering->profile] = 0;
		gathering_free(&gathering);
	}
	room->gatherings = NULL;
	row_count(gateway->row, COUNTER_DELIVERED, (int64_t)delivered);
}

static void
send_if_much(struct gateway *gateway, struct room *room)
{
	size_t limit = MIN_OF((size_t)GATHERED_MAX,
		(size_t)gateway->config->outbox_bytes / 4);
	const struct gathering *gathering;
	bool is_much = false;

	LL_FOREACH(room->gatherings, gathering)
	{
		is_much |= gathering->bundle->length >= limit;
	}
	if (is_much)
		send_pieces(gateway, room);
}

static struct buffer *
payload_of(struct gateway *gateway)
{
	buffer_clear(&gateway->payload, PAYLOAD_KEEP_BYTES);
	return &gateway->payload;
}

/* The seat of a session in the room, or NULL. */
static struct seat *
seat_of(const struct session *session, const struct room *room)
{
	struct membership *membership =
		session ? membership_find(session, room) : NULL;

	if (!membership || membership->state != MEMBERSHIP_ACTIVE)
		return NULL;
	return &room->seats[membership->seat];
}

/* Marks the connection that caused it; returns its number, 0 if it is none of
 * ours or not in the room. */
static uint64_t
mark_cause(struct gateway *gateway, struct room *room, uint64_t asker_slot,
	uint64_t asker_life, uint64_t connection)
{
	struct seat *seat;

	if (asker_slot != gateway->slot || asker_life != gateway->life)
		return 0;
	seat = seat_of(session_of(gateway, connection), room);
	if (!seat)
		return 0;
	seat->is_special = true;
	return connection;
}

/* Marks the seats of the user's connections in the room; are there any? */
static bool
mark_user(struct gateway *gateway, struct room *room, struct text user)
{
	size_t count;
	bool is_here = false;
	struct session *const *sessions =
		users_find(gateway, room_tenant(room), user, &count);

	for (size_t i = 0; i < count; i++) {
		struct seat *seat = seat_of(sessions[i], room);

		if (seat)
			is_here = seat->is_special = true;
	}
	return is_here;
}

static void
add_own(struct gateway *gateway, const struct profile *profile,
	struct gathering *gathering, const struct message *message)
{
	struct buffer *payload = payload_of(gateway);

	profile->write_message(payload, message, true);
	gathering_add_own(gathering, message->from, payload);
}

/* Who gets one payload, and how. */
struct each {
	const struct profile *profile;
	uint64_t skip; /* the connection that does not get it; 0: none */
	bool is_event;
	bool is_message;
};

static void
send_named(struct gateway *gateway, const struct room *room,
	const struct seat *seat, const struct buffer *payload, bool is_message)
{
	int policy = config_room_class(gateway->config, room_name(room))->slow;
	struct buffer *named = &gateway->named;
	struct push push = {
		.bundle = bundle_new(payload->length + USER_BYTES_MAX),
		.source = room->number,
		.policy = (enum slow_policy)policy,
	};

	buffer_clear(named, PAYLOAD_KEEP_BYTES);
	addressee_fill(named, buffer_text(payload),
		session_user(seat->membership->session));
	bundle_add_text(&push.bundle, named->data, named->length);
	if (is_message)
		push.newest_end = push.bundle->length;
	lane_push_room(seat->lane, &push);
	bundle_unref(&push.bundle);
}

/* Each member gets bytes of his own, which cannot be gathered; nothing ever is
 * of such a profile. */
static void
send_to_each(struct gateway *gateway, struct room *room,
	const struct buffer *payload, const struct each *each)
{
	uint64_t delivered = 0;

	for (uint32_t i = 0; i < room->seat_count; i++) {
		const struct seat *seat = &room->seats[i];
		const struct session *session = seat->membership->session;

		if (seat->profile != each->profile->number ||
			(each->is_event && !seat->wants_events) ||
			(each->skip &&
				each->skip == session_connection(session)))
			continue;
		send_named(gateway, room, seat, payload, each->is_message);
		delivered++;
	}
	if (delivered > 0)
		traffic_pushed(gateway, room,
			&(struct traffic_room){
				.messages = each->is_message,
				.pushes = delivered,
				.bytes = payload->length * delivered,
			});
	row_count(gateway->row, COUNTER_DELIVERED, (int64_t)delivered);
}

/* Do the sender's own connections here get something else? */
static bool
tells_own_apart(const struct room *room, const struct message *message)
{
	bool is_apart = message->key.length > 0;

	for (unsigned i = 0; i < PROFILE_COUNT; i++)
		if (room->seats_of[i] > 0)
			is_apart |= profile_by_number(i)->tells_own_apart;
	return is_apart && message->from.length <= USER_BYTES_MAX;
}

void
fanout_message(struct gateway *gateway, const struct message *message)
{
	struct room *room =
		rooms_find(gateway, message->tenant, message->stream);
	uint64_t skip = 0;
	bool is_keyed = false;

	if (!room ||
		!room_take_offset(
			gateway, room, message->epoch, message->offset) ||
		room->seat_count == 0 ||
		message_is_over(message->until, clock_unix_ms()))
		return;
	if (!(message->flags & MESSAGE_ECHO))
		skip = mark_cause(gateway, room, message->asker_slot,
			message->asker_life, message->connection);
	if (tells_own_apart(room, message))
		is_keyed = mark_user(gateway, room, message->from);
	for (unsigned i = 0; i < PROFILE_COUNT; i++) {
		struct buffer *payload = payload_of(gateway);
		const struct profile *profile;
		struct gathering *gathering;
		struct piece *piece;

		if (room->seats_of[i] == 0)
			continue;
		profile = profile_by_number(i);
		profile->write_message(payload, message, false);
		if (payload->length == 0)
			continue;
		if (profile->names_addressee) {
			send_to_each(gateway, room, payload,
				&(struct each){ profile, skip, false, true });
			continue;
		}
		gathering = gathering_of(gateway, room, i);
		piece = gathering_add(room, gathering, payload);
		piece->skip = skip;
		piece->is_message = true;
		if (is_keyed)
			add_own(gateway, profile, gathering, message);
	}
	send_if_much(gateway, room);
}

void
fanout_push(struct gateway *gateway, struct room *room,
	const struct room_push *push)
{
	uint64_t skip;

	if (room->seat_count == 0)
		return;
	skip = mark_cause(gateway, room, push->asker_slot, push->asker_life,
		push->connection);
	for (unsigned i = 0; i < PROFILE_COUNT; i++) {
		struct buffer *payload = payload_of(gateway);
		const struct profile *profile;
		struct gathering *gathering;
		struct piece *piece;

		if (room->seats_of[i] == 0)
			continue;
		profile = profile_by_number(i);
		push->write(profile, payload, push->what);
		if (payload->length == 0)
			continue;
		if (profile->names_addressee) {
			send_to_each(gateway, room, payload,
				&(struct each){
					profile, skip, push->is_event, false });
			continue;
		}
		gathering = gathering_of(gateway, room, i);
		piece = gathering_add(room, gathering, payload);
		piece->skip = skip;
		piece->is_event = push->is_event;
		gathering->has_events |= push->is_event;
	}
	send_if_much(gateway, room);
}

static void
write_presence(
	const struct profile *profile, struct buffer *out, const void *presence)
{
	if (profile->write_presence)
		profile->write_presence(out, presence);
}

void
fanout_presence(struct gateway *gateway, const struct presence *presence)
{
	struct room *room =
		rooms_find(gateway, presence->tenant, presence->room);

	if (room)
		fanout_push(gateway, room,
			&(struct room_push){
				.write = write_presence,
				.what = presence,
				.asker_slot = presence->asker_slot,
				.asker_life = presence->asker_life,
				.connection = presence->connection,
				.is_event = true,
			});
}

void
fanout_room(struct gateway *gateway, struct room *room)
{
	if (room->gatherings)
		send_pieces(gateway, room);
}

void
fanout_flush(struct gateway *gateway)
{
	struct room *room;

	while ((room = gateway->rooms->dirty)) {
		gateway->rooms->dirty = room->next_dirty;
		room->is_dirty = false;
		send_pieces(gateway, room);
		room_release(gateway, room);
	}
}
