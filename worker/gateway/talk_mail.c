#include "shared/mail.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/pass.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/permits.h"
#include "worker/gateway/saying.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/* What is said of one connection in a letter: its place and secret. */
#define CLIENT_BYTES 16

#define KEEP_BYTES 65536

/* All but the sender, who has a side of his own; in gateway->edge.sides. */
static struct text
pack_others(struct session *session, const struct say_request *request)
{
	struct buffer *others = &session->gateway->edge.sides;

	buffer_clear(others, KEEP_BYTES);
	for (size_t i = 0; i < request->count; i++)
		if (!text_equal(request->names[i], session_user(session)))
			mail_add_side(others,
				&(struct mail_side){ request->names[i], 0 });
	return buffer_text(others);
}

static void
say_users(struct session *session, struct text tag,
	const struct say_request *request)
{
	struct gateway *gateway = session->gateway;
	struct message message = saying_message(session, request);

	message.kind = STREAM_INBOX;
	message.stream = message.from;
	message.others = pack_others(session, request);
	message.only_platform = request->only_platform;
	if (!saying_fits(
		    session, tag, &message, request->count * MAIL_PLACE_BYTES))
		return;
	session_charge(session, request->count);
	if (request->keep == SAY_PASS)
		saying_passed(session, tag, &message,
			pass_to_users(&gateway->edge, &message));
	else
		saying_remember(session, tag, &message,
			ledgers_of_inbox(&gateway->edge, message.tenant,
				message.stream));
}

static void
say_clients(struct session *session, struct text tag,
	const struct say_request *request)
{
	struct message message = saying_message(session, request);
	uint64_t reached;
	size_t known;

	message.kind = STREAM_CLIENT;
	if (!saying_fits(session, tag, &message, request->count * CLIENT_BYTES))
		return;
	session_charge(session, request->count);
	known = pass_to_clients(&session->gateway->edge, &message,
		request->names, request->count, &reached);
	if (known == 0 && request->must_be_known)
		saying_refuse(session, tag, CODE_NOT_FOUND,
			"there is no such client");
	else
		saying_passed(session, tag, &message, reached);
}

static void
say_all(struct session *session, struct text tag,
	const struct say_request *request)
{
	struct message message = saying_message(session, request);
	uint64_t reached;

	message.kind = STREAM_TENANT;
	if (!saying_fits(session, tag, &message, 0))
		return;
	reached = pass_to_all(&session->gateway->edge, &message);
	session_charge(session, reached);
	saying_passed(session, tag, &message, reached);
}

void
talk_mail(struct session *session, struct text tag,
	const struct say_request *request)
{
	if (!permits_saying(session))
		saying_refuse(session, tag, CODE_FORBIDDEN, PERMITS_NO_SAYING);
	else if (request->to == SAY_TO_USERS)
		say_users(session, tag, request);
	else if (request->to == SAY_TO_CLIENTS)
		say_clients(session, tag, request);
	else
		say_all(session, tag, request);
}
