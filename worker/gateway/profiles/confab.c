/*
 * The protocol confab 1: JSON objects {"seq", "cmd", "data"}. The tag of a
 * request is one byte, which command it is, and its seq as JSON.
 */
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/json.h"
#include "shared/raw.h"
#include "worker/edge/confab_json.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/profiles/confab_commands.h"
#include "worker/gateway/profiles/confab_write.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"
#include "worker/gateway/tracer.h"

#define BAD_IN_A_ROW_MAX 16
#define SEQ_BYTES_MAX 256
#define PAYLOAD_KEEP_BYTES 65536

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
	const struct confab_command *command =
		confab_command_at((uint8_t)tag.at[0]);
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
		.refusal = { .code = code, .error = text_of(error) },
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
run(struct session *session, const struct confab_command *command,
	struct text tag, json_t *data, struct text text)
{
	struct arguments args = {
		.source = text,
		.data = json_is_null(data) ? NULL : data,
		.code = CODE_OK,
	};
	struct refusal refusal = { 0 };

	if (args.data && !json_is_object(args.data))
		arguments_fail(
			&args, CODE_BAD_REQUEST, "data must be an object");
	else if (command->needs_login && !session->identity)
		arguments_fail(&args, CODE_NOT_LOGGED_IN, "log in first");
	else if (command->is_paced &&
		 !session_may_go_on(session, &refusal.retry_ms))
		arguments_fail(&args, CODE_TOO_MANY,
			"more messages than this connection may send");
	else
		command->run(session, tag, &args);
	if (args.code == CODE_OK)
		return;
	refusal.code = args.code;
	refusal.error = text_of(args.error);
	if (command->in_order)
		pending_refuse_in_turn(
			session->gateway->pendings, session, tag, &refusal);
	else
		session_answer(session, tag,
			&(struct answer){
				.kind = ANSWER_REFUSAL,
				.refusal = refusal,
			});
}

static void
read_request(struct session *session, const json_t *request, struct text verb,
	struct text text)
{
	const struct confab_command *command = confab_command_find(verb);
	struct buffer *tag = &session->gateway->tag;
	bool is_good;
	struct text seq;

	buffer_clear(tag, SESSION_TAG_MAX);
	buffer_add_byte(tag, command ? confab_command_number(command) : 0);
	is_good = add_seq(tag, request, text);
	seq = (struct text){ (const char *)tag->data + 1, tag->length - 1 };
	must(tag->length <= SESSION_TAG_MAX);
	tracer_request(session,
		command ? text_of(command->verb) : TEXT_LITERAL("?"),
		text.length);
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
	.number = PROFILE_CONFAB,
	.path = "/chat",
	.close_codes = {
		[CLOSE_WHY_STOP] = 1001,
		[CLOSE_WHY_DRAIN] = 1012,
		[CLOSE_WHY_NOISE] = 4001,
		[CLOSE_WHY_SILENT] = 4008,
		[CLOSE_WHY_IDLE] = 4008,
		[CLOSE_WHY_SLOW] = 4013,
		[CLOSE_WHY_KICKED] = 4003,
		[CLOSE_WHY_REPLACED] = 4009,
		[CLOSE_WHY_TOO_MANY] = 4014,
	},
	.on_text = on_text,
	.answer = on_answer,
	.write_message = confab_write_message,
	.write_presence = confab_write_presence,
	.write_read = confab_write_read,
	.write_lost = confab_write_lost,
	.write_drain = confab_write_drain,
	.write_kick = confab_write_kick,
	.write_moved = confab_write_moved,
};
