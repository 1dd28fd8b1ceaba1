#include "worker/gateway/fanout.h"

#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/config.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/traffic.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/outbox.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/traffic.h"
#include "worker/gateway/users.h"

/* When this much is gathered for a room it is sent before the turn ends. */
#define GATHERED_MAX 65536
#define GATHERED_FIRST 512

#define PAYLOAD_KEEP_BYTES 65536

/* How far ahead the loop over the seats asks for memory. */
#define SEATS_AHEAD 6

/* One frame of what is gathered. */
struct piece {
	uint32_t end; /* its last byte + 1 in the bundle */
	bool is_event;
	bool is_message;
	uint8_t user_length;
	uint32_t user_at;      /* in keyed; who gets the frame with the key */
	uint32_t keyed_at;     /* in keyed; that frame */
	uint32_t keyed_length; /* 0: there is none */
	uint64_t skip; /* the connection that does not get it; 0: none */
};

/* What one profile's members of one room get at the end of the turn. */
struct gathering {
	struct bundle *bundle;
	struct bundle *quiet; /* without events; NULL until one needs it */
	struct push push, quiet_push; /* of these, while they are sent */
	struct buffer keyed;
	struct piece *pieces;
	size_t count, capacity;
	size_t quiet_count; /* frames in quiet */
	bool has_events;
};

static struct gathering *
gathering_of(
	struct gateway *gateway, struct room *room, enum profile_number profile)
{
	struct gathering *gathering = room->gatherings[profile];

	if (gathering)
		return gathering;
	gathering = base_alloc_zeroed(1, sizeof(*gathering));
	gathering->bundle = bundle_new(GATHERED_FIRST);
	room->gatherings[profile] = gathering;
	if (!room->is_dirty) {
		room->is_dirty = true;
		room->next_dirty = gateway->rooms->dirty;
		gateway->rooms->dirty = room;
	}
	return gathering;
}

static void
gathering_free(struct gathering **gathering)
{
	bundle_unref(&(*gathering)->bundle);
	bundle_unref(&(*gathering)->quiet);
	buffer_fini(&(*gathering)->keyed);
	free((*gathering)->pieces);
	free(*gathering);
	*gathering = NULL;
}

/* The payload becomes the next piece. */
static struct piece *
add_piece(struct room *room, enum profile_number profile,
	const struct buffer *payload)
{
	struct gathering *gathering = room->gatherings[profile];
	struct piece *piece;

	if (gathering->count == gathering->capacity) {
		gathering->capacity =
			MAX_OF((size_t)4, gathering->capacity * 2);
		gathering->pieces = base_realloc(gathering->pieces,
			gathering->capacity * sizeof(gathering->pieces[0]));
	}
	bundle_add_text(&gathering->bundle, payload->data, payload->length);
	piece = &gathering->pieces[gathering->count++];
	*piece = (struct piece){ .end = gathering->bundle->length };
	room->gathered[profile] = gathering->bundle->length;
	return piece;
}

/* What a special member gets, with a reference for the caller; *count is how
 * many frames that are. It may wait for long, so it is no larger than it must
 * be. */
static struct bundle *
compose(const struct gathering *gathering, const struct seat *seat,
	struct push *push, size_t *count)
{
	const struct session *session = seat->membership->session;
	const uint8_t *keyed = gathering->keyed.data;
	struct bundle *bundle = bundle_new(0);
	uint32_t from = 0;

	*count = 0;
	*push = gathering->push;
	push->newest_from = push->newest_end = 0;
	for (size_t i = 0; i < gathering->count; i++) {
		const struct piece *piece = &gathering->pieces[i];
		uint32_t begin = from;

		from = piece->end;
		if (begin < seat->start ||
			(piece->is_event && !seat->wants_events) ||
			(piece->skip &&
				piece->skip == session_connection(session)))
			continue;
		++*count;
		if (piece->is_message)
			push->newest_from = bundle->length;
		if (piece->keyed_length &&
			text_equal(session_user(session),
				(struct text){
					(const char *)keyed + piece->user_at,
					piece->user_length }))
			bundle_add(&bundle, keyed + piece->keyed_at,
				piece->keyed_length);
		else
			bundle_add(&bundle, gathering->bundle->data + begin,
				piece->end - begin);
		if (piece->is_message)
			push->newest_end = bundle->length;
	}
	push->bundle = bundle;
	return bundle;
}

static size_t
send_special(const struct gathering *gathering, const struct seat *seat)
{
	size_t count;
	struct push push;
	struct bundle *bundle = compose(gathering, seat, &push, &count);

	if (count > 0)
		lane_push_room(seat->lane, &push);
	bundle_unref(&bundle);
	return count;
}

/* For those who asked for no events. */
static void
make_quiet(struct gathering *gathering)
{
	struct push *push = &gathering->quiet_push;
	uint32_t from = 0;

	*push = gathering->push;
	push->newest_from = push->newest_end = 0;
	gathering->quiet = bundle_new(gathering->bundle->length);
	for (size_t i = 0; i < gathering->count; i++) {
		const struct piece *piece = &gathering->pieces[i];

		if (!piece->is_event) {
			if (piece->is_message)
				push->newest_from = gathering->quiet->length;
			bundle_add(&gathering->quiet,
				gathering->bundle->data + from,
				piece->end - from);
			if (piece->is_message)
				push->newest_end = gathering->quiet->length;
			gathering->quiet_count++;
		}
		from = piece->end;
	}
	push->bundle = gathering->quiet;
}

static size_t
send_quiet(struct gathering *gathering, const struct seat *seat)
{
	if (!gathering->quiet)
		make_quiet(gathering);
	if (gathering->quiet_count > 0)
		lane_push_room(seat->lane, &gathering->quiet_push);
	return gathering->quiet_count;
}

/* Returns how many frames the member got. */
static size_t
send_to(struct gathering *gathering, struct seat *seat)
{
	bool is_plain = !seat->is_special && seat->start == 0;

	if (is_plain && (seat->wants_events || !gathering->has_events)) {
		lane_push_room(seat->lane, &gathering->push);
		return gathering->count;
	}
	return is_plain ? send_quiet(gathering, seat)
			: send_special(gathering, seat);
}

/* How what is gathered goes to those who get all of it. */
static void
make_push(struct gathering *gathering, const struct room *room,
	enum slow_policy policy)
{
	size_t last = gathering->count;

	gathering->push = (struct push){
		.bundle = gathering->bundle,
		.source = room->number,
		.policy = policy,
	};
	while (last > 0 && !gathering->pieces[last - 1].is_message)
		last--;
	if (last == 0)
		return;
	gathering->push.newest_end = gathering->pieces[last - 1].end;
	if (last > 1)
		gathering->push.newest_from = gathering->pieces[last - 2].end;
}

/* The bytes of those who got other ones than most are not told apart. */
static void
note_traffic(
	struct gateway *gateway, const struct room *room, uint64_t delivered)
{
	struct traffic_room pushed = { .pushes = delivered };
	uint64_t bytes = 0, frames = 0;

	for (unsigned i = 0; i < PROFILE_COUNT; i++) {
		const struct gathering *gathering = room->gatherings[i];
		uint64_t messages = 0;

		if (!gathering)
			continue;
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
	uint64_t delivered = 0;

	for (unsigned i = 0; i < PROFILE_COUNT; i++)
		if (room->gatherings[i])
			make_push(room->gatherings[i], room,
				(enum slow_policy)policy);
	for (uint32_t i = 0; i < room->seat_count; i++) {
		struct seat *seat = &room->seats[i];

		if (i + SEATS_AHEAD < room->seat_count)
			__builtin_prefetch(seat[SEATS_AHEAD].lane);
		if (room->gatherings[seat->profile])
			delivered +=
				send_to(room->gatherings[seat->profile], seat);
		seat->is_special = false;
		seat->start = 0;
	}
	note_traffic(gateway, room, delivered);
	for (unsigned i = 0; i < PROFILE_COUNT; i++) {
		if (room->gatherings[i])
			gathering_free(&room->gatherings[i]);
		room->gathered[i] = 0;
	}
	row_count(gateway->row, COUNTER_DELIVERED, (int64_t)delivered);
}

static void
send_if_much(struct gateway *gateway, struct room *room)
{
	size_t limit = MIN_OF((size_t)GATHERED_MAX,
		(size_t)gateway->config->outbox_bytes / 4);
	bool is_much = false;

	for (unsigned i = 0; i < PROFILE_COUNT; i++)
		is_much |= room->gathered[i] >= limit;
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
add_keyed(struct gateway *gateway, const struct profile *profile,
	struct gathering *gathering, const struct message *message)
{
	struct piece *piece = &gathering->pieces[gathering->count - 1];
	struct buffer *keyed = &gathering->keyed;
	struct buffer *payload = payload_of(gateway);
	uint8_t head[FRAME_HEAD_MAX];
	size_t head_length;

	profile->write_message(payload, message, true);
	head_length = frame_write_head(head, payload->length);
	piece->keyed_at = (uint32_t)keyed->length;
	piece->keyed_length = (uint32_t)(head_length + payload->length);
	buffer_add(keyed, head, head_length);
	buffer_add(keyed, payload->data, payload->length);
	piece->user_at = (uint32_t)keyed->length;
	piece->user_length = (uint8_t)message->from.length;
	buffer_add_text(keyed, message->from);
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
	if (message->key.length > 0 && message->from.length <= USER_BYTES_MAX)
		is_keyed = mark_user(gateway, room, message->from);
	for (unsigned i = 0; i < PROFILE_COUNT; i++) {
		const struct profile *profile = profile_by_number(i);
		struct buffer *payload = payload_of(gateway);
		struct gathering *gathering;
		struct piece *piece;

		if (room->seats_of[i] == 0)
			continue;
		gathering = gathering_of(gateway, room, i);
		profile->write_message(payload, message, false);
		piece = add_piece(room, i, payload);
		piece->skip = skip;
		piece->is_message = true;
		if (is_keyed)
			add_keyed(gateway, profile, gathering, message);
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
		struct gathering *gathering;
		struct piece *piece;

		if (room->seats_of[i] == 0)
			continue;
		gathering = gathering_of(gateway, room, i);
		push->write(profile_by_number(i), payload, push->what);
		piece = add_piece(room, i, payload);
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
	bool is_gathered = false;

	for (unsigned i = 0; i < PROFILE_COUNT; i++)
		is_gathered |= room->gathered[i] > 0;
	if (is_gathered)
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
