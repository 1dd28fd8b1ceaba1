/*
 * The protocol confab 1: JSON objects {"seq", "cmd", "data"}. Each command is a
 * row of the table and a function that reads its data and asks the core. The
 * tag of a request is one byte, the row of its command, and its seq as JSON.
 */
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/message.h"
#include "shared/words.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/listing.h"
#include "worker/gateway/login.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/profiles/confab_raw.h"
#include "worker/gateway/profiles/confab_write.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define BAD_IN_A_ROW_MAX 16
#define SEQ_BYTES_MAX 256
#define PLATFORM_STANDARD 101
#define HISTORY_LIMIT 50
#define HISTORY_LIMIT_MAX 500
#define SEARCH_BYTES_MAX 256
#define SEARCH_LIMIT 20
#define SEARCH_LIMIT_MAX 100
#define LIST_LIMIT 100
#define LIST_LIMIT_MAX 1000
#define PAYLOAD_KEEP_BYTES 65536

static void
do_login(struct session *session, struct text tag, struct args *args)
{
	static const char *const later[] = { "inbox" };
	struct buffer *info = &session->gateway->body;
	struct login_request request = {
		.tenant = args_name(args, "tenant", TENANT_BYTES_MAX, false),
		.platform = (uint32_t)args_number(
			args, "platform", 0, UINT32_MAX, PLATFORM_STANDARD),
	};

	args_not_yet(args, later, ARRAY_LEN(later));
	if (!json_get_text(args->data, "user", &request.user) ||
		!text_is_name(request.user, 1, USER_BYTES_MAX))
		args_fail(args, CODE_BAD_USER,
			"user must be a string of 1 to %d bytes without "
			"control characters",
			USER_BYTES_MAX);
	if (request.tenant.length == 0)
		request.tenant = TEXT_LITERAL("default");
	buffer_clear(info, PAYLOAD_KEEP_BYTES);
	if (args_value(args, "info", info))
		request.info = buffer_text(info);
	if (request.info.length > INFO_BYTES_MAX)
		args_fail(args, CODE_BAD_REQUEST,
			"info must be at most %d bytes of JSON",
			INFO_BYTES_MAX);
	if (args->code == CODE_OK)
		login_run(session, tag, &request);
}

static void
do_ping(struct session *session, struct text tag, struct args *args)
{
	const struct answer answer = {
		.kind = ANSWER_TIME,
		.unix_ms = clock_unix_ms(),
	};

	(void)args;
	session_answer(session, tag, &answer);
}

static void
do_join(struct session *session, struct text tag, struct args *args)
{
	struct join_request request = {
		.room = args_name(args, "room", ROOM_BYTES_MAX, true),
		.events = args_flag(args, "events", true),
		.presence = args_flag(args, "presence", true),
	};

	request.has_since = args_place(
		args, "since", &request.since_epoch, &request.since_offset);
	if (args->code == CODE_OK)
		talk_join(session, tag, &request);
}

static void
do_leave(struct session *session, struct text tag, struct args *args)
{
	struct text room = args_name(args, "room", ROOM_BYTES_MAX, true);

	if (args->code == CODE_OK)
		talk_leave(session, tag, room);
}

/* keep:true says what rooms do anyway. */
static void
refuse_later_ways_to_say(struct args *args)
{
	static const char *const later[] = { "user", "users", "client",
		"clients", "all", "ttl" };

	args_not_yet(args, later, ARRAY_LEN(later));
	if (!args_flag(args, "keep", true))
		args_fail(args, CODE_BAD_REQUEST,
			"keep:false cannot be used in this version");
}

static void
do_say(struct session *session, struct text tag, struct args *args)
{
	struct buffer *body = &session->gateway->body;
	struct say_request request = { 0 };

	refuse_later_ways_to_say(args);
	request.room = args_name(args, "room", ROOM_BYTES_MAX, true);
	request.type = args_name(args, "type", TYPE_BYTES_MAX, false);
	request.key = args_name(args, "key", KEY_BYTES_MAX, false);
	request.echo = args_flag(args, "echo", false);
	if (request.type.length == 0)
		request.type = TEXT_LITERAL("text");
	buffer_clear(body, PAYLOAD_KEEP_BYTES);
	if (!args_value(args, "body", body))
		args_fail(args, CODE_BAD_REQUEST, "body is missing");
	request.body = buffer_text(body);
	if (args->code == CODE_OK)
		talk_say(session, tag, &request);
}

static void
do_history(struct session *session, struct text tag, struct args *args)
{
	static const char *const later[] = { "user", "before_id", "after_id",
		"from_time" };
	struct history_request request = {
		.mode = LOOKUP_NEWEST,
		.limit = args_number(
			args, "limit", 1, HISTORY_LIMIT_MAX, HISTORY_LIMIT),
	};

	args_not_yet(args, later, ARRAY_LEN(later));
	request.room = args_name(args, "room", ROOM_BYTES_MAX, true);
	if (args_has(args, "before") && args_has(args, "after"))
		args_fail(args, CODE_BAD_REQUEST,
			"before and after cannot be used together");
	if (args_has(args, "before")) {
		request.mode = LOOKUP_BEFORE;
		request.anchor = args_number(args, "before", 1, INT64_MAX, 1);
	} else if (args_has(args, "after")) {
		request.mode = LOOKUP_AFTER;
		request.anchor = args_number(args, "after", 0, INT64_MAX, 0);
	}
	if (args->code == CODE_OK)
		talk_history(session, tag, &request);
}

/* Answered newest first: who searches wants what was said last. A search ends
 * where its page is full or its time is up; then the answer says more, and next
 * is the `before` of the request that goes on, even when nothing was found. */
static void
do_search(struct session *session, struct text tag, struct args *args)
{
	const struct search_request request = {
		.room = args_name(args, "room", ROOM_BYTES_MAX, true),
		.text = args_text(args, "text", SEARCH_BYTES_MAX),
		.from = args_name(args, "from", USER_BYTES_MAX, false),
		.from_time_ms = args_number(args, "from_time", 0, INT64_MAX, 0),
		.before = args_number(args, "before", 1, INT64_MAX, INT64_MAX),
		.limit = args_number(
			args, "limit", 1, SEARCH_LIMIT_MAX, SEARCH_LIMIT),
	};

	struct words words;

	if (!words_read(&words, request.text))
		args_fail(args, CODE_BAD_REQUEST,
			"text must be a string of 1 to %d words", WORDS_MAX);
	words_fini(&words);
	if (args->code == CODE_OK)
		talk_search(session, tag, &request);
}

static void
do_members(struct session *session, struct text tag, struct args *args)
{
	const struct members_request request = {
		.room = args_name(args, "room", ROOM_BYTES_MAX, true),
		.after = args_text(args, "after", USER_BYTES_MAX),
		.limit = args_number(
			args, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT),
	};

	if (args->code == CODE_OK)
		talk_members(session, tag, &request);
}

static void
do_rooms(struct session *session, struct text tag, struct args *args)
{
	const struct rooms_request request = {
		.listed = args_flag(args, "listed", false),
		.prefix = args_text(args, "prefix", ROOM_BYTES_MAX),
		.after = args_text(args, "after", ROOM_BYTES_MAX),
		.limit = args_number(
			args, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT),
	};

	if (args->code == CODE_OK)
		listing_rooms(session, tag, &request);
}

static const struct command {
	const char *verb;
	bool needs_login;
	bool in_order; /* answers come in the order of the requests */
	void (*run)(
		struct session *session, struct text tag, struct args *args);
} commands[] = {
	{ "login", false, false, do_login },
	{ "ping", false, false, do_ping },
	{ "heartbeat", true, false, do_ping },
	{ "join", true, false, do_join },
	{ "leave", true, false, do_leave },
	{ "say", true, true, do_say },
	{ "history", true, false, do_history },
	{ "search", true, false, do_search },
	{ "members", true, false, do_members },
	{ "rooms", true, false, do_rooms },
};

static void
send_answer(struct session *session, struct text verb, struct text seq,
	const struct answer *answer)
{
	struct buffer *payload = &session->gateway->payload;

	buffer_clear(payload, PAYLOAD_KEEP_BYTES);
	confab_write_answer(payload, verb, seq, session_user(session), answer);
	session_send(session, buffer_text(payload));
}

static void
on_answer(struct session *session, struct text tag, const struct answer *answer)
{
	const struct command *command = &commands[(uint8_t)tag.at[0]];
	struct text seq = { tag.at + 1, tag.length - 1 };

	send_answer(session, text_of(command->verb), seq, answer);
}

/* Refuses what is no command that we know. */
static void
refuse(struct session *session, struct text verb, struct text seq,
	enum answer_code code, const char *error)
{
	const struct answer answer = {
		.kind = ANSWER_REFUSAL,
		.refusal = { code, text_of(error) },
	};

	row_count(session->gateway->row, COUNTER_REQUESTS_REFUSED, 1);
	send_answer(session, verb, seq, &answer);
}

/* Adds seq as it was sent; false when it is neither string nor integer or too
 * long. */
static bool
add_seq(struct buffer *tag, const json_t *request, struct text text)
{
	const json_t *seq = json_object_get(request, "seq");
	struct text raw;

	if (!seq)
		return true;
	if (json_is_string(seq) && json_string_length(seq) <= SEQ_BYTES_MAX) {
		json_write_value(tag, seq);
		return true;
	}
	if (!json_is_number(seq) || !raw_find(text, "seq", &raw) ||
		raw.length > SEQ_BYTES_MAX || !raw_is_integer(raw))
		return false;
	buffer_add_text(tag, raw);
	return true;
}

static void
run(struct session *session, const struct command *command, struct text tag,
	const json_t *data, struct text text)
{
	struct args args = {
		.request = text,
		.data = json_is_null(data) ? NULL : data,
		.code = CODE_OK,
	};

	if (args.data && !json_is_object(args.data))
		args_fail(&args, CODE_BAD_REQUEST, "data must be an object");
	else if (command->needs_login && !session->identity)
		args_fail(&args, CODE_NOT_LOGGED_IN, "log in first");
	else
		command->run(session, tag, &args);
	if (args.code == CODE_OK)
		return;
	if (command->in_order)
		pending_refuse_say(session->gateway->pendings, session, tag,
			args.code, args.error);
	else
		session_refuse(session, tag, args.code, args.error);
}

static const struct command *
find_command(struct text verb)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (text_equal(verb, text_of(commands[i].verb)))
			return &commands[i];
	return NULL;
}

static void
read_request(struct session *session, const json_t *request, struct text verb,
	struct text text)
{
	const struct command *command = find_command(verb);
	struct buffer *tag = &session->gateway->tag;
	bool is_good;
	struct text seq;

	buffer_clear(tag, SESSION_TAG_MAX);
	buffer_add_byte(tag, (uint8_t)(command ? command - commands : 0));
	is_good = add_seq(tag, request, text);
	seq = (struct text){ (const char *)tag->data + 1, tag->length - 1 };
	must(tag->length <= SESSION_TAG_MAX);
	if (!is_good)
		refuse(session, verb, seq, CODE_BAD_REQUEST,
			"seq must be an integer or a string of at most 256 "
			"bytes");
	else if (!command)
		refuse(session, verb, seq, CODE_UNKNOWN_COMMAND,
			"there is no such command");
	else
		run(session, command, buffer_text(tag),
			json_object_get(request, "data"), text);
}

/* Something without sense: answered, but not for ever. */
static void
refuse_noise(struct session *session)
{
	if (++session->bad_in_a_row > BAD_IN_A_ROW_MAX) {
		lane_close_why(
			&session->lane, CLOSE_WHY_NOISE, "nothing but noise");
		return;
	}
	refuse(session, TEXT_LITERAL(""), TEXT_LITERAL(""), CODE_BAD_REQUEST,
		"a request must be a JSON object with a string cmd");
}

static void
on_text(struct session *session, struct text text)
{
	json_t *request = json_read_object(text);
	struct text verb;

	if (request && json_get_text(request, "cmd", &verb)) {
		session->bad_in_a_row = 0;
		read_request(session, request, verb, text);
	} else {
		refuse_noise(session);
	}
	json_decref(request);
}

const struct profile profile_confab = {
	.name = "confab",
	.path = "/chat",
	.number = PROFILE_CONFAB,
	.close_codes = {
		[CLOSE_WHY_STOP] = 1001,
		[CLOSE_WHY_DRAIN] = 1012,
		[CLOSE_WHY_NOISE] = 4001,
		[CLOSE_WHY_SILENT] = 4008,
		[CLOSE_WHY_IDLE] = 4008,
		[CLOSE_WHY_SLOW] = 4013,
	},
	.on_text = on_text,
	.answer = on_answer,
	.write_message = confab_write_message,
	.write_presence = confab_write_presence,
};
