/*
 * The profile `im`: chat with one room for each of a few applications, where
 * clients log in and listen, and backends and pages speak by HTTP
 * (worker/api/profiles/im.c).
 *
 *	{"seq":"1","cmd":"login","data":{"userID":"ada","appID":101}}
 *	{"seq":"1","cmd":"login","response":{"code":200,"codeMsg":"Success",
 *		"data":null}}
 *
 * Its users are of the tenant `default`; the number of the application is their
 * platform, and `im:APPLICATION` the room of all who are logged in there. Who
 * names a roomID is also in `im:APPLICATION:ROOM`, and hears there who comes
 * and goes. The tag of a login is one byte that says how far it has come, the
 * roomID behind its length, and seq.
 */

#include "shared/im.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/login.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/profiles/gochat.h"
#include "worker/gateway/profiles/im_write.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

static const struct gochat gochat = {
	.verb = "cmd",
	.words = "codeMsg",
	.code_words = im_code_words,
};

static void
reply_to(struct session *session, const struct gochat_request *request,
	enum gochat_code code)
{
	gochat_reply(
		&gochat, session, request->seq, request->verb, code, "null");
}

static void
reply_login(struct session *session, struct text seq, enum gochat_code code)
{
	if (code == GOCHAT_OK)
		lane_beat(&session->lane);
	gochat_reply(
		&gochat, session, seq, TEXT_LITERAL("login"), code, "null");
}

/* Login */

/* How far a login has come. */
enum stage {
	STAGE_LOGIN, /* and then into the room of the application */
	STAGE_ROOM,  /* and into the one that it names */
};

struct login_tag {
	enum stage stage;
	struct text room, seq;
};

static struct text
tag_write(struct buffer *out, const struct login_tag *tag)
{
	buffer_clear(out, SESSION_TAG_MAX);
	buffer_add_byte(out, (uint8_t)tag->stage);
	buffer_add_byte(out, (uint8_t)tag->room.length);
	buffer_add_text(out, tag->room);
	buffer_add_text(out, tag->seq);
	return buffer_text(out);
}

static struct login_tag
tag_read(struct text tag)
{
	size_t room = (uint8_t)tag.at[1];

	return (struct login_tag){
		.stage = (enum stage)tag.at[0],
		.room = { tag.at + 2, room },
		.seq = { tag.at + 2 + room, tag.length - 2 - room },
	};
}

static bool
read_login(const json_t *data, struct login_request *request, struct text *room)
{
	return (!data || json_is_object(data)) &&
	       gojson_text(data, "userID", &request->user) &&
	       gochat_read_app(data, "appID", &request->platform) &&
	       gojson_text(data, "serviceToken", &request->token) &&
	       gojson_text(data, "roomID", room);
}

static enum gochat_code
judge_login(const struct session *session, const struct login_request *request,
	struct text room)
{
	if (!text_is_name(request->user, 1, IM_USER_BYTES_MAX))
		return GOCHAT_BAD_USER;
	if (!im_is_app(session->gateway->config, request->platform))
		return GOCHAT_FORBIDDEN;
	if (session->identity || session->is_replaced)
		return GOCHAT_FAILED;
	if (room.length > 0 && !text_is_name(room, 1, IM_ROOM_BYTES_MAX))
		return GOCHAT_BAD_DATA;
	return GOCHAT_OK;
}

static void
do_login(struct session *session, const struct gochat_request *request)
{
	struct login_request login = {
		.tenant = TEXT_LITERAL("default"),
		.has_platform = true,
	};
	struct login_tag tag = { .seq = request->seq };
	enum gochat_code code = GOCHAT_BAD_DATA;

	if (request->seq.length <= GOCHAT_SEQ_BYTES_MAX &&
		read_login(request->data, &login, &tag.room))
		code = judge_login(session, &login, tag.room);
	if (code == GOCHAT_OK)
		login_run(session, tag_write(&session->gateway->tag, &tag),
			&login);
	else
		reply_to(session, request, code);
}

static void
join(struct session *session, struct login_tag tag)
{
	struct buffer bytes = { 0 };
	char room[ROOM_BYTES_MAX + 1];
	bool is_named = tag.stage == STAGE_ROOM;
	const struct join_request request = {
		.room = im_room(room, session->platform,
			is_named ? tag.room : TEXT_LITERAL("")),
		.events = is_named || tag.room.length == 0,
		.presence = true,
	};

	talk_join(session, tag_write(&bytes, &tag), &request);
	buffer_fini(&bytes);
}

static void
on_joined(struct session *session, struct login_tag tag)
{
	if (tag.stage == STAGE_LOGIN && tag.room.length > 0) {
		tag.stage = STAGE_ROOM;
		join(session, tag);
	} else {
		reply_login(session, tag.seq, GOCHAT_OK);
	}
}

/* Who has logged in and is not let into his room would hear nothing: he is told
 * and has to come anew. */
static void
on_refused(struct session *session, struct login_tag tag,
	const struct refusal *refusal)
{
	reply_login(session, tag.seq, gochat_code_of(refusal));
	if (session->identity)
		session_end(session, CLOSE_WHY_KICKED);
}

/* ANSWER_DONE: a newer login of the user was faster. */
static void
on_answer(struct session *session, struct text tag, const struct answer *answer)
{
	struct login_tag read;

	must(tag.length >= 2);
	read = tag_read(tag);
	if (answer->kind == ANSWER_LOGIN)
		join(session, read);
	else if (answer->kind == ANSWER_JOIN)
		on_joined(session, read);
	else if (answer->kind == ANSWER_DONE)
		reply_login(session, read.seq, GOCHAT_OK);
	else if (answer->kind == ANSWER_REFUSAL)
		on_refused(session, read, &answer->refusal);
}

/* Others */

static void
do_heartbeat(struct session *session, const struct gochat_request *request)
{
	struct text user;

	if ((request->data && !json_is_object(request->data)) ||
		!gojson_text(request->data, "userID", &user)) {
		reply_to(session, request, GOCHAT_BAD_DATA);
	} else if (!session->identity && !session->is_replaced) {
		reply_to(session, request, GOCHAT_NOT_LOGGED_IN);
	} else {
		lane_beat(&session->lane);
		reply_to(session, request, GOCHAT_OK);
	}
}

static void
do_ping(struct session *session, const struct gochat_request *request)
{
	gochat_reply(&gochat, session, request->seq, request->verb, GOCHAT_OK,
		"\"pong\"");
}

static const struct gochat_command commands[] = {
	{ "login", do_login },
	{ "heartbeat", do_heartbeat },
	{ "ping", do_ping },
};

static void
on_text(struct session *session, struct text text)
{
	gochat_on_text(&gochat, commands, ARRAY_LEN(commands), session, text);
}

const struct profile profile_im = {
	.number = PROFILE_IM,
	.path = "/acc",
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
	.has_no_grace = true,
	.on_text = on_text,
	.answer = on_answer,
	.write_message = im_write_message,
	.write_presence = im_write_presence,
	.write_kick = im_write_kick,
};
