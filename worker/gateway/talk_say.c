#include "shared/config.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/pass.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/hooked.h"
#include "worker/gateway/hooking.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/permits.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/saying.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

static void
say_passing(struct session *session, struct text tag, struct message *message,
	bool is_member)
{
	bool has_echo = message->flags & MESSAGE_ECHO;
	struct refusal refusal = { CODE_TOO_MANY,
		TEXT_LITERAL("this room takes no more messages for the moment"),
		0 };
	uint64_t reached;

	if (!saying_fits(session, tag, message, 0))
		return;
	if (!pass_may(&session->gateway->edge, message,
		    session->gateway->lanes->now_ms, &refusal.retry_ms)) {
		row_count(session->gateway->row, COUNTER_REFUSED_ROOM_RATE, 1);
		pending_refuse_in_turn(
			session->gateway->pendings, session, tag, &refusal);
		return;
	}
	reached = pass_to_room(&session->gateway->edge, message);
	/* The own connection is counted by the index, but gets no copy. */
	if (is_member && !has_echo && reached > 0)
		reached--;
	saying_passed(session, tag, message, reached);
}

/* As the class of the room and the client want it. */
static void
say_in_room(struct session *session, struct text tag,
	const struct say_request *request, bool is_member)
{
	const struct gateway *gateway = session->gateway;
	struct message message = saying_message(session, request);
	bool has_history =
		config_room_class(gateway->config, request->room)->history;

	message.kind = STREAM_ROOM;
	message.stream = request->room;
	if (request->keep == SAY_KEEP && !has_history)
		saying_refuse(session, tag, CODE_FORBIDDEN,
			"nothing is remembered in this room");
	else if (request->keep == SAY_PASS || !has_history)
		say_passing(session, tag, &message, is_member);
	else
		saying_remember(session, tag, &message,
			ledgers_of_room(&gateway->edge, message.tenant,
				message.stream));
}

void
talk_say(struct session *session, struct text tag,
	const struct say_request *request)
{
	struct membership *membership = membership_find(
		session, rooms_find(session->gateway, session_tenant(session),
				 request->room));
	const char *why_not = permits_why_not(
		session, request->room, PERMIT_SAY, membership != NULL);

	if (why_not)
		saying_refuse(session, tag, CODE_FORBIDDEN, why_not);
	else if (membership && membership->state == MEMBERSHIP_JOINING)
		session_keep(session, &membership->kept);
	else if (hooking_is_for_room(session, request->room))
		hooking_say(session, tag, request);
	else
		say_in_room(session, tag, request, membership != NULL);
}

/* Meanwhile the room may be another one for the session. */
void
talk_say_allowed(struct session *session, struct text tag,
	const struct say_request *request)
{
	struct membership *membership = membership_find(
		session, rooms_find(session->gateway, session_tenant(session),
				 request->room));
	bool is_member = membership && membership->state == MEMBERSHIP_ACTIVE;
	const char *why_not =
		permits_why_not(session, request->room, PERMIT_SAY, is_member);

	if (why_not)
		saying_refuse(session, tag, CODE_FORBIDDEN, why_not);
	else
		say_in_room(session, tag, request, is_member);
}
