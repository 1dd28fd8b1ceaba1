/*
 * The profile `push`: a system of devices and pages that only listen. Who they
 * are and which types of messages they want stands in the address, as JSON:
 *
 *	/ws?d={"uid":"1","types":["notice"]}
 *
 * What a backend posts to /send (worker/api/profiles/push.c) is pushed to them:
 *
 *	{"types":"notice","msg":"…","time":"…"}
 *
 * They are users of the tenant `default`, on platform 101, each with any number
 * of connections, and each connection hears the types that itself wants. What
 * they send is ignored.
 */
#include <time.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/gojson.h"
#include "shared/message.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/login.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/profiles/push_wish.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define PLATFORM 101
#define PING_MS 2000

static void
send_away(struct session *session)
{
	session_end(session, CLOSE_WHY_NOISE);
}

/* The wish is the tag of the login, to be read again when that is answered. */
static void
on_open(struct session *session, struct text query)
{
	struct push_wish wish = { 0 };
	struct buffer bytes = { 0 };

	if (push_wish_find(query, &bytes) && bytes.length <= SESSION_TAG_MAX &&
		push_wish_read(&wish, buffer_text(&bytes)))
		login_run(session, buffer_text(&bytes),
			&(struct login_request){
				.tenant = TEXT_LITERAL("default"),
				.user = wish.user,
				.token = wish.token,
				.platform = PLATFORM,
				.has_platform = true,
			});
	else
		send_away(session);
	push_wish_fini(&wish);
	buffer_fini(&bytes);
}

/* From the first ping on, the client hears what is pushed. */
static void
subscribe(struct session *session, struct text tag)
{
	struct push_wish wish;
	struct types_request request;

	must(push_wish_read(&wish, tag));
	request = (struct types_request){ .types = wish.types,
		.count = wish.count };
	talk_subscribe(session, TEXT_LITERAL(""), &request);
	lane_ping(&session->lane);
	push_wish_fini(&wish);
}

static void
on_answer(struct session *session, struct text tag, const struct answer *answer)
{
	if (answer->kind == ANSWER_LOGIN)
		subscribe(session, tag);
	else if (answer->kind == ANSWER_REFUSAL)
		send_away(session);
}

static void
on_text(struct session *session, struct text text)
{
	(void)session;
	(void)text;
}

/* As backends write it: 2006-01-02 15:04:05. */
static void
write_time(struct buffer *out, uint64_t id_time)
{
	time_t seconds = (time_t)(message_unix_ms(id_time) / 1000);
	struct tm parts;
	char words[32];

	localtime_r(&seconds, &parts);
	strftime(words, sizeof(words), "%Y-%m-%d %H:%M:%S", &parts);
	gojson_write_string(out, text_of(words));
}

/* A string is the message; {"msg","time"} is what /send has made; anything else
 * is pushed as it is written. */
static void
write_body(struct buffer *out, const struct message *message)
{
	json_t *body = gojson_read(message->body, false);
	const json_t *said = json_object_get(body, "msg");
	struct text msg = message->body, when = TEXT_LITERAL("");

	if (json_is_string(body))
		said = body;
	if (json_is_string(said))
		msg = (struct text){ json_string_value(said),
			json_string_length(said) };
	if (said != body && json_is_string(said))
		json_get_text(body, "time", &when);
	buffer_add_string(out, ",\"msg\":");
	gojson_write_string(out, msg);
	buffer_add_string(out, ",\"time\":");
	if (when.length > 0)
		gojson_write_string(out, when);
	else
		write_time(out, message->id_time);
	json_decref(body);
}

/* A change, or a removal, has no word here. */
static void
write_message(struct buffer *out, const struct message *message, bool with_key)
{
	(void)with_key;
	if (message->flags & (MESSAGE_EDIT | MESSAGE_DELETE))
		return;
	buffer_add_string(out, "{\"types\":");
	gojson_write_string(out, message->type);
	write_body(out, message);
	buffer_add_byte(out, '}');
}

const struct profile profile_push = {
	.number = PROFILE_PUSH,
	.path = "/ws",
	.parameter = "d",
	.close_codes = PROFILE_PLAIN_CLOSES,
	.style = {
		.ping_ms = PING_MS,
		.pings_zero = true,
		.needs_no_pong = true,
		.takes_binary = true,
		.takes_any_text = true,
	},
	.has_many = true,
	.has_no_grace = true,
	.on_open = on_open,
	.on_text = on_text,
	.answer = on_answer,
	.write_message = write_message,
};
