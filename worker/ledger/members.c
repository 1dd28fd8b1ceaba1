#include "worker/ledger/members.h"

#include <stdlib.h>
#include <string.h>

#include "shared/records.h"
#include "worker/ledger/members_inside.h"
#include "worker/ledger/streams.h"

/* In one tick. */
#define COST_TOLD 10
#define COST_UNTOLD 1

struct members *
members_new(struct streams *streams, uint64_t grace_ms, members_told *told,
	void *self)
{
	struct members *members = base_alloc_zeroed(1, sizeof(*members));

	members->streams = streams;
	members->grace_ms = grace_ms;
	members->told = told;
	members->self = self;
	return members;
}

uint64_t
members_count(const struct members *members)
{
	return HASH_COUNT(members->table);
}

uint64_t
members_rooms(const struct members *members)
{
	return members->rooms;
}

void
members_set_settling(struct members *members, bool is_settling)
{
	members->is_settling = is_settling;
}

/* The one place where a user's state changes. Those in a state that asks for a
 * later act wait in its queue, in the order in which they came to it. */
static void
user_become(struct members *members, struct user *user, enum user_state next)
{
	if (user->state != USER_THERE)
		DL_DELETE(members->queues[user->state], user);
	user->state = next;
	if (next != USER_THERE)
		DL_APPEND(members->queues[next], user);
}

static struct text
user_name(const struct user *user)
{
	return (struct text){ user->name, user->name_length };
}

static struct room *
room_need(struct members *members, struct stream *stream)
{
	if (stream->room == NULL) {
		stream->room = base_alloc_zeroed(1, sizeof(*stream->room));
		stream->room->stream = stream;
		members->rooms++;
	}
	return stream->room;
}

static struct user *
user_add(struct room *room, struct text name)
{
	struct user *user = base_alloc_zeroed(1, sizeof(*user) + name.length);

	user->room = room;
	user->name_length = name.length;
	if (name.length)
		memcpy(user->name, name.at, name.length);
	order_add(&room->users, user_name(user), user);
	return user;
}

void
members_watch(struct members *members, members_watched *watched, void *self)
{
	members->watched = watched;
	members->watcher = self;
}

static void
tell_watcher(const struct members *members, const struct user *user,
	bool has_entered)
{
	struct members_change change = {
		.stream = user->room->stream,
		.user = user_name(user),
		.platform = user->platform,
		.has_entered = has_entered,
		.users = user->room->seen,
		.slot = SLOTS_MAX,
	};
	const struct seat *seat =
		user->seats != NULL ? user->seats->prev : user->last;

	if (seat != NULL)
		change.slot = seat->key.slot;
	if (members->watched != NULL)
		members->watched(&change, members->watcher);
}

/* The user is there for the others. Whom a predecessor had seen, no watcher is
 * told of again. */
static void
user_see(const struct members *members, struct user *user, bool is_news)
{
	if (user->is_seen)
		return;
	user->is_seen = true;
	user->room->seen++;
	if (is_news)
		tell_watcher(members, user, true);
}

/* Takes the user out of the room, and the room away with its last one. */
static void
user_remove(struct members *members, struct user *user)
{
	struct room *room = user->room;

	must(user->seats == NULL);
	if (user->is_seen) {
		room->seen--;
		tell_watcher(members, user, false);
	}
	user_become(members, user, USER_THERE);
	order_remove(&room->users, user_name(user));
	free(user->last);
	free(user);
	if (room->users.count > 0) {
		members_counts_changed(members, room);
		return;
	}
	members_counts_forget(members, room);
	room->stream->room = NULL;
	streams_drop_if_empty(members->streams, room->stream);
	free(room);
	members->rooms--;
}

static struct seat *
seat_find(const struct members *members, struct room *room, uint64_t connection,
	struct teller teller)
{
	struct seat wanted = { .key = { room, connection, teller.slot,
				       teller.life } };
	struct seat *seat;

	HASH_FIND(hh, members->table, &wanted.key, sizeof(wanted.key), seat);
	return seat;
}

static void
seat_add(struct members *members, struct user *user, const struct join *join,
	struct teller teller)
{
	struct seat *seat =
		base_alloc_zeroed(1, sizeof(*seat) + join->info.length);

	seat->key.room = user->room;
	seat->key.connection = join->connection;
	seat->key.slot = teller.slot;
	seat->key.life = teller.life;
	seat->user = user;
	seat->platform = join->platform;
	seat->since = join->since;
	seat->info_length = join->info.length;
	if (join->info.length)
		memcpy(seat->info, join->info.at, join->info.length);
	must(teller.slot < SLOTS_MAX);
	HASH_ADD(hh, members->table, key, sizeof(seat->key), seat);
	DL_APPEND(user->seats, seat);
	DL_APPEND2(members->slots[teller.slot], seat, slot_prev, slot_next);
	user->room->connections++;
	user->platform = join->platform;
	free(user->last);
	user->last = NULL;
	members_counts_changed(members, user->room);
}

/* Takes a connection away and leaves the user as it is. */
static void
seat_remove(struct members *members, struct seat *seat)
{
	struct user *user = seat->user;

	HASH_DEL(members->table, seat);
	DL_DELETE2(members->slots[seat->key.slot], seat, slot_prev, slot_next);
	DL_DELETE(user->seats, seat);
	user->room->connections--;
	members_counts_changed(members, user->room);
	user->platform = seat->platform;
	free(user->last);
	user->last = NULL;
	if (user->seats == NULL)
		user->last = seat;
	else
		free(seat);
}

/* What becomes of a user who has no connection left. true: it has gone, and the
 * others are to be told. */
static bool
user_without_seat(struct members *members, struct user *user, bool is_lost,
	uint64_t now_ms)
{
	bool may_return = is_lost && members->grace_ms > 0;
	bool is_told;

	if (user->state == USER_NEW) {
		user_remove(members, user); /* nobody had been told */
		return false;
	}
	user->exit_ms = now_ms + members->grace_ms;
	if (may_return || members->is_settling) {
		user_become(members, user, may_return ? USER_GRACE : USER_DUE);
		return false;
	}
	is_told = members_telling(members, user->room,
			  user->room->users.count - 1) == TELL_USERS;
	user_remove(members, user);
	return is_told;
}

/* The same connection has joined again; what it was before is void. */
static void
replace_seat(struct members *members, struct seat *old, struct user *user)
{
	struct user *owner = old->user;
	uint64_t platform = user->platform;

	seat_remove(members, old);
	user->platform = platform;
	if (owner->seats == NULL)
		user_remove(members, owner);
}

bool
members_join(struct members *members, struct stream *stream,
	const struct join *join, struct teller teller)
{
	struct room *room = room_need(members, stream);
	struct seat *old = seat_find(members, room, join->connection, teller);
	struct user *user = order_find(&room->users, join->user);
	bool is_announced = (join->flags & JOIN_ANNOUNCED) != 0;
	bool is_new = user == NULL;

	if (is_new)
		user = user_add(room, join->user);
	if (is_new && members->is_settling && !is_announced)
		user_become(members, user, USER_NEW);
	else if (user->state != USER_NEW || is_announced)
		user_become(members, user, USER_THERE);
	seat_add(members, user, join, teller);
	if (user->state == USER_THERE)
		user_see(members, user,
			is_new && !members->is_settling && !is_announced);
	if (old != NULL)
		replace_seat(members, old, user);
	return is_new && !members->is_settling && !is_announced &&
	       members_telling(members, room, room->users.count) == TELL_USERS;
}

/* Somebody goes whom we had not been told of, because that was before our time:
 * the others may still see the user. (Or the member never wanted presence;
 * then they see an exit of a user whom they did not list.) */
static void
leave_of_stranger(struct members *members, struct stream *stream,
	const struct leave *leave, uint64_t now_ms)
{
	struct room *room = room_need(members, stream);
	struct user *user = order_find(&room->users, leave->user);

	if (user != NULL) {
		if (user->state == USER_NEW)
			user_become(members, user, USER_THERE);
		user_see(members, user, false);
		return;
	}
	user = user_add(room, leave->user);
	user_see(members, user, false);
	user->platform = leave->platform;
	user->exit_ms = now_ms + members->grace_ms;
	user_become(members, user, leave->lost ? USER_GRACE : USER_DUE);
}

bool
members_leave(struct members *members, struct stream *stream,
	const struct leave *leave, struct teller teller, uint64_t now_ms)
{
	struct seat *seat = NULL;
	struct user *user;

	if (stream->room != NULL)
		seat = seat_find(
			members, stream->room, leave->connection, teller);
	if (seat == NULL && members->is_settling)
		leave_of_stranger(members, stream, leave, now_ms);
	if (seat == NULL) {
		streams_drop_if_empty(members->streams, stream);
		return false;
	}
	user = seat->user;
	seat_remove(members, seat);
	if (user->seats != NULL)
		return false;
	return user_without_seat(members, user, leave->lost != 0, now_ms);
}

void
members_lose(struct members *members, struct teller teller, uint64_t now_ms)
{
	struct seat *seat, *next;

	must(teller.slot < SLOTS_MAX);
	DL_FOREACH_SAFE2(members->slots[teller.slot], seat, next, slot_next)
	{
		struct user *user = seat->user;

		if (seat->key.life > teller.life)
			continue;
		seat_remove(members, seat);
		if (user->seats != NULL)
			continue;
		if (user->state == USER_NEW) {
			user_remove(members, user);
			continue;
		}
		/* Not told at once, however short the grace: a process may
		 * have held more users than rings have room for. */
		user->exit_ms = now_ms + members->grace_ms;
		user_become(members, user, USER_GRACE);
	}
}

/* Tells of the user, unless nobody is told; returns what that costs. */
static unsigned
tell(struct members *members, struct user *user, bool has_entered)
{
	struct members_event event = {
		.stream = user->room->stream,
		.user = user_name(user),
		.platform = user->platform,
		.has_entered = has_entered,
		.users = user->room->users.count - (has_entered ? 0 : 1),
	};
	const struct seat *seat =
		user->seats != NULL ? user->seats->prev : user->last;

	if (seat != NULL)
		event.info = (struct text){ seat->info, seat->info_length };

	if (members_telling(members, user->room, event.users) != TELL_USERS)
		return COST_UNTOLD;
	members->told(&event, members->self);
	return COST_TOLD;
}

void
members_tick(struct members *members, uint64_t now_ms, unsigned most)
{
	unsigned cost = 0;

	members->tick_ms = now_ms;
	if (members->is_settling)
		return;
	while (cost < most * COST_TOLD) {
		struct user *grace = members->queues[USER_GRACE];
		struct user *user = members->queues[USER_NEW];

		if (user != NULL) {
			user_become(members, user, USER_THERE);
			user_see(members, user, true);
			cost += tell(members, user, true);
			continue;
		}
		user = members->queues[USER_DUE];
		if (user == NULL && grace != NULL && grace->exit_ms <= now_ms)
			user = grace;
		if (user == NULL)
			break;
		cost += tell(members, user, false);
		user_remove(members, user);
	}
	members_counts_tell(members, now_ms, most);
}

void
members_set_grace(struct members *members, uint64_t grace_ms)
{
	members->grace_ms = grace_ms;
}

void
members_free(struct members **members)
{
	struct members *old = *members;
	struct seat *seat, *next;

	if (old == NULL)
		return;
	old->watched = NULL;
	HASH_ITER(hh, old->table, seat, next)
	{
		struct user *user = seat->user;

		seat_remove(old, seat);
		if (user->seats == NULL)
			user_remove(old, user);
	}
	for (int state = 0; state < USER_STATES; state++)
		while (old->queues[state] != NULL)
			user_remove(old, old->queues[state]);
	free(old);
	*members = NULL;
}
