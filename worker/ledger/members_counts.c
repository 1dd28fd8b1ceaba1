/*
 * Crowds: the counts of rooms that have too many users for each to be told of.
 * A crowd that changes waits in a queue for a second, and is told of as it then
 * is, if that is news; so changes in between cost nothing. All wait equally
 * long, so the queue is in order.
 */
#include "shared/config.h"
#include "worker/ledger/members.h"
#include "worker/ledger/members_inside.h"
#include "worker/ledger/streams.h"

#define COUNTS_EVERY_MS 1000

enum telling
members_telling(
	const struct members *members, const struct room *room, uint64_t users)
{
	const struct room_class *class;
	struct stream_name name;

	if (members->told == NULL)
		return TELL_NOTHING;
	streams_name(room->stream, &name);
	class = config_room_class(
		members->streams->config, stream_name_name(&name));
	if (!class->events)
		return TELL_NOTHING;
	return class->events_max > 0 && users > (uint64_t) class->events_max
		       ? TELL_COUNTS
		       : TELL_USERS;
}

void
members_counts_changed(struct members *members, struct room *room)
{
	if (members_telling(members, room, room->users.count) != TELL_COUNTS) {
		room->told_users = room->told_connections = 0;
		return;
	}
	if (room->has_changed)
		return;
	room->has_changed = true;
	room->due_ms = members->tick_ms + COUNTS_EVERY_MS;
	DL_APPEND(members->changed, room);
}

void
members_counts_forget(struct members *members, struct room *room)
{
	if (!room->has_changed)
		return;
	room->has_changed = false;
	DL_DELETE(members->changed, room);
}

static void
tell(struct members *members, struct room *room)
{
	struct members_event event = {
		.stream = room->stream,
		.users = room->users.count,
		.connections = room->connections,
	};

	if (event.users == room->told_users &&
		event.connections == room->told_connections)
		return;
	room->told_users = event.users;
	room->told_connections = event.connections;
	members->told(&event, members->self);
}

void
members_counts_tell(struct members *members, uint64_t now_ms, unsigned most)
{
	struct room *room;

	for (; most > 0 && (room = members->changed) != NULL; most--) {
		if (room->due_ms > now_ms)
			break;
		members_counts_forget(members, room);
		if (members_telling(members, room, room->users.count) ==
			TELL_COUNTS)
			tell(members, room);
	}
}
