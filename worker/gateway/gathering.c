#include "worker/gateway/gathering.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/table.h"
#include "shared/text.h"
#include "worker/gateway/frame.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/lane.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

#define GATHERED_FIRST 512

/* NULL: nothing is gathered for them. */
static struct gathering *
find(const struct room *room, enum profile_number profile)
{
	struct gathering *gathering = room->gatherings;

	while (gathering && gathering->profile != profile)
		gathering = gathering->next;
	return gathering;
}

struct gathering *
gathering_of(
	struct gateway *gateway, struct room *room, enum profile_number profile)
{
	struct gathering *gathering = find(room, profile);

	if (gathering)
		return gathering;
	gathering = base_alloc_zeroed(1, sizeof(*gathering));
	gathering->bundle = bundle_new(GATHERED_FIRST);
	gathering->profile = (uint8_t)profile;
	LL_PREPEND(room->gatherings, gathering);
	if (!room->is_dirty) {
		room->is_dirty = true;
		room->next_dirty = gateway->rooms->dirty;
		gateway->rooms->dirty = room;
	}
	return gathering;
}

void
gathering_free(struct gathering **gathering)
{
	bundle_unref(&(*gathering)->bundle);
	bundle_unref(&(*gathering)->quiet);
	buffer_fini(&(*gathering)->keyed);
	free((*gathering)->pieces);
	free(*gathering);
	*gathering = NULL;
}

struct piece *
gathering_add(struct room *room, struct gathering *gathering,
	const struct buffer *payload)
{
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
	room->gathered[gathering->profile] = gathering->bundle->length;
	return piece;
}

static bool
is_own_piece(const struct gathering *gathering, const struct piece *piece,
	const struct session *session)
{
	const struct text user = {
		(const char *)gathering->keyed.data + piece->user_at,
		piece->user_length,
	};

	return user.length > 0 && text_equal(session_user(session), user);
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
		bool is_own = is_own_piece(gathering, piece, session);

		from = piece->end;
		if (begin < seat->start ||
			(piece->is_event && !seat->wants_events) ||
			(piece->skip &&
				piece->skip == session_connection(session)) ||
			(is_own && piece->keyed_length == 0))
			continue;
		++*count;
		if (piece->is_message)
			push->newest_from = bundle->length;
		if (is_own)
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

size_t
gathering_send(struct gathering *gathering, struct seat *seat)
{
	bool is_plain = !seat->is_special && seat->start == 0;

	if (is_plain && (seat->wants_events || !gathering->has_events)) {
		lane_push_room(seat->lane, &gathering->push);
		return gathering->count;
	}
	return is_plain ? send_quiet(gathering, seat)
			: send_special(gathering, seat);
}

void
gathering_close(struct gathering *gathering, const struct room *room,
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

void
gathering_add_own(struct gathering *gathering, struct text user,
	const struct buffer *payload)
{
	struct piece *piece = &gathering->pieces[gathering->count - 1];
	struct buffer *keyed = &gathering->keyed;
	uint8_t head[FRAME_HEAD_MAX];

	if (payload->length > 0) {
		size_t head_length = frame_write_head(head, payload->length);

		piece->keyed_at = (uint32_t)keyed->length;
		piece->keyed_length = (uint32_t)(head_length + payload->length);
		buffer_add(keyed, head, head_length);
		buffer_add(keyed, payload->data, payload->length);
	}
	piece->user_at = (uint32_t)keyed->length;
	piece->user_length = (uint8_t)user.length;
	buffer_add_text(keyed, user);
}
