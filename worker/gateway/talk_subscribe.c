#include "worker/gateway/session.h"
#include "worker/gateway/subscription.h"
#include "worker/gateway/talk.h"

static void
tell(struct session *session, struct text tag)
{
	session_answer(session, tag,
		&(struct answer){
			.kind = ANSWER_TYPES,
			.subscription = session->subscription,
		});
}

void
talk_subscribe(struct session *session, struct text tag,
	const struct types_request *request)
{
	if (request->count == 0) {
		subscription_free(&session->subscription);
	} else if (!subscription_add(&session->subscription, request->types,
			   request->count)) {
		session_refuse(session, tag, CODE_TOO_MANY,
			"no more than 64 types can be subscribed");
		return;
	}
	tell(session, tag);
}

/* Of every type nothing can be taken away but all: what types there are, nobody
 * knows. */
void
talk_unsubscribe(struct session *session, struct text tag,
	const struct types_request *request)
{
	if (request->count == 0) {
		subscription_empty(&session->subscription);
	} else if (!session->subscription) {
		session_refuse(session, tag, CODE_CONFLICT,
			"every type is subscribed: subscribe those you want");
		return;
	} else {
		subscription_remove(
			session->subscription, request->types, request->count);
	}
	tell(session, tag);
}
