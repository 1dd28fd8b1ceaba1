/*
 * The profile `groupchat`: people talk to each other, or in groups, over the
 * WebSocket alone; lists and pages are worker/api/profiles/groupchat.c.
 *
 *	{"seq":"1","action":"login","data":{"appId":1,"userId":"1",
 *		"groupsId":"7"}}
 *	{"seq":"1","action":"login","response":{"code":200,"msg":"Success",
 *		"data":null}}
 *
 * Its users are of the tenant `default`; the number of the application is their
 * platform, and `group:ID` the room of a group. Who logs in with a group
 * belongs to it from then on (worker/ledger/rolls.h): from every later login on
 * he is in all rooms of his groups, but only in the one that he names do others
 * hear that he has gone. Whom a login names is also to whom its messages go,
 * unless they say themselves; that is the session's note.
 */
#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/profiles/groupchat_inside.h"
#include "worker/gateway/profiles/groupchat_write.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/receipts.h"
#include "worker/gateway/session.h"

#define PAYLOAD_KEEP_BYTES 65536

/* In place of a group: there is none, it is for one user. */
#define NO_GROUP TEXT_LITERAL("0")

static const struct gochat gochat = {
	.verb = "action",
	.words = "msg",
	.code_words = gochat_code_words,
};

bool
groupchat_names_group(struct text group)
{
	return group.length > 0 && !text_equal(group, NO_GROUP);
}

void
groupchat_reply(struct session *session, struct text seq, struct text action,
	enum gochat_code code)
{
	gochat_reply(&gochat, session, seq, action, code, "null");
}

void
groupchat_reply_to(struct session *session,
	const struct gochat_request *request, enum gochat_code code)
{
	groupchat_reply(session, request->seq, request->verb, code);
}

bool
groupchat_read_target(const json_t *data, struct groupchat_target *target)
{
	return gojson_text(data, "toUid", &target->to) &&
	       gojson_text(data, "groupsId", &target->group);
}

static void
do_heartbeat(struct session *session, const struct gochat_request *request)
{
	struct text user;

	if ((request->data && !json_is_object(request->data)) ||
		!gojson_text(request->data, "userId", &user)) {
		groupchat_reply_to(session, request, GOCHAT_BAD_DATA);
	} else if (!groupchat_is_in(session) && !session->is_replaced) {
		groupchat_reply_to(session, request, GOCHAT_NOT_LOGGED_IN);
	} else {
		lane_beat(&session->lane);
		receipts_note(session);
		groupchat_reply_to(session, request, GOCHAT_OK);
	}
}

static void
on_answer(struct session *session, struct text tag, const struct answer *answer)
{
	if (tag.length == 0)
		return; /* of a logout, before another login */
	if (tag.at[0] == TAG_PAGE)
		groupchat_on_page(session, tag, answer);
	else if (tag.at[0] == TAG_SAY)
		groupchat_on_said(session,
			(struct text){ tag.at + 1, tag.length - 1 }, answer);
	else
		groupchat_on_login(session, tag.at[0], answer);
}

static const struct gochat_command commands[] = {
	{ "login", groupchat_do_login },
	{ "heartbeat", do_heartbeat },
	{ "sendmsg", groupchat_do_sendmsg },
};

static void
on_text(struct session *session, struct text text)
{
	gochat_on_text(&gochat, commands, ARRAY_LEN(commands), session, text);
}

static void
on_open(struct session *session, struct text query)
{
	struct buffer *payload = &session->gateway->payload;

	(void)query;
	buffer_clear(payload, PAYLOAD_KEEP_BYTES);
	groupchat_write_greeting(payload);
	session_send(session, buffer_text(payload));
}

/* Who says that he goes has got all that was sent. */
static void
on_end(struct session *session)
{
	if (session->lane.is_left)
		receipts_note(session);
}

const struct profile profile_groupchat = {
	.number = PROFILE_GROUPCHAT,
	.path = "/ws",
	.close_codes = PROFILE_PLAIN_CLOSES,
	.style = {
		.beats = true,
		.needs_no_pong = true,
		.takes_binary = true,
		.takes_any_text = true,
	},
	.never_pings = true,
	.replaces_silently = true,
	.tells_own_apart = true,
	.names_addressee = true,
	.has_no_grace = true,
	.on_open = on_open,
	.on_end = on_end,
	.on_text = on_text,
	.answer = on_answer,
	.write_message = groupchat_write_message,
	.write_presence = groupchat_write_presence,
};
