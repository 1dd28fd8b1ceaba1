/*
 * The HTTP of the profile `push`: backends post what is to be pushed.
 *
 *	POST /send {"topic":"uids","topic_ids":["1"],"types":"notice",
 *		"msg":"…","timeout":2121325421,"time":"…"}
 *
 * Whoever asks is told `success.`, as the system that this stands in for does,
 * whoever gets it; but what is no JSON object is a `Body error.`, and what
 * could not be taken now is 503, so that a backend can try again.
 */
#include <inttypes.h>
#include <stdlib.h>

#include <event2/http.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/census.h"
#include "shared/clock.h"
#include "shared/codes.h"
#include "shared/gojson.h"
#include "shared/heritage.h"
#include "shared/message.h"
#include "shared/overall.h"
#include "worker/api/exchange.h"
#include "worker/api/outcome.h"
#include "worker/api/profiles/api_profile.h"
#include "worker/api/profiles/profiles.h"
#include "worker/api/reply.h"
#include "worker/api/say.h"
#include "worker/api/scene.h"
#include "worker/api/site.h"
#include "worker/api/speech.h"
#include "worker/worker.h"

#define TENANT TEXT_LITERAL("default")
#define TYPE_STANDARD TEXT_LITERAL("notice")
#define FROM TEXT_LITERAL("system")
#define SUCCESS "{\"msg\":\"success.\"}"
#define BODY_ERROR "{\"msg\":\"Body error.\"}"
#define NO_KEY "{\"msg\":\"Unauthorized.\"}"
#define FORBIDDEN "{\"msg\":\"Forbidden.\"}"

/* A smaller timeout is no time that one of today's backends can mean. */
#define TIMEOUT_MIN 1000000000

static void
say_words(struct exchange *exchange, int status, const char *words)
{
	reply_send_text(exchange, status, words);
}

static void
on_decided(struct exchange *exchange, const struct outcomes *outcomes)
{
	bool is_refused = false;

	for (size_t i = 0; i < outcomes->count; i++)
		if (outcomes->all[i].state == OUTCOME_REFUSED &&
			outcomes->all[i].code != CODE_BAD_REQUEST)
			is_refused = true;
	if (is_refused)
		say_words(exchange, 503, "{\"msg\":\"try again.\"}");
	else
		say_words(exchange, 200, SUCCESS);
}

/* Adds the speech for the names gathered so far. */
static void
say_to_names(struct say_errand *say, struct speech *speech)
{
	speech->count = text_sort(speech->names, speech->count);
	if (speech->count > 0)
		say_add(say, speech, TENANT);
	speech->count = 0;
}

/* What cannot be a user's name reaches nobody. */
static void
say_to_users(struct say_errand *say, struct speech *speech, const json_t *ids)
{
	size_t count = json_array_size(ids);

	speech->to = SPEECH_TO_USERS;
	speech->is_many = true;
	for (size_t i = 0; i < count; i++) {
		const json_t *id = json_array_get(ids, i);
		struct text name = { json_string_value(id),
			json_string_length(id) };

		if (!json_is_string(id) ||
			!text_is_name(name, 1, USER_BYTES_MAX))
			continue;
		speech->names[speech->count++] = name;
		if (speech->count == SPEECH_NAMES_MAX)
			say_to_names(say, speech);
	}
	say_to_names(say, speech);
}

static void
write_body(struct buffer *out, struct text msg, struct text when)
{
	buffer_add_string(out, "{\"msg\":");
	json_write_string(out, msg);
	if (when.length > 0) {
		buffer_add_string(out, ",\"time\":");
		json_write_string(out, when);
	}
	buffer_add_byte(out, '}');
}

/* false: it is over already, and reaches nobody. */
static bool
read_timeout(const json_t *body, uint64_t *until)
{
	const json_t *timeout = gojson_get(body, "timeout");
	json_int_t seconds = json_integer_value(timeout);

	*until = 0;
	if (seconds < TIMEOUT_MIN || seconds > INT64_MAX / 1000)
		return true;
	*until = (uint64_t)seconds * 1000;
	return *until > clock_unix_ms();
}

/* Are all of these strings, and the type one that can be subscribed? */
static bool
read_speech(struct speech *speech, const json_t *body)
{
	struct text msg, when;

	if (!gojson_text(body, "types", &speech->type) ||
		!gojson_text(body, "msg", &msg) ||
		!gojson_text(body, "time", &when))
		return false;
	if (speech->type.length == 0)
		speech->type = TYPE_STANDARD;
	if (!text_is_name(speech->type, 1, TYPE_BYTES_MAX))
		return false;
	speech->from = FROM;
	write_body(&speech->body, msg, when);
	return true;
}

static void
push(struct exchange *exchange, const json_t *body)
{
	struct speech *speech = base_alloc_zeroed(1, sizeof(*speech));
	struct say_errand *say = NULL;
	struct text topic;

	if (!read_speech(speech, body) || !gojson_text(body, "topic", &topic))
		say_words(exchange, 200, BODY_ERROR);
	else if (!read_timeout(body, &speech->until))
		say_words(exchange, 200, SUCCESS);
	else
		say = say_begin(exchange, on_decided);
	if (say && text_equal(topic, TEXT_LITERAL("all"))) {
		speech->to = SPEECH_TO_ALL;
		say_add(say, speech, TENANT);
	} else if (say && text_equal(topic, TEXT_LITERAL("uids"))) {
		say_to_users(say, speech, gojson_get(body, "topic_ids"));
	}
	if (say)
		say_send(say);
	buffer_fini(&speech->body);
	free(speech);
}

static void
answer_send(struct exchange *exchange)
{
	json_t *body = gojson_read(exchange_body(exchange), true);

	if (json_is_object(body))
		push(exchange, body);
	else
		say_words(exchange, 200, BODY_ERROR);
	json_decref(body);
}

static void
begin(struct exchange *exchange)
{
	reply_set_header(exchange, "Access-Control-Allow-Origin", "*");
}

/* It answers to every other path, and says again what it was told. */
static void
refuse(struct exchange *exchange, bool is_known_path)
{
	struct buffer words = { 0 };
	struct reply reply = { 200, TYPE_TEXT, TEXT_LITERAL("") };

	(void)is_known_path;
	buffer_add_string(&words, "success.");
	buffer_add_text(&words, exchange_body(exchange));
	reply.body = buffer_text(&words);
	reply_send(exchange, &reply);
	buffer_fini(&words);
}

static void
forbid(struct exchange *exchange, int status)
{
	say_words(exchange, status, status == 401 ? NO_KEY : FORBIDDEN);
}

/* How many listen, to this host or another, and how much was sent here. */
static void
answer_status(struct exchange *exchange)
{
	struct worker *worker = exchange->scene->worker;
	const struct arena *arena = worker_arena(worker);
	struct buffer json = { 0 };

	buffer_add_format(&json,
		"{\"msg\":\"%s\",\"version\":\"" CONFAB_VERSION
		"\",\"uptime\":%" PRIu64 ",\"connections\":%" PRIu64
		",\"uids\":%" PRIu64 ",\"pushed\":%" PRIu64 "}",
		overall_state(arena),
		(clock_ms() - worker_heritage(worker)->started_ms) / 1000,
		overall_count_role(arena, ROLE_GATEWAY, COUNTER_SESSIONS) +
			overall_count(arena, COUNTER_REMOTE_SESSIONS),
		census_cluster(arena), overall_count(arena, COUNTER_DELIVERED));
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&json);
}

/* /status, and the page for trying it with its files, are what others of its
 * paths are not. */
static const struct profile_route routes[] = {
	{ EVERY_METHOD, RIGHT_TENANT, "/send", NULL, answer_send },
	{ READ, RIGHT_HOST, "/status", NULL, answer_status },
	{ READ, RIGHT_NONE, "/demo/socket.html", NULL, site_answer_page },
	{ READ, RIGHT_NONE, "/demo/socket.css", NULL, site_answer_page },
	{ READ, RIGHT_NONE, "/demo/socket.js", NULL, site_answer_page },
	{ READ, RIGHT_NONE, "/demo/words.js", NULL, site_answer_page },
	{ READ, RIGHT_NONE, "/style/base.css", NULL, site_answer_page },
	{ READ, RIGHT_NONE, "/favicon.svg", NULL, site_answer_page },
};

const struct api_profile api_profile_push = {
	.routes = routes,
	.route_count = ARRAY_LEN(routes),
	.begin = begin,
	.refuse = refuse,
	.forbid = forbid,
};
