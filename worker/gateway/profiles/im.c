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
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/gojson.h"
#include "shared/im.h"
#include "shared/message.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/login.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/profiles/im_write.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/tracer.h"

#define PAYLOAD_KEEP_BYTES 65536

/* Of the seq of a login, which has to wait for its answer. */
#define SEQ_BYTES_MAX 1024

#define TOO_BAD "数据不合法"

struct request {
	struct text seq, cmd;
	const json_t *data; /* NULL: missing or null */
};

struct im_command {
	const char *cmd;
	void (*run)(struct session *session, const struct request *request);
};

static struct buffer *
payload_of(struct session *session)
{
	struct buffer *payload = &session->gateway->payload;

	buffer_clear(payload, PAYLOAD_KEEP_BYTES);
	return payload;
}

/* data: JSON. */
static void
reply(struct session *session, struct text seq, struct text cmd,
	enum im_code code, const char *data)
{
	struct buffer *payload = payload_of(session);

	if (code != IM_OK)
		row_count(session->gateway->row, COUNTER_REQUESTS_REFUSED, 1);
	im_write_reply(payload, seq, cmd, code, data);
	session_send(session, buffer_text(payload));
}

static void
reply_to(struct session *session, const struct request *request,
	enum im_code code)
{
	reply(session, request->seq, request->cmd, code, "null");
}

static void
reply_login(struct session *session, struct text seq, enum im_code code)
{
	if (code == IM_OK)
		lane_beat(&session->lane);
	reply(session, seq, TEXT_LITERAL("login"), code, "null");
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

/* 101 and 101.0 are the same; missing is 0. */
static bool
read_app(const json_t *data, uint32_t *app)
{
	const json_t *value = gojson_get(data, "appID");
	double number = json_number_value(value);

	*app = 0;
	if (!value)
		return true;
	if (!json_is_number(value) || number < 0 || number > UINT32_MAX ||
		floor(number) < number)
		return false;
	*app = (uint32_t)number;
	return true;
}

static bool
read_login(const json_t *data, struct login_request *request, struct text *room)
{
	return (!data || json_is_object(data)) &&
	       gojson_text(data, "userID", &request->user) &&
	       read_app(data, &request->platform) &&
	       gojson_text(data, "serviceToken", &request->token) &&
	       gojson_text(data, "roomID", room);
}

static enum im_code
judge_login(const struct session *session, const struct login_request *request,
	struct text room)
{
	if (!text_is_name(request->user, 1, IM_USER_BYTES_MAX))
		return IM_BAD_USER;
	if (!im_is_app(session->gateway->config, request->platform))
		return IM_FORBIDDEN;
	if (session->identity || session->is_replaced)
		return IM_FAILED;
	if (room.length > 0 && !text_is_name(room, 1, IM_ROOM_BYTES_MAX))
		return IM_BAD_DATA;
	return IM_OK;
}

static void
do_login(struct session *session, const struct request *request)
{
	struct login_request login = {
		.tenant = TEXT_LITERAL("default"),
		.has_platform = true,
	};
	struct login_tag tag = { .seq = request->seq };
	enum im_code code = IM_BAD_DATA;

	if (request->seq.length <= SEQ_BYTES_MAX &&
		read_login(request->data, &login, &tag.room))
		code = judge_login(session, &login, tag.room);
	if (code == IM_OK)
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
		reply_login(session, tag.seq, IM_OK);
	}
}

static enum im_code
code_of(const struct refusal *refusal)
{
	static const struct {
		unsigned code;
		enum im_code im;
	} codes[] = {
		{ CODE_BAD_REQUEST, IM_BAD_DATA },
		{ CODE_BAD_USER, IM_BAD_USER },
		{ CODE_FORBIDDEN, IM_FORBIDDEN },
		{ CODE_CONFLICT, IM_FAILED },
		{ CODE_TOO_MANY, IM_FAILED },
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == refusal->code)
			return codes[i].im;
	return IM_SYSTEM;
}

/* Who has logged in and is not let into his room would hear nothing: he is told
 * and has to come anew. */
static void
on_refused(struct session *session, struct login_tag tag,
	const struct refusal *refusal)
{
	reply_login(session, tag.seq, code_of(refusal));
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
		reply_login(session, read.seq, IM_OK);
	else if (answer->kind == ANSWER_REFUSAL)
		on_refused(session, read, &answer->refusal);
}

/* Others */

static void
do_heartbeat(struct session *session, const struct request *request)
{
	struct text user;

	if ((request->data && !json_is_object(request->data)) ||
		!gojson_text(request->data, "userID", &user)) {
		reply_to(session, request, IM_BAD_DATA);
	} else if (!session->identity && !session->is_replaced) {
		reply_to(session, request, IM_NOT_LOGGED_IN);
	} else {
		lane_beat(&session->lane);
		reply_to(session, request, IM_OK);
	}
}

static void
do_ping(struct session *session, const struct request *request)
{
	reply(session, request->seq, request->cmd, IM_OK, "\"pong\"");
}

static const struct im_command commands[] = {
	{ "login", do_login },
	{ "heartbeat", do_heartbeat },
	{ "ping", do_ping },
};

static const struct im_command *
find_command(struct text cmd)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (text_equal(cmd, text_of(commands[i].cmd)))
			return &commands[i];
	return NULL;
}

static void
take(struct session *session, const struct request *request, size_t bytes)
{
	const struct im_command *command = find_command(request->cmd);

	tracer_request(session, text_of(command ? command->cmd : "?"), bytes);
	if (command)
		command->run(session, request);
	else
		reply_to(session, request, IM_NO_ROUTE);
}

static void
on_text(struct session *session, struct text text)
{
	json_t *json = gojson_read(text, false);
	struct request request;

	if (json && (json_is_object(json) || json_is_null(json)) &&
		gojson_text(json, "seq", &request.seq) &&
		gojson_text(json, "cmd", &request.cmd)) {
		request.data = gojson_get(json, "data");
		take(session, &request, text.length);
	} else {
		row_count(session->gateway->row, COUNTER_REQUESTS_REFUSED, 1);
		session_send(session, TEXT_LITERAL(TOO_BAD));
	}
	json_decref(json);
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
