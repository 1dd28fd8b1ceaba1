#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/mail.h"
#include "worker/edge/change.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/hooked.h"
#include "worker/gateway/hooking.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/tracer.h"

/*
 * Edits and deletions. First the message is looked up, to see whose it is and
 * who else has it; then the change is said like a message, to the same. Each of
 * the two steps has a request number of its own, so that an answer which comes
 * twice finds nobody the second time. Meanwhile the session waits, so two
 * changes of one message come in the order in which they were asked for.
 *
 * Between the two steps another connection of the user may change the message.
 * Both changes are said then; the later one stands, but nothing brings back
 * what was deleted.
 */

#define NO_SUCH_MESSAGE "there is no such message"
#define NOT_YOURS "only messages of one's own can be changed"

struct change {
	struct change_request wanted; /* its texts are in bytes */
	char bytes[];
};

static struct text
copy(char **at, struct text text)
{
	struct text copied = { *at, text.length };

	if (text.length)
		memcpy(*at, text.at, text.length);
	*at += text.length;
	return copied;
}

static void
free_change(struct pending *pending)
{
	free(pending->change);
}

static void
remember(struct pending *pending, const struct change_request *wanted)
{
	struct change *change =
		base_alloc(sizeof(*change) + wanted->of.room.length +
			   wanted->of.with.length + wanted->body.length);
	char *at = change->bytes;

	change->wanted = *wanted;
	change->wanted.of.room = copy(&at, wanted->of.room);
	change->wanted.of.with = copy(&at, wanted->of.with);
	change->wanted.body = copy(&at, wanted->body);
	pending->change = change;
	pending->on_free = free_change;
}

/* The first of the two steps. */
static void
look_up(struct session *session, struct text tag,
	const struct change_request *request)
{
	const struct conversation *of = &request->of;
	struct pending *pending = pending_new(
		session->gateway->pendings, session, PENDING_CHANGE, tag);
	remember(pending, request);
	lookup_pack(edge_letter(&session->gateway->edge, LETTER_LOOKUP),
		&(struct lookup){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = asking_kind(of),
			.tenant = session_tenant(session),
			.stream = asking_stream(session, of),
			.mode = LOOKUP_ID,
			.anchor = request->id_time,
			.anchor_origin = request->id_origin,
			.limit = 1,
		});
	if (asking_offer(session, asking_keeper(session, of), pending))
		session_wait_for_change(session);
}

/* What may become of a message is checked like what is said. */
void
talk_change(struct session *session, struct text tag,
	const struct change_request *request)
{
	if (!asking_may(session, tag, &request->of, PERMIT_SAY))
		return;
	if (!request->is_deletion && request->of.room.length > 0 &&
		hooking_is_for_room(session, request->of.room))
		hooking_change(session, tag, request);
	else
		look_up(session, tag, request);
}

void
talk_change_allowed(struct session *session, struct text tag,
	const struct change_request *request)
{
	struct text room = request->of.room;
	const struct membership *membership = asking_membership(session, room);
	const char *why_not = permits_why_not(session, room, PERMIT_SAY,
		membership && membership->state == MEMBERSHIP_ACTIVE);

	if (why_not)
		session_refuse(session, tag, CODE_FORBIDDEN, why_not);
	else
		look_up(session, tag, request);
}

/* Does the user named in the request have the message too? */
static bool
is_with(const struct change_request *wanted, struct text user,
	const struct message *found)
{
	struct mail_side side;

	if (wanted->of.room.length > 0)
		return true;
	if (found->others.length == 0)
		return text_equal(wanted->of.with, user);
	return mail_find_side(found->others, wanted->of.with, &side);
}

static bool
find(const struct pending *pending, const struct page *page,
	struct message *found)
{
	const struct change_request *wanted = &pending->change->wanted;

	return change_find(page, wanted->id_time, wanted->id_origin, found) &&
	       is_with(wanted, session_user(pending->session), found);
}

static struct message
message_of(const struct session *session, const struct change_request *wanted,
	const struct message *found)
{
	struct message message = change_message(found, wanted->body);

	message.tenant = session_tenant(session);
	message.stream = asking_stream(session, &wanted->of);
	message.from = session_user(session);
	message.platform = session->platform;
	message.asker_slot = session->gateway->slot;
	message.asker_life = session->gateway->life;
	message.connection = session_connection(session);
	return message;
}

static void
refuse(struct pending *pending, enum answer_code code, const char *error)
{
	session_refuse(pending->session, pending_tag(pending), code, error);
	pending_free(pending->session->gateway->pendings, &pending);
}

/* The second step, in place of the first. */
static void
say_change(struct pending *pending, const struct message *found)
{
	struct session *session = pending->session;
	struct gateway *gateway = session->gateway;
	const struct change_request *wanted = &pending->change->wanted;
	struct message message = message_of(session, wanted, found);
	unsigned ledger = asking_keeper(session, &wanted->of);
	struct pending *next = pending_new(gateway->pendings, session,
		PENDING_CHANGED, pending_tag(pending));
	struct buffer *letter = edge_letter(&gateway->edge, LETTER_SAY);
	struct buffer sides = { 0 };
	size_t growth =
		change_copy_sides(&sides, found->others) * MAIL_PLACE_BYTES;

	message.others = buffer_text(&sides);
	message.request = next->request;
	message_pack(letter, &message);
	tracer_said(gateway, session, &message);
	buffer_fini(&sides);
	pending_free(gateway->pendings, &pending);
	if (letter->length + growth > ledgers_letter_max(&gateway->edge))
		refuse(next, CODE_TOO_MANY, ASKING_TOO_BIG);
	else
		asking_offer(session, ledger, next);
}

void
talk_change_found(struct pending *pending, const struct page *page)
{
	struct message found;

	if (!find(pending, page, &found))
		refuse(pending, CODE_NOT_FOUND, NO_SUCH_MESSAGE);
	else if (!text_equal(found.from, session_user(pending->session)))
		refuse(pending, CODE_FORBIDDEN, NOT_YOURS);
	else
		say_change(pending, &found);
}
