#include "worker/gateway/listing.h"

#include <stdlib.h>

#include "shared/config.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/room_list.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

static void
free_listing(struct pending *pending)
{
	room_list_free(&pending->listing);
}

static int
by_name(const void *a, const void *b)
{
	const struct room_line *left = a, *right = b;

	return text_compare(left->room, right->room);
}

static bool
is_wanted(const struct rooms_request *request, struct text name)
{
	return text_has_prefix(name, request->prefix) &&
	       (request->after.length == 0 ||
		       text_compare(name, request->after) > 0);
}

static void
answer_own(struct session *session, struct text tag,
	const struct rooms_request *request)
{
	struct room_line *lines =
		base_alloc(session->membership_count * sizeof(*lines) + 1);
	struct membership *membership;
	struct answer answer = { .kind = ANSWER_ROOMS };
	size_t count = 0;

	LL_FOREACH(session->memberships, membership)
	{
		const struct room *room = membership->room;

		if (is_wanted(request, room_name(room)))
			lines[count++] = (struct room_line){
				.room = room_name(room),
				.epoch = room->epoch,
				.offset = room->offset,
				.read = membership->read,
			};
	}
	qsort(lines, count, sizeof(lines[0]), by_name);
	if (count > request->limit) {
		count = (size_t)request->limit;
		answer.rooms.next = lines[count - 1].room;
	}
	answer.rooms.lines = lines;
	answer.rooms.count = count;
	session_answer(session, tag, &answer);
	free(lines);
}

/* Kept until all joins before it are answered. */
static void
list_own(struct session *session, struct text tag,
	const struct rooms_request *request)
{
	struct membership *membership;

	LL_FOREACH(session->memberships, membership)
	{
		if (membership->state == MEMBERSHIP_JOINING) {
			session_keep(session, &membership->kept);
			return;
		}
	}
	answer_own(session, tag, request);
}

static void
list_all(struct session *session, struct text tag,
	const struct rooms_request *request)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending =
		pending_new(gateway->pendings, session, PENDING_ROOMS, tag);

	pending->listing = room_list_new(
		ledgers_count(&gateway->edge), (size_t)request->limit);
	pending->on_free = free_listing;
	for (unsigned i = 0; i < ledgers_count(&gateway->edge); i++) {
		rooms_wanted_pack(
			edge_letter(&gateway->edge, LETTER_ROOMS_WANTED),
			&(struct rooms_wanted){
				.request = pending->request,
				.connection = session_connection(session),
				.tenant = session_tenant(session),
				.prefix = request->prefix,
				.after = request->after,
				.limit = request->limit,
			});
		if (i == 0)
			asking_keep(pending, LEDGERS_ALL);
		if (ledgers_offer(&gateway->edge, i) == OFFER_TAKEN)
			continue;
		session_refuse(session, tag, CODE_UNAVAILABLE,
			"the server is too busy, try again");
		pending_free(gateway->pendings, &pending);
		return;
	}
}

void
listing_rooms(struct session *session, struct text tag,
	const struct rooms_request *request)
{
	if (request->listed)
		list_all(session, tag, request);
	else
		list_own(session, tag, request);
}

static size_t
drop_unlisted(
	const struct gateway *gateway, struct room_line *lines, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (config_room_class(gateway->config, lines[i].room)->listed)
			lines[kept++] = lines[i];
	return kept;
}

static void
answer_all(struct pending *pending)
{
	struct session *session = pending->session;
	struct answer answer = { .kind = ANSWER_ROOMS };
	size_t count;
	struct room_line *lines =
		room_list_page(pending->listing, &count, &answer.rooms.next);

	answer.rooms.is_listed = true;
	answer.rooms.lines = lines;
	answer.rooms.count = drop_unlisted(session->gateway, lines, count);
	session_answer(session, pending_tag(pending), &answer);
	free(lines);
}

void
listing_on_page(struct pending *pending, const struct rooms_page *page)
{
	if (!room_list_add(pending->listing, page))
		return;
	answer_all(pending);
	pending_free(pending->session->gateway->pendings, &pending);
}
