#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/mail.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/*
 * Read marks. In a room the ledger is told at once. Of what two said, the other
 * one is told in offsets of his own inbox: so first the last thing that was
 * said up to there is looked up, a change too, and what it is called in his
 * inbox. Each of the two steps has a request number of its own, so that an
 * answer which comes twice finds nobody the second time.
 */

struct reading {
	uint64_t offset;
	size_t with_length;
	char with[];
};

static void
free_reading(struct pending *pending)
{
	free(pending->reading);
}

static void
remember(struct pending *pending, const struct read_request *request)
{
	struct text with = request->of.with;
	struct reading *reading = base_alloc(sizeof(*reading) + with.length);

	reading->offset = request->offset;
	reading->with_length = with.length;
	memcpy(reading->with, with.at, with.length);
	pending->reading = reading;
	pending->on_free = free_reading;
}

/* Tells the ledger of the mark, whose answer is ours. */
static void
tell(struct session *session, struct pending *pending,
	const struct read_request *request, uint64_t with_offset)
{
	mark_pack(edge_letter(&session->gateway->edge, LETTER_READ),
		&(struct mark){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = asking_kind(&request->of),
			.tenant = session_tenant(session),
			.stream = asking_stream(session, &request->of),
			.user = session_user(session),
			.with = request->of.with,
			.offset = request->offset,
			.with_offset = with_offset,
		});
	asking_offer(session, asking_keeper(session, &request->of), pending);
}

/* What the ledger needs is known: its answer is ours. */
static void
tell_now(struct session *session, struct text tag,
	const struct read_request *request)
{
	tell(session,
		pending_new(
			session->gateway->pendings, session, PENDING_READ, tag),
		request, 0);
}

static void
read_room(struct session *session, struct text tag,
	const struct read_request *request)
{
	if (!asking_may(session, tag, &request->of, PERMIT_READ) ||
		!asking_active(session, tag, request->of.room, CODE_FORBIDDEN))
		return;
	tell_now(session, tag, request);
}

static void
read_direct(struct session *session, struct text tag,
	const struct read_request *request)
{
	struct pending *pending;

	/* It moves nothing: the other one need not be told of it. */
	if (request->offset == 0) {
		tell_now(session, tag, request);
		return;
	}
	pending = pending_new(
		session->gateway->pendings, session, PENDING_READ_WITH, tag);
	remember(pending, request);
	lookup_pack(edge_letter(&session->gateway->edge, LETTER_LOOKUP),
		&(struct lookup){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = STREAM_INBOX,
			.tenant = session_tenant(session),
			.stream = session_user(session),
			.with = request->of.with,
			.mode = LOOKUP_BEFORE,
			.anchor = request->offset + 1,
			.limit = 1,
			.changes = 1,
		});
	asking_offer(session, asking_keeper(session, &request->of), pending);
}

void
talk_read(struct session *session, struct text tag,
	const struct read_request *request)
{
	if (request->of.room.length > 0)
		read_room(session, tag, request);
	else
		read_direct(session, tag, request);
}

/* Where the message of the page stands in the other's inbox; of a note to
 * oneself there is no other. */
static bool
find(const struct page *page, struct text with, uint64_t *with_offset)
{
	struct unpack in = unpack_of(page->messages);
	struct mail_side side;
	struct message message;
	struct unpack one;

	if (page->count != 1)
		return false;
	one = unpack_of(unpack_text(&in));
	if (!message_unpack(&one, &message))
		return false;
	*with_offset =
		mail_find_side(message.others, with, &side) ? side.offset : 0;
	return true;
}

void
talk_read_found(struct pending *pending, const struct page *page)
{
	struct session *session = pending->session;
	struct pendings *pendings = session->gateway->pendings;
	const struct reading *reading = pending->reading;
	const struct read_request request = {
		.of.with = { reading->with, reading->with_length },
		.offset = reading->offset,
	};
	uint64_t with_offset;

	if (find(page, request.of.with, &with_offset))
		tell(session,
			pending_new(pendings, session, PENDING_READ,
				pending_tag(pending)),
			&request, with_offset);
	else
		session_refuse(session, pending_tag(pending), CODE_NOT_FOUND,
			"nothing was said with this user up to there");
	pending_free(pendings, &pending);
}
