#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/profiles/groupchat_inside.h"
#include "worker/gateway/profiles/groupchat_write.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define TYPE_USUAL TEXT_LITERAL("text")

static bool
read_say(const json_t *data, struct groupchat_target *target, struct text *type,
	struct text *words)
{
	struct text ignored;
	uint32_t app;

	return (!data || json_is_object(data)) &&
	       gochat_read_app(data, "appId", &app) &&
	       gojson_text(data, "userId", &ignored) &&
	       gojson_text(data, "msgId", &ignored) &&
	       gojson_text(data, "msgType", type) &&
	       gojson_text(data, "message", words) &&
	       groupchat_read_target(data, target);
}

/* What the message does not say itself, the login has said. */
static void
complete_target(const struct session *session, struct groupchat_target *target)
{
	const struct groupchat_target bound = groupchat_bound(session);

	if (target->to.length == 0)
		target->to = bound.to;
	if (target->group.length == 0)
		target->group = bound.group;
	if (target->group.length == 0)
		target->group = GROUPCHAT_GROUP;
}

static void
say(struct session *session, const struct gochat_request *request,
	const struct groupchat_target *target, struct say_request *what)
{
	struct buffer *tag = &session->gateway->tag;
	char room[ROOM_BYTES_MAX + 1];

	buffer_clear(tag, SESSION_TAG_MAX);
	buffer_add_byte(tag, TAG_SAY);
	buffer_add_text(tag, request->seq);
	if (groupchat_names_group(target->group) &&
		groupchat_is_group(target->group)) {
		what->room = groupchat_room(room, target->group);
		what->echo = true;
		talk_say(session, buffer_text(tag), what);
	} else if (!groupchat_names_group(target->group) &&
		   text_is_name(target->to, 1, USER_BYTES_MAX)) {
		what->to = SAY_TO_USERS;
		what->names = &target->to;
		what->count = 1;
		what->only_platform = (uint64_t)session->platform + 1;
		what->echo = text_equal(target->to, session_user(session));
		talk_mail(session, buffer_text(tag), what);
	} else {
		groupchat_reply_to(session, request, GOCHAT_OK); /* to nobody */
	}
}

void
groupchat_do_sendmsg(
	struct session *session, const struct gochat_request *request)
{
	struct buffer body = { 0 };
	struct say_request what = { .to = SAY_TO_ROOM };
	struct groupchat_target target;
	struct text words;
	uint64_t retry_ms;

	if (request->seq.length > GOCHAT_SEQ_BYTES_MAX ||
		!read_say(request->data, &target, &what.type, &words) ||
		!text_is_name(what.type, 0, TYPE_BYTES_MAX)) {
		groupchat_reply_to(session, request, GOCHAT_BAD_DATA);
	} else if (!groupchat_is_in(session)) {
		groupchat_reply_to(session, request, GOCHAT_OK); /* of nobody */
	} else if (!session_may_go_on(session, &retry_ms)) {
		groupchat_reply_to(session, request, GOCHAT_FAILED);
	} else {
		complete_target(session, &target);
		if (what.type.length == 0)
			what.type = TYPE_USUAL;
		groupchat_write_body(&body, words, request->seq);
		what.body = buffer_text(&body);
		say(session, request, &target, &what);
	}
	buffer_fini(&body);
}

void
groupchat_on_said(
	struct session *session, struct text seq, const struct answer *answer)
{
	enum gochat_code code = answer->kind == ANSWER_REFUSAL
					? gochat_code_of(&answer->refusal)
					: GOCHAT_OK;

	groupchat_reply(session, seq, TEXT_LITERAL("sendmsg"), code);
}
