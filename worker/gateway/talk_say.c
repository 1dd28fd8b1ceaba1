#include "shared/buffer.h"
#include "shared/config.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/ledgers.h"
#include "worker/gateway/pass.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/permits.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

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
	result = ledgers_offer(gateway,
		ledgers_of_room(gateway, message->tenant, message->stream));
	if (result == OFFER_TAKEN)
		return;
	pending_free(gateway->pendings, &pending);
	if (result == OFFER_FULL)
		pending_refuse_say(session->gateway->pendings, session, tag,
			CODE_UNAVAILABLE, ASKING_NOT_NOW);
	else
		pending_refuse_say(session->gateway->pendings, session, tag,
			CODE_TOO_MANY, ASKING_TOO_BIG);
}

static void
say_passing(struct session *session, struct text tag, struct message *message,
	bool is_member)
{
	struct gateway *gateway = session->gateway;
	struct answer answer = { .kind = ANSWER_SAY };
	struct buffer *letter = ledgers_letter(gateway, LETTER_DELIVER);
	struct said said;

	message_pack(letter, message);
	if (letter->length > ledgers_letter_max(gateway)) {
		pending_refuse_say(session->gateway->pendings, session, tag,
			CODE_TOO_MANY, ASKING_TOO_BIG);
		return;
	}
	answer.say.reached = pass_on(gateway, message);
	/* The own connection is counted by the index, but gets no copy. */
	if (is_member && !(message->flags & MESSAGE_ECHO) &&
		answer.say.reached > 0)
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
	struct membership *membership = membership_find(
		session, rooms_find(session->gateway, session_tenant(session),
				 request->room));
	struct message message = message_of(session, request);
	const char *why_not = permits_why_not(
		session, request->room, PERMIT_SAY, membership != NULL);

	if (why_not)
		pending_refuse_say(session->gateway->pendings, session, tag,
			CODE_FORBIDDEN, why_not);
	else if (membership && membership->state == MEMBERSHIP_JOINING)
		session_keep(session, &membership->kept);
	else if (config_room_class(session->gateway->config, request->room)
			 ->history)
		say_remembered(session, tag, &message);
	else
		say_passing(session, tag, &message, membership != NULL);
}
