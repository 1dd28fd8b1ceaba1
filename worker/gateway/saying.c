#include "worker/gateway/saying.h"

#include "shared/buffer.h"
#include "shared/clock.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/tracer.h"

struct message
saying_message(const struct session *session, const struct say_request *request)
{
	return (struct message){
		.tenant = session_tenant(session),
		.from = session_user(session),
		.platform = session->platform,
		.type = request->type,
		.body = request->body,
		.key = request->key,
		.flags = request->echo ? MESSAGE_ECHO : 0,
		.asker_slot = session->gateway->slot,
		.asker_life = session->gateway->life,
		.connection = session_connection(session),
		.until =
			request->ttl_ms ? clock_unix_ms() + request->ttl_ms : 0,
	};
}

void
saying_refuse(struct session *session, struct text tag, enum answer_code code,
	const char *error)
{
	pending_refuse_say(
		session->gateway->pendings, session, tag, code, error);
}

bool
saying_fits(struct session *session, struct text tag,
	const struct message *message, size_t more_bytes)
{
	struct buffer *letter =
		edge_letter(&session->gateway->edge, LETTER_DELIVER);

	message_pack(letter, message);
	if (letter->length + more_bytes <=
		ledgers_letter_max(&session->gateway->edge))
		return true;
	saying_refuse(session, tag, CODE_TOO_MANY, ASKING_TOO_BIG);
	return false;
}

void
saying_remember(struct session *session, struct text tag,
	struct message *message, unsigned ledger)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending =
		pending_new(gateway->pendings, session, PENDING_SAY, tag);
	enum offer_result result;

	message->request = pending->request;
	message_pack(edge_letter(&gateway->edge, LETTER_SAY), message);
	result = ledgers_offer(&gateway->edge, ledger);
	if (result == OFFER_TAKEN) {
		tracer_said(gateway, session, message);
		return;
	}
	pending_free(gateway->pendings, &pending);
	if (result == OFFER_FULL)
		saying_refuse(session, tag, CODE_UNAVAILABLE, ASKING_NOT_NOW);
	else
		saying_refuse(session, tag, CODE_TOO_MANY, ASKING_TOO_BIG);
}

void
saying_passed(struct session *session, struct text tag,
	const struct message *message, uint64_t reached)
{
	const struct said said = {
		.id_time = message->id_time,
		.id_origin = message->id_origin,
	};

	tracer_said(session->gateway, session, message);
	pending_answer_in_turn(session->gateway->pendings, session, tag,
		&(struct answer){
			.kind = ANSWER_SAY,
			.say = { &said, reached },
		});
}
