#include "worker/gateway/marks.h"

#include "shared/base.h"
#include "shared/records.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/fanout.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/outbox.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/users.h"

#define KEEP_BYTES 65536

/* Is it the connection that has read? It has an answer. */
static bool
is_asker(const struct gateway *gateway, const struct mark *mark,
	const struct session *session)
{
	return mark->asker_slot == gateway->slot &&
	       mark->asker_life == gateway->life &&
	       mark->connection == session_connection(session);
}

static void
push(struct session *session, const struct read_push *read)
{
	struct gateway *gateway = session->gateway;
	struct buffer *payload = &gateway->payload;
	struct bundle *bundle;

	if (!session->profile->write_read)
		return;
	bundle = bundle_new(0);
	buffer_clear(payload, KEEP_BYTES);
	session->profile->write_read(payload, read);
	bundle_add_text(&bundle, payload->data, payload->length);
	lane_push_later(&session->lane, bundle);
	bundle_unref(&bundle);
	row_count(gateway->row, COUNTER_DELIVERED, 1);
}

/* Of a room with very many users only the reader's own other connections learn
 * of it, behind the messages that they are to get first. */
static void
tell_own(struct gateway *gateway, struct room *room, const struct mark *mark,
	const struct read_push *read)
{
	size_t count;
	struct session *const *sessions =
		users_find(gateway, mark->tenant, mark->user, &count);

	for (size_t i = 0; i < count; i++) {
		struct session *session = sessions[i];
		struct membership *membership = membership_find(session, room);

		if (!membership || membership->state != MEMBERSHIP_ACTIVE)
			continue;
		membership->read = MAX_OF(membership->read, mark->offset);
		if (!mark->only_own || is_asker(gateway, mark, session))
			continue;
		fanout_room(gateway, room);
		push(session, read);
	}
}

static void
write_read(const struct profile *profile, struct buffer *out, const void *read)
{
	if (profile->write_read)
		profile->write_read(out, read);
}

static void
tell_room(struct gateway *gateway, const struct mark *mark)
{
	struct room *room = rooms_find(gateway, mark->tenant, mark->stream);
	const struct read_push read = {
		.room = mark->stream,
		.user = mark->user,
		.offset = mark->offset,
	};

	if (!room)
		return;
	tell_own(gateway, room, mark, &read);
	if (!mark->only_own)
		fanout_push(gateway, room,
			&(struct room_push){
				.write = write_read,
				.what = &read,
				.asker_slot = mark->asker_slot,
				.asker_life = mark->asker_life,
				.connection = mark->connection,
			});
}

/* The connections of one of the two; each side has offsets of its own inbox. */
static void
tell_side(struct gateway *gateway, const struct mark *mark, struct text side,
	const struct read_push *read)
{
	size_t count;
	struct session *const *sessions =
		users_find(gateway, mark->tenant, side, &count);

	for (size_t i = 0; i < count; i++)
		if (!is_asker(gateway, mark, sessions[i]))
			push(sessions[i], read);
}

static void
tell_two(struct gateway *gateway, const struct mark *mark)
{
	tell_side(gateway, mark, mark->user,
		&(struct read_push){
			.user = mark->user,
			.with = mark->with,
			.offset = mark->offset,
		});
	if (mark->with_offset > 0 && !text_equal(mark->user, mark->with))
		tell_side(gateway, mark, mark->with,
			&(struct read_push){
				.user = mark->user,
				.with = mark->user,
				.offset = mark->with_offset,
			});
}

void
marks_tell(struct gateway *gateway, const struct mark *mark)
{
	if (mark->kind == STREAM_ROOM)
		tell_room(gateway, mark);
	else
		tell_two(gateway, mark);
}
