#include "worker/gateway/rooms.h"

#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/index.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"
#include "worker/gateway/tracer.h"

#define SEPARATOR 0x1f
#define KEY_BYTES (TENANT_BYTES_MAX + 1 + ROOM_BYTES_MAX)

struct rooms *
rooms_new(void)
{
	return base_alloc_zeroed(1, sizeof(struct rooms));
}

void
rooms_free(struct rooms **rooms)
{
	if (!*rooms)
		return;
	must((*rooms)->table == NULL);
	free(*rooms);
	*rooms = NULL;
}

/* Returns the length; 0 when no such room can be. */
static size_t
make_key(char key[KEY_BYTES], struct text tenant, struct text name)
{
	if (tenant.length > TENANT_BYTES_MAX || name.length > ROOM_BYTES_MAX)
		return 0;
	memcpy(key, tenant.at, tenant.length);
	key[tenant.length] = SEPARATOR;
	memcpy(key + tenant.length + 1, name.at, name.length);
	return tenant.length + 1 + name.length;
}

struct room *
rooms_find(const struct gateway *gateway, struct text tenant, struct text name)
{
	char key[KEY_BYTES];
	size_t length = make_key(key, tenant, name);
	struct room *room = NULL;

	if (length)
		HASH_FIND(hh, gateway->rooms->table, key, length, room);
	return room;
}

struct text
room_tenant(const struct room *room)
{
	return (struct text){ room->key, room->tenant_length };
}

struct text
room_name(const struct room *room)
{
	return (struct text){ room->key + room->tenant_length + 1,
		room->name_length };
}

static struct room *
room_new(struct gateway *gateway, struct text tenant, struct text name)
{
	struct rooms *rooms = gateway->rooms;
	struct room *room = base_alloc_zeroed(1, sizeof(*room) + KEY_BYTES);
	size_t length = make_key(room->key, tenant, name);

	must(length > 0);
	room = base_realloc(room, sizeof(*room) + length);
	room->tenant_length = (uint8_t)tenant.length;
	room->name_length = (uint8_t)name.length;
	room->number = ++rooms->last_number;
	HASH_ADD_KEYPTR(hh, rooms->table, room->key, length, room);
	row_count(gateway->row, COUNTER_ROOMS, 1);
	return room;
}

void
room_release(struct gateway *gateway, struct room *room)
{
	if (room->membership_count > 0 || room->is_dirty)
		return;
	HASH_DEL(gateway->rooms->table, room);
	row_count(gateway->row, COUNTER_ROOMS, -1);
	free(room->seats);
	free(room);
}

static void
note_gap(struct gateway *gateway, const struct room *room, uint64_t offset)
{
	row_count(gateway->row, COUNTER_GAPS, 1);
	if (!gateway->has_logged_gap)
		log_error("room %.*s: offset %llu came after %llu; further "
			  "gaps are only counted",
			TEXT_ARGS(room_name(room)), (unsigned long long)offset,
			(unsigned long long)room->offset);
	gateway->has_logged_gap = true;
}

static void
set_offset(struct room *room, uint64_t epoch, uint64_t offset)
{
	room->epoch = epoch;
	room->offset = offset;
	room->knows_offset = true;
}

bool
room_take_offset(struct gateway *gateway, struct room *room, uint64_t epoch,
	uint64_t offset)
{
	bool is_known = room->knows_offset && room->epoch == epoch;

	if (offset == 0)
		return true;
	if (is_known && offset <= room->offset)
		return false;
	if (is_known && offset > room->offset + 1 && room->seat_count > 0)
		note_gap(gateway, room, offset);
	set_offset(room, epoch, offset);
	return true;
}

/* A join was answered with this top of the stream. */
static void
note_top(struct gateway *gateway, struct room *room, uint64_t epoch,
	uint64_t offset)
{
	bool is_known = room->knows_offset && room->epoch == epoch;

	if (is_known && offset <= room->offset)
		return;
	if (is_known && room->seat_count > 0)
		note_gap(gateway, room, offset);
	set_offset(room, epoch, offset);
}

struct membership *
membership_find(const struct session *session, const struct room *room)
{
	struct membership *membership;

	if (!room)
		return NULL;
	LL_FOREACH(session->memberships, membership)
	{
		if (membership->room == room)
			return membership;
	}
	return NULL;
}

void
rooms_count_in(struct gateway *gateway, struct text tenant, struct text name)
{
	if (index_room_add(gateway->arena, gateway->slot, tenant, name) ||
		gateway->has_logged_full)
		return;
	gateway->has_logged_full = true;
	log_warning("the index has no place for more rooms: this gateway now "
		    "gets the messages of all");
}

struct membership *
membership_new(struct session *session, struct text name, unsigned flags)
{
	struct gateway *gateway = session->gateway;
	struct text tenant = session_tenant(session);
	struct room *room = rooms_find(gateway, tenant, name);
	struct membership *membership =
		base_alloc_zeroed(1, sizeof(*membership));

	if (!room)
		room = room_new(gateway, tenant, name);
	room->membership_count++;
	membership->session = session;
	membership->room = room;
	membership->since_ms = clock_unix_ms();
	membership->flags = (uint8_t)flags;
	LL_APPEND(session->memberships, membership);
	session->membership_count++;
	rooms_count_in(gateway, tenant, name);
	return membership;
}

static void
take_seat(struct membership *membership)
{
	struct room *room = membership->room;
	struct session *session = membership->session;
	enum profile_number profile = session->profile->number;

	if (room->seat_count == room->seat_capacity) {
		room->seat_capacity = MAX_OF(2U, room->seat_capacity * 2);
		room->seats = base_realloc(room->seats,
			room->seat_capacity * sizeof(room->seats[0]));
	}
	membership->seat = room->seat_count;
	room->seats[room->seat_count++] = (struct seat){
		.lane = &session->lane,
		.membership = membership,
		.start = room->gathered[profile],
		.profile = (uint8_t)profile,
		.wants_events = membership->flags & JOIN_EVENTS,
	};
	room->seats_of[profile]++;
}

void
membership_activate(
	struct membership *membership, uint64_t epoch, uint64_t offset)
{
	must(membership->state == MEMBERSHIP_JOINING);
	note_top(membership->session->gateway, membership->room, epoch, offset);
	membership->state = MEMBERSHIP_ACTIVE;
	take_seat(membership);
	tracer_room(membership->session, room_name(membership->room), "enter");
}

static void
give_up_seat(struct membership *membership)
{
	struct room *room = membership->room;
	struct seat *seat = &room->seats[membership->seat];

	room->seats_of[seat->profile]--;
	*seat = room->seats[--room->seat_count];
	seat->membership->seat = membership->seat;
	if (room->seat_count == 0) {
		free(room->seats);
		room->seats = NULL;
		room->seat_capacity = 0;
	}
}

void
membership_end(struct membership **ended)
{
	struct membership *membership = *ended;
	struct session *session = membership->session;
	struct gateway *gateway = session->gateway;
	struct room *room = membership->room;

	*ended = NULL;
	if (membership->state == MEMBERSHIP_ACTIVE) {
		tracer_room(session, room_name(room), "exit");
		give_up_seat(membership);
	}
	session_drop_kept(session, membership->kept);
	LL_DELETE(session->memberships, membership);
	session->membership_count--;
	index_room_remove(gateway->arena, gateway->slot, room_tenant(room),
		room_name(room));
	room->membership_count--;
	room_release(gateway, room);
	free(membership);
}
