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
#include <string.h>
#include <time.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/gojson.h"
#include "shared/message.h"
#include "shared/percent.h"
#include "shared/records.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/login.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define PLATFORM 101
#define TYPES_MAX 64
#define TYPE_STANDARD "notice"
#define PING_MS 2000

/* The value of the parameter `d`, decoded; false: there is none. */
static bool
find_wish(struct text query, struct buffer *wish)
{
	while (query.length > 0) {
		const char *end = memchr(query.at, '&', query.length);
		size_t length = end ? (size_t)(end - query.at) : query.length;

		if (length > 2 && memcmp(query.at, "d=", 2) == 0)
			return percent_decode(
				(struct text){ query.at + 2, length - 2 }, true,
				wish);
		length += end != NULL;
		query.at += length;
		query.length -= length;
	}
	return false;
}

/* Which types a wish names; notice when it names none. Returns how many, or 0
 * when they are none. */
static size_t
read_types(const json_t *wish, struct text types[TYPES_MAX])
{
	const json_t *list = gojson_get(wish, "types");
	size_t count = json_array_size(list);

	if (list && !json_is_array(list))
		return 0;
	if (count == 0) {
		types[0] = TEXT_LITERAL(TYPE_STANDARD);
		return 1;
	}
	if (count > TYPES_MAX)
		return 0;
	for (size_t i = 0; i < count; i++) {
		const json_t *type = json_array_get(list, i);

		if (!json_is_string(type))
			return 0;
		types[i] = (struct text){ json_string_value(type),
			json_string_length(type) };
		if (!text_is_name(types[i], 1, TYPE_BYTES_MAX))
			return 0;
	}
	return count;
}

static void
send_away(struct session *session)
{
	lane_close_why(&session->lane, CLOSE_WHY_NOISE, "");
}

/* The wish is the tag of the login, to be read again when that is answered. */
static void
on_open(struct session *session, struct text query)
{
	struct text types[TYPES_MAX];
	struct buffer bytes = { 0 };
	struct login_request request = {
		.tenant = TEXT_LITERAL("default"),
		.platform = PLATFORM,
		.has_platform = true,
	};
	json_t *wish = NULL;

	lane_ping(&session->lane);
	if (find_wish(query, &bytes) && bytes.length <= SESSION_TAG_MAX)
		wish = gojson_read(buffer_text(&bytes), false);
	if (json_is_object(wish) && read_types(wish, types) > 0 &&
		gojson_text(wish, "uid", &request.user) &&
		gojson_text(wish, "token", &request.token) &&
		text_is_name(request.user, 1, USER_BYTES_MAX))
		login_run(session, buffer_text(&bytes), &request);
	else
		send_away(session);
	json_decref(wish);
	buffer_fini(&bytes);
}

static void
subscribe(struct session *session, struct text tag)
{
	struct text types[TYPES_MAX];
	json_t *wish = gojson_read(tag, false);
	const struct types_request request = {
		.types = types,
		.count = read_types(wish, types),
	};

	must(request.count > 0);
	talk_subscribe(session, TEXT_LITERAL(""), &request);
	json_decref(wish);
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
	.close_codes = {
		[CLOSE_WHY_STOP] = 1001,
		[CLOSE_WHY_DRAIN] = 1001,
		[CLOSE_WHY_NOISE] = 1000,
		[CLOSE_WHY_SILENT] = 1000,
		[CLOSE_WHY_IDLE] = 1000,
		[CLOSE_WHY_SLOW] = 1000,
		[CLOSE_WHY_KICKED] = 1000,
		[CLOSE_WHY_REPLACED] = 1000,
		[CLOSE_WHY_TOO_MANY] = 1000,
	},
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
