#include "worker/gateway/listing.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/message.h"
#include "shared/scoreboard.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

/* Parts that have come. */
struct listing {
	unsigned missing; /* ledgers */
	bool has_told[LEDGERS_MAX];
	uint64_t limit;
	struct buffer lines; /* packed texts, each one packed room_line */
	size_t count;

	/* A ledger that has more has told nothing behind this name. */
	bool is_bounded;
	size_t bound_length;
	char bound[ROOM_BYTES_MAX];
};

static void
free_listing(struct pending *pending)
{
	buffer_fini(&pending->listing->lines);
	free(pending->listing);
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

	DL_FOREACH(session->memberships, membership)
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

	DL_FOREACH(session->memberships, membership)
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
	struct listing *listing = base_alloc_zeroed(1, sizeof(*listing));

	pending->listing = listing;
	pending->on_free = free_listing;
	listing->limit = request->limit;
	listing->missing = ledgers_count(&gateway->edge);
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
			asking_keep(pending, ASKING_ALL);
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

static void
note_bound(struct listing *listing, struct text name)
{
	const struct text bound = { listing->bound, listing->bound_length };

	if (name.length > sizeof(listing->bound) ||
		(listing->is_bounded && text_compare(name, bound) >= 0))
		return;
	listing->is_bounded = true;
	listing->bound_length = name.length;
	memcpy(listing->bound, name.at, name.length);
}

static void
add_part(struct listing *listing, const struct rooms_page *page)
{
	struct unpack in = unpack_of(page->rooms);
	struct room_line line = { 0 };

	for (uint64_t i = 0; i < page->count; i++) {
		struct text packed = unpack_text(&in);
		struct unpack one = unpack_of(packed);

		if (in.failed || !room_line_unpack(&one, &line))
			break;
		pack_text(&listing->lines, packed);
		listing->count++;
	}
	if (page->more && line.room.length > 0)
		note_bound(listing, line.room);
}

/* All lines in order; the caller frees them. */
static struct room_line *
sorted_lines(const struct listing *listing)
{
	struct unpack in = unpack_of(buffer_text(&listing->lines));
	struct room_line *lines = base_alloc_zeroed(
		MAX_OF(listing->count, (size_t)1), sizeof(*lines));

	for (size_t i = 0; i < listing->count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));

		must(room_line_unpack(&one, &lines[i]));
	}
	qsort(lines, listing->count, sizeof(*lines), by_name);
	return lines;
}

/* How many of the lines are on this page. */
static size_t
cut(const struct listing *listing, const struct room_line *lines)
{
	const struct text bound = { listing->bound, listing->bound_length };
	size_t count = 0;

	while (count < listing->count && count < listing->limit &&
		!(listing->is_bounded &&
			text_compare(lines[count].room, bound) > 0))
		count++;
	return count;
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
	const struct listing *listing = pending->listing;
	struct room_line *lines = sorted_lines(listing);
	size_t count = cut(listing, lines);
	struct answer answer = { .kind = ANSWER_ROOMS };

	if (count > 0 && (count < listing->count || listing->is_bounded))
		answer.rooms.next = lines[count - 1].room;
	answer.rooms.is_listed = true;
	answer.rooms.lines = lines;
	answer.rooms.count = drop_unlisted(session->gateway, lines, count);
	session_answer(session, pending_tag(pending), &answer);
	free(lines);
}

void
listing_on_page(struct pending *pending, const struct rooms_page *page)
{
	struct listing *listing = pending->listing;

	if (page->ledger >= LEDGERS_MAX || listing->has_told[page->ledger])
		return;
	listing->has_told[page->ledger] = true;
	add_part(listing, page);
	if (--listing->missing > 0)
		return;
	answer_all(pending);
	pending_free(pending->session->gateway->pendings, &pending);
}
