#include "worker/gateway/talk.h"

#include "shared/buffer.h"
#include "shared/config.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/ledgers.h"
#include "worker/gateway/pass.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

#define NOT_A_MEMBER "you are not a member of this room: join it first"
#define NOT_NOW "the server is too busy, try again"
#define TOO_BIG "the message is too big for this server"

static struct membership *
membership_in(struct session *session, struct text room)
{
	return membership_find(session,
		rooms_find(session->gateway, session_tenant(session), room));
}

static unsigned
ledger_of(const struct session *session, struct text room)
{
	return ledgers_of_room(session->gateway, session_tenant(session), room);
}

/* The membership for a request; NULL when the request has been kept for later
 * or refused. */
static struct membership *
active_in(struct session *session, struct text tag, struct text room,
	enum answer_code code)
{
	struct membership *membership = membership_in(session, room);

	if (!membership) {
		session_refuse(session, tag, code, NOT_A_MEMBER);
		return NULL;
	}
	if (membership->state == MEMBERSHIP_JOINING) {
		session_keep(session, &membership->kept);
		return NULL;
	}
	return membership;
}

/* The letter begun last to the ledger; what it asks has an answer coming, or is
 * refused. */
static bool
offer(struct session *session, unsigned ledger, struct pending *pending)
{
	struct gateway *gateway = session->gateway;
	enum offer_result result = ledgers_offer(gateway, ledger);

	if (result == OFFER_TAKEN)
		return true;
	session_refuse(session, pending_tag(pending),
		result == OFFER_FULL ? CODE_UNAVAILABLE : CODE_TOO_MANY,
		result == OFFER_FULL ? NOT_NOW : TOO_BIG);
	pending_free(gateway->pendings, &pending);
	return false;
}

static void
pack_join(const struct membership *membership, uint64_t request, unsigned flags)
{
	const struct session *session = membership->session;

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
		});
}

static unsigned
join_flags(const struct join_request *request)
{
	return (request->events ? JOIN_EVENTS : 0U) |
	       (request->presence ? JOIN_PRESENCE : 0U);
}

/* One who is a member asks again: the same once more, with fresh counts. */
static void
join_again(struct session *session, struct text tag,
	const struct membership *membership, const struct join_request *request)
{
	struct pending *pending;

	if (membership->flags != join_flags(request)) {
		session_refuse(session, tag, CODE_CONFLICT,
			"you are a member already, with other options");
		return;
	}
	pending = pending_new(
		session->gateway->pendings, session, PENDING_JOIN_AGAIN, tag);
	pack_join(membership, pending->request, 0);
	offer(session, ledger_of(session, request->room), pending);
}

void
talk_join(struct session *session, struct text tag,
	const struct join_request *request)
{
	struct membership *membership = membership_in(session, request->room);
	struct pending *pending;

	if (membership && membership->state == MEMBERSHIP_JOINING) {
		session_keep(session, &membership->kept);
		return;
	}
	if (membership) {
		join_again(session, tag, membership, request);
		return;
	}
	if (session->membership_count >= SESSION_ROOMS_MAX) {
		session_refuse(session, tag, CODE_TOO_MANY,
			"this connection is in as many rooms as it may be");
		return;
	}
	membership =
		membership_new(session, request->room, join_flags(request));
	pending = pending_new(
		session->gateway->pendings, session, PENDING_JOIN, tag);
	pending->membership = membership;
	pack_join(membership, pending->request, 0);
	if (!offer(session, ledger_of(session, request->room), pending))
		membership_end(&membership);
}

void
talk_joined(struct pending *pending, const struct joined *joined)
{
	struct session *session = pending->session;
	struct gateway *gateway = session->gateway;
	const struct answer answer = { .kind = ANSWER_JOIN, .joined = joined };
	struct kept *kept = NULL;

	if (pending->kind == PENDING_JOIN) {
		struct membership *membership = pending->membership;

		kept = membership->kept;
		membership->kept = NULL;
		membership_activate(membership, joined->epoch, joined->offset);
	}
	session_answer(session, pending_tag(pending), &answer);
	pending_free(gateway->pendings, &pending);
	session_read_kept(session, kept);
}

void
talk_join_refused(struct pending *pending, const struct refused *refused)
{
	struct session *session = pending->session;
	const struct answer answer = {
		.kind = ANSWER_REFUSAL,
		.refusal = { (unsigned)refused->code, refused->error },
	};
	struct kept *kept = NULL;

	if (pending->kind == PENDING_JOIN) {
		kept = pending->membership->kept;
		pending->membership->kept = NULL;
		membership_end(&pending->membership);
	}
	session_answer(session, pending_tag(pending), &answer);
	pending_free(session->gateway->pendings, &pending);
	session_read_kept(session, kept);
}

bool
talk_announce(const struct membership *membership)
{
	const struct session *session = membership->session;

	pack_join(membership, 0, JOIN_ANNOUNCED);
	return ledgers_offer(session->gateway,
		       ledger_of(session, room_name(membership->room))) ==
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
	ledgers_send(session->gateway, ledger_of(session, room));
}

void
talk_lose(struct membership *membership)
{
	if (!membership->session->gateway->is_stopping)
		tell_leave(membership, true);
	membership_end(&membership);
}

void
talk_leave(struct session *session, struct text tag, struct text room)
{
	struct membership *membership =
		active_in(session, tag, room, CODE_NOT_FOUND);
	const struct answer answer = { .kind = ANSWER_LEAVE, .room = room };

	if (!membership)
		return;
	tell_leave(membership, false);
	membership_end(&membership);
	session_answer(session, tag, &answer);
}

static struct message
message_of(const struct session *session, const struct say_request *say)
{
	return (struct message){
		.kind = STREAM_ROOM,
		.tenant = session_tenant(session),
		.stream = say->room,
		.from = session_user(session),
		.platform = session->platform,
		.type = say->type,
		.body = say->body,
		.key = say->key,
		.flags = say->echo ? MESSAGE_ECHO : 0,
		.asker_slot = session->gateway->slot,
		.asker_life = session->gateway->life,
		.connection = session_connection(session),
	};
}

/* To the ledger; its answer is ours. */
static void
say_remembered(
	struct session *session, struct text tag, struct message *message)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending =
		pending_new(gateway->pendings, session, PENDING_SAY, tag);
	enum offer_result result;

	message->request = pending->request;
	message_pack(ledgers_letter(gateway, LETTER_SAY), message);
	result = ledgers_offer(gateway, ledger_of(session, message->stream));
	if (result == OFFER_TAKEN)
		return;
	pending_free(gateway->pendings, &pending);
	if (result == OFFER_FULL)
		pending_refuse_say(session->gateway->pendings, session, tag,
			CODE_UNAVAILABLE, NOT_NOW);
	else
		pending_refuse_say(session->gateway->pendings, session, tag,
			CODE_TOO_MANY, TOO_BIG);
}

static void
say_passing(struct session *session, struct text tag, struct message *message)
{
	struct gateway *gateway = session->gateway;
	struct answer answer = { .kind = ANSWER_SAY };
	struct buffer *letter = ledgers_letter(gateway, LETTER_DELIVER);
	struct said said;

	message_pack(letter, message);
	if (letter->length > ledgers_letter_max(gateway)) {
		pending_refuse_say(session->gateway->pendings, session, tag,
			CODE_TOO_MANY, TOO_BIG);
		return;
	}
	answer.say.reached = pass_on(gateway, message);
	/* The own connection is counted by the index, but gets no copy. */
	if (!(message->flags & MESSAGE_ECHO) && answer.say.reached > 0)
		answer.say.reached--;
	said = (struct said){
		.id_time = message->id_time,
		.id_origin = message->id_origin,
	};
	answer.say.said = &said;
	session_answer(session, tag, &answer);
}

void
talk_say(struct session *session, struct text tag,
	const struct say_request *request)
{
	struct membership *membership = membership_in(session, request->room);
	struct message message = message_of(session, request);

	if (!membership)
		pending_refuse_say(session->gateway->pendings, session, tag,
			CODE_FORBIDDEN, NOT_A_MEMBER);
	else if (membership->state == MEMBERSHIP_JOINING)
		session_keep(session, &membership->kept);
	else if (config_room_class(session->gateway->config, request->room)
			 ->history)
		say_remembered(session, tag, &message);
	else
		say_passing(session, tag, &message);
}

void
talk_history(struct session *session, struct text tag,
	const struct history_request *request)
{
	struct pending *pending;

	if (!active_in(session, tag, request->room, CODE_FORBIDDEN))
		return;
	pending = pending_new(
		session->gateway->pendings, session, PENDING_PAGE, tag);
	lookup_pack(ledgers_letter(session->gateway, LETTER_LOOKUP),
		&(struct lookup){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = STREAM_ROOM,
			.tenant = session_tenant(session),
			.stream = request->room,
			.mode = request->mode,
			.anchor = request->anchor,
			.limit = request->limit,
		});
	offer(session, ledger_of(session, request->room), pending);
}

void
talk_search(struct session *session, struct text tag,
	const struct search_request *request)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending;

	if (!active_in(session, tag, request->room, CODE_FORBIDDEN))
		return;
	if (!config_room_class(gateway->config, request->room)->search) {
		session_refuse(session, tag, CODE_FORBIDDEN,
			"search is off in this room");
		return;
	}
	pending = pending_new(gateway->pendings, session, PENDING_SEARCH, tag);
	search_pack(ledgers_letter(gateway, LETTER_SEARCH),
		&(struct search){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = STREAM_ROOM,
			.tenant = session_tenant(session),
			.stream = request->room,
			.text = request->text,
			.from = request->from,
			.from_time = request->from_time_ms,
			.before = request->before,
			.limit = request->limit,
		});
	offer(session, ledger_of(session, request->room), pending);
}

void
talk_members(struct session *session, struct text tag,
	const struct members_request *request)
{
	struct pending *pending;

	if (!active_in(session, tag, request->room, CODE_FORBIDDEN))
		return;
	pending = pending_new(
		session->gateway->pendings, session, PENDING_MEMBERS, tag);
	members_wanted_pack(
		ledgers_letter(session->gateway, LETTER_MEMBERS_WANTED),
		&(struct members_wanted){
			.request = pending->request,
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = request->room,
			.after = request->after,
			.limit = request->limit,
		});
	offer(session, ledger_of(session, request->room), pending);
}
