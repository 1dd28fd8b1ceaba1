#include "shared/buffer.h"
#include "shared/config.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/ledgers.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/permits.h"
#include "worker/gateway/recovery.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/* recovery: what the join wants to know; NULL: nothing. */
static void
pack_join(const struct membership *membership, uint64_t request, unsigned flags,
	const struct recovery *recovery)
{
	const struct session *session = membership->session;

	if (recovery)
		flags |= JOIN_RECOVER;
	join_pack(ledgers_letter(session->gateway, LETTER_JOIN),
		&(struct join){
			.request = request,
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = room_name(membership->room),
			.user = session_user(session),
			.platform = session->platform,
			.since = membership->since_ms,
			.info = session_info(session),
			.flags = membership->flags | flags,
			.from_epoch = recovery ? recovery->epoch : 0,
			.from_offset = recovery ? recovery->last : 0,
		});
}

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
	const struct recovery nothing = { 0 };
	struct pending *pending;

	if (membership->flags != join_flags(request)) {
		session_refuse(session, tag, CODE_CONFLICT,
			"you are a member already, with other options");
		return;
	}
	pending = pending_new(
		session->gateway->pendings, session, PENDING_JOIN_AGAIN, tag);
	pack_join(membership, pending->request, 0,
		request->has_since ? &nothing : NULL);
	asking_offer(session, asking_ledger(session, request->room), pending);
}

static void
join_first(struct session *session, struct text tag,
	const struct join_request *request)
{
	struct gateway *gateway = session->gateway;
	struct membership *membership =
		membership_new(session, request->room, join_flags(request));
	struct pending *pending = pending_new(gateway->pendings, session,
		request->has_since ? PENDING_JOIN_SINCE : PENDING_JOIN, tag);

	if (request->has_since)
		membership->recovery = recovery_new(request->since_epoch,
			request->since_offset,
			(size_t)gateway->config->outbox_bytes / 2);
	pending->membership = membership;
	pack_join(membership, pending->request, 0, membership->recovery);
	if (!asking_offer(
		    session, asking_ledger(session, request->room), pending))
		membership_end(&membership);
}

static void
refuse_room(struct session *session, struct text tag)
{
	row_count(session->gateway->row, COUNTER_REFUSED_ROOMS, 1);
	session_refuse(session, tag, CODE_TOO_MANY,
		"this connection is in as many rooms as it may be");
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
	else if (session->membership_count >=
		 session->gateway->config->limits.rooms_per_connection)
		refuse_room(session, tag);
	else
		join_first(session, tag, request);
}

/* Puts what was gathered before in front of what the answer brings. */
static void
complete(struct joined *joined, struct recovery *recovery)
{
	if (joined->recovery == RECOVERY_WHOLE && joined->count > 0)
		recovery_add(recovery, &(struct page){
					       .epoch = joined->epoch,
					       .first = recovery->last + 1,
					       .last = joined->offset,
					       .count = joined->count,
					       .messages = joined->messages,
				       });
	if (recovery->epoch == 0 || recovery->last != joined->offset)
		joined->recovery = RECOVERY_LOST;
	joined->count = 0;
	joined->messages = TEXT_LITERAL("");
	if (joined->recovery != RECOVERY_WHOLE)
		return;
	joined->count = recovery->count;
	joined->messages = buffer_text(&recovery->messages);
}

void
talk_joined(struct pending *pending, const struct joined *given)
{
	struct session *session = pending->session;
	struct gateway *gateway = session->gateway;
	struct joined joined = *given;
	const struct answer answer = { .kind = ANSWER_JOIN, .joined = &joined };
	struct recovery *recovery = NULL;
	struct kept *kept = NULL;

	if (pending->kind != PENDING_JOIN_AGAIN) {
		struct membership *membership = pending->membership;

		kept = membership->kept;
		membership->kept = NULL;
		recovery = membership->recovery;
		membership->recovery = NULL;
		membership->read = joined.read;
		membership_activate(membership, joined.epoch, joined.offset);
	}
	if (recovery)
		complete(&joined, recovery);
	session_answer(session, pending_tag(pending), &answer);
	recovery_free(&recovery);
	pending_free(gateway->pendings, &pending);
	session_read_kept(session, kept);
}

/* The join is over: the membership never was, and what waited for it is read
 * and finds it so. */
static void
refuse_join(struct pending *pending, const struct refused *refused)
{
	struct session *session = pending->session;
	const struct answer answer = {
		.kind = ANSWER_REFUSAL,
		.refusal = {
			.code = (unsigned)refused->code,
			.error = refused->error,
			.retry_ms = refused->retry_ms,
		},
	};
	struct kept *kept = NULL;

	if (pending->kind != PENDING_JOIN_AGAIN) {
		kept = pending->membership->kept;
		pending->membership->kept = NULL;
		membership_end(&pending->membership);
	}
	session_answer(session, pending_tag(pending), &answer);
	pending_free(session->gateway->pendings, &pending);
	session_read_kept(session, kept);
}

void
talk_join_refused(struct pending *pending, const struct refused *refused)
{
	refuse_join(pending, refused);
}

bool
talk_announce(const struct membership *membership)
{
	const struct session *session = membership->session;

	pack_join(membership, 0, JOIN_ANNOUNCED, NULL);
	return ledgers_offer(session->gateway,
		       asking_ledger(session, room_name(membership->room))) ==
	       OFFER_TAKEN;
}

/* The ledger must hear of it, so it may wait outside a full ring. Of those who
 * joined without presence it knows nothing. */
static void
tell_leave(const struct membership *membership, bool is_lost)
{
	const struct session *session = membership->session;
	struct text room = room_name(membership->room);

	if (!(membership->flags & JOIN_PRESENCE))
		return;
	leave_pack(ledgers_letter(session->gateway, LETTER_LEAVE),
		&(struct leave){
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = room,
			.user = session_user(session),
			.platform = session->platform,
			.lost = is_lost,
		});
	ledgers_send(session->gateway, asking_ledger(session, room));
}

static void
pack_missed(const struct membership *membership, uint64_t request)
{
	const struct session *session = membership->session;
	const struct recovery *recovery = membership->recovery;

	lookup_pack(ledgers_letter(session->gateway, LETTER_LOOKUP),
		&(struct lookup){
			.request = request,
			.connection = session_connection(session),
			.kind = STREAM_ROOM,
			.tenant = session_tenant(session),
			.stream = room_name(membership->room),
			.mode = LOOKUP_AFTER,
			.anchor = recovery->last,
			.limit = RECOVERY_MESSAGES_MAX - recovery->count,
		});
}

/* The next step of a join with since. Each has a request number of its own, so
 * that a letter that comes twice is answered in vain; and each may wait outside
 * a full ring, so that what was done before is not lost. */
static void
go_on(struct pending *pending, enum pending_kind kind)
{
	struct membership *membership = pending->membership;
	struct session *session = pending->session;
	struct gateway *gateway = session->gateway;
	struct pending *next = pending_new(
		gateway->pendings, session, kind, pending_tag(pending));

	next->membership = membership;
	pending_free(gateway->pendings, &pending);
	if (kind == PENDING_MISSED)
		pack_missed(membership, next->request);
	else
		pack_join(membership, next->request, 0, membership->recovery);
	ledgers_send(
		gateway, asking_ledger(session, room_name(membership->room)));
}

void
talk_behind(struct pending *pending, const struct behind *behind)
{
	struct recovery *recovery = pending->membership->recovery;
	bool can_reach = recovery_may_reach(recovery, behind->offset);

	if (!can_reach)
		recovery_give_up(recovery);
	go_on(pending, can_reach ? PENDING_MISSED : PENDING_JOIN_SINCE);
}

void
talk_missed(struct pending *pending, const struct page *page)
{
	recovery_add(pending->membership->recovery, page);
	go_on(pending, PENDING_JOIN_SINCE);
}

/* What is busy now will be better, so the join is refused; what cannot be
 * looked up is lost. After a kill the ledger may have done an earlier letter of
 * the join again, and with another memory let the client in; so it is told. */
void
talk_missed_refused(struct pending *pending, const struct refused *refused)
{
	if (refused->code == CODE_UNAVAILABLE) {
		tell_leave(pending->membership, false);
		refuse_join(pending, refused);
		return;
	}
	recovery_give_up(pending->membership->recovery);
	go_on(pending, PENDING_JOIN_SINCE);
}

void
talk_lose(struct membership *membership)
{
	if (!membership->session->gateway->is_stopping)
		tell_leave(membership, true);
	membership_end(&membership);
}

static void
leave(struct membership *membership)
{
	tell_leave(membership, false);
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
