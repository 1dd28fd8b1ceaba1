#include "shared/config.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/draft.h"
#include "worker/gateway/entry.h"
#include "worker/gateway/envoy.h"
#include "worker/gateway/fanout.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/permits.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

static unsigned
join_flags(const struct join_request *request)
{
	return (request->events ? JOIN_EVENTS : 0U) |
	       (request->presence ? JOIN_PRESENCE : 0U);
}

/* One who is a member asks again: the same once more, with fresh counts. He has
 * missed nothing, since pushes are whole; what is older he finds in the
 * history, so there is nothing to recover. */
static void
join_again(struct session *session, struct text tag,
	const struct membership *membership, const struct join_request *request)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending;

	if (membership->flags != join_flags(request)) {
		session_refuse(session, tag, CODE_CONFLICT,
			"you are a member already, with other options");
		return;
	}
	pending = pending_new(
		gateway->pendings, session, PENDING_JOIN_AGAIN, tag);
	if (request->has_since)
		pending->recovery =
			entry_recovery(gateway, &(struct seen_place){ 0 });
	entry_ask(pending, membership);
}

/* NULL: it wants none. */
static struct recovery *
recovery_of(const struct gateway *gateway, const struct join_request *request)
{
	if (request->wants_unread)
		return entry_recovery_of_unread(gateway);
	if (request->has_since)
		return entry_recovery(gateway, &request->since);
	return NULL;
}

static void
join_first(struct session *session, struct text tag,
	const struct join_request *request)
{
	struct gateway *gateway = session->gateway;
	struct membership *membership =
		membership_new(session, request->room, join_flags(request));
	struct recovery *recovery = recovery_of(gateway, request);
	struct pending *pending = pending_new(gateway->pendings, session,
		recovery ? PENDING_JOIN_SINCE : PENDING_JOIN, tag);

	pending->recovery = recovery;
	pending->membership = membership;
	if (!entry_ask(pending, membership))
		membership_end(&membership);
}

static bool
has_room_for_more(const struct session *session)
{
	int64_t most = session->gateway->config->limits.rooms_per_connection;

	if (session->membership_count < most)
		return true;
	row_count(session->gateway->row, COUNTER_REFUSED_ROOMS, 1);
	return false;
}

static void
refuse_room(struct session *session, struct text tag)
{
	session_refuse(session, tag, CODE_TOO_MANY, TALK_TOO_MANY_ROOMS);
}

void
talk_join(struct session *session, struct text tag,
	const struct join_request *request)
{
	struct membership *membership =
		asking_membership(session, request->room);
	const char *why_not = permits_why_not(
		session, request->room, PERMIT_JOIN, membership != NULL);

	if (why_not)
		session_refuse(session, tag, CODE_FORBIDDEN, why_not);
	else if (membership && membership->state == MEMBERSHIP_JOINING)
		session_keep(session, &membership->kept);
	else if (membership)
		join_again(session, tag, membership, request);
	else if (!has_room_for_more(session))
		refuse_room(session, tag);
	else
		join_first(session, tag, request);
}

/* The draft is taken and answered, now or when the ledger has answered. */
void
talk_enlist(struct session *session, struct draft *draft, struct text room,
	unsigned flags)
{
	struct gateway *gateway = session->gateway;
	struct membership *membership = asking_membership(session, room);
	struct pending *pending = pending_new(gateway->pendings, session,
		membership ? PENDING_JOIN_AGAIN : PENDING_JOIN,
		TEXT_LITERAL(""));

	pending->draft = draft;
	pending->on_free = draft_end;
	if (bouncer_bars_from(session, room)) {
		draft_refuse(pending, CODE_FORBIDDEN,
			"this user is banned from this room");
	} else if (membership && membership->state == MEMBERSHIP_JOINING) {
		draft_refuse(pending, CODE_UNAVAILABLE,
			"this client is just joining the room, try again");
	} else if (!membership && !has_room_for_more(session)) {
		draft_refuse(pending, CODE_TOO_MANY, TALK_TOO_MANY_ROOMS);
	} else {
		if (!membership)
			membership = pending->membership =
				membership_new(session, room, flags);
		if (entry_offer(pending, membership))
			return;
		if (pending->kind == PENDING_JOIN)
			membership_end(&pending->membership);
		draft_refuse(pending, CODE_UNAVAILABLE, ASKING_NOT_NOW);
	}
	pending_free(gateway->pendings, &pending);
}

/* The ledger must hear of it, so it may wait outside a full ring. Of those who
 * joined without presence it knows nothing, other hosts do. */
static void
tell_leave(const struct membership *membership, bool is_lost)
{
	const struct session *session = membership->session;
	struct text room = room_name(membership->room);

	envoy_leave(membership, is_lost);
	if (!(membership->flags & JOIN_PRESENCE))
		return;
	leave_pack(edge_letter(&session->gateway->edge, LETTER_LEAVE),
		&(struct leave){
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = room,
			.user = session_user(session),
			.platform = session->platform,
			.lost = is_lost,
			.info = session_info(session),
		});
	ledgers_send(&session->gateway->edge, asking_ledger(session, room));
}

static void
leave(struct membership *membership)
{
	tell_leave(membership, false);
	membership_end(&membership);
}

/* What was said there before comes first. */
static void
send_out(struct membership *membership, const struct kick *kick)
{
	struct session *session = membership->session;

	fanout_room(session->gateway, membership->room);
	kick_tell(session, kick);
	leave(membership);
}

void
talk_send_out(struct session *session, const struct kick *kick)
{
	struct membership *membership = asking_membership(session, kick->room);

	if (!membership)
		return;
	if (membership->state == MEMBERSHIP_JOINING)
		membership->unwanted = (uint8_t)MIN_OF(kick->why, UINT8_MAX);
	else
		send_out(membership, kick);
}

/* Also of one who has joined again: he may have other info now. */
static void
tell_joined(struct session *session, const struct membership *membership,
	struct text room)
{
	if (!membership)
		membership = asking_membership(session, room);
	if (membership && membership->state == MEMBERSHIP_ACTIVE)
		envoy_join(membership);
}

void
talk_joined(struct pending *pending, const struct joined *given)
{
	struct session *session = pending->session;
	struct gateway *gateway = session->gateway;
	struct joined joined = *given;
	const struct answer answer = { .kind = ANSWER_JOIN, .joined = &joined };
	struct membership *membership = pending->membership;
	struct kept *kept = NULL;

	if (pending->kind != PENDING_JOIN_AGAIN) {
		kept = membership->kept;
		membership->kept = NULL;
		membership->read = joined.read;
		membership_activate(membership, joined.epoch, joined.offset);
	}
	tell_joined(session, membership, joined.room);
	entry_complete(pending, &joined);
	if (pending->draft)
		draft_joined(pending, &answer);
	else
		session_answer(session, pending_tag(pending), &answer);
	pending_free(gateway->pendings, &pending);
	if (membership && membership->unwanted)
		send_out(membership,
			&(struct kick){ .room = room_name(membership->room),
				.why = membership->unwanted });
	session_read_kept(session, kept);
}

/* The join is over: the membership never was, and what waited for it is read
 * and finds it so. */
void
talk_join_refused(struct pending *pending, const struct refused *refused)
{
	struct session *session = pending->session;
	const struct answer answer = answer_of_refused(refused);
	struct kept *kept = NULL;

	if (pending->kind != PENDING_JOIN_AGAIN) {
		kept = pending->membership->kept;
		pending->membership->kept = NULL;
		membership_end(&pending->membership);
	}
	if (pending->draft)
		draft_refused(pending, &answer.refusal);
	else
		session_answer(session, pending_tag(pending), &answer);
	pending_free(session->gateway->pendings, &pending);
	session_read_kept(session, kept);
}

/* After a kill the ledger may have done an earlier letter of the join again,
 * and with another memory let the client in; so it is told. */
void
talk_join_given_up(struct pending *pending, const struct refused *refused)
{
	tell_leave(pending->membership, false);
	talk_join_refused(pending, refused);
}

void
talk_lose(struct membership *membership)
{
	const struct session *session = membership->session;

	if (!session->gateway->is_stopping)
		tell_leave(membership,
			!session->is_sent_away && session_has_grace(session));
	membership_end(&membership);
}

void
talk_leave(struct session *session, struct text tag, struct text room)
{
	struct membership *membership =
		asking_active(session, tag, room, CODE_NOT_FOUND);
	const struct answer answer = { .kind = ANSWER_LEAVE, .room = room };

	if (!membership)
		return;
	leave(membership);
	session_answer(session, tag, &answer);
}

void
talk_leave_all(struct session *session)
{
	while (session->memberships) {
		must(session->memberships->state == MEMBERSHIP_ACTIVE);
		leave(session->memberships);
	}
}
