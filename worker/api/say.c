#include "worker/api/say.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/bans.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/codes.h"
#include "shared/config.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/raw.h"
#include "shared/scoreboard.h"
#include "worker/api/arguments_read.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/gather.h"
#include "worker/api/outcome.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/api/speech.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/pass.h"

/*
 * Each message of a request is an outcome with a number, which letters carry as
 * their connection, so that its answer finds it. What is remembered is gathered
 * by ledger and sent when all of the request has been read; what is not, is
 * passed on at once.
 */

/* So many messages one request may say. */
#define MESSAGES_MAX 1000

/* What is said of one connection in a letter: its place and secret. */
#define CLIENT_BYTES 16

/* What a letter has besides one message. */
#define LETTER_BYTES 64

#define KEEP_BYTES 65536
#define TOO_BIG "the message is too big for this server"

struct say_errand {
	struct errand errand;
	struct outcomes outcomes;
	struct gather *gather;
	say_decided *reply;
};

static struct say_errand *
say_of(struct errand *errand)
{
	return (struct say_errand *)errand;
}

static void
finish(struct say_errand *say)
{
	say->reply(say->errand.exchange, &say->outcomes);
	errand_end(&say->errand);
}

static void
on_letter(struct errand *errand, const struct letter *letter)
{
	struct say_errand *say = say_of(errand);
	struct unpack in = letter_open(letter);
	struct refused refused;
	struct said said;

	if (letter->kind == LETTER_SAID && said_unpack(&in, &said))
		outcomes_said(&say->outcomes, said.connection, &said, 0);
	else if (letter->kind == LETTER_REFUSED &&
		 refused_unpack(&in, &refused))
		outcomes_refused(&say->outcomes, refused.connection,
			(unsigned)refused.code, refused.error,
			refused.retry_ms);
	if (say->outcomes.missing == 0)
		finish(say);
}

static void
on_late(struct errand *errand)
{
	struct say_errand *say = say_of(errand);

	outcomes_refuse_waiting(&say->outcomes, CODE_UNAVAILABLE, ERRAND_LATE);
	finish(say);
}

static void
on_end(struct errand *errand)
{
	struct say_errand *say = say_of(errand);

	gather_free(&say->gather);
	outcomes_fini(&say->outcomes);
}

static void
refuse(struct say_errand *say, size_t number, unsigned code, const char *error)
{
	outcomes_refused(&say->outcomes, number, code, text_of(error), 0);
}

static void
passed(struct say_errand *say, size_t number, const struct message *message,
	uint64_t reached)
{
	const struct said said = {
		.id_time = message->id_time,
		.id_origin = message->id_origin,
	};

	outcomes_said(&say->outcomes, number, &said, reached);
}

/* No connection says it, so all of them get it. */
static struct message
message_of(const struct say_errand *say, const struct speech *speech,
	struct text tenant, size_t number)
{
	const struct edge *edge = &say->errand.errands->edge;

	return (struct message){
		.tenant = tenant,
		.from = speech->from,
		.type = speech->type,
		.body = buffer_text(&speech->body),
		.key = speech->key,
		.flags = MESSAGE_ECHO |
			 (speech->has_shared_key ? MESSAGE_SHARED_KEY : 0U),
		.asker_slot = edge->slot,
		.asker_life = edge->life,
		.connection = number,
		.request = say->errand.request,
		.until = speech->until,
	};
}

/* Is it said for one who may say nothing, or not there? */
static bool
is_banned(const struct edge *edge, const struct message *message)
{
	const struct ban_subject subject = { .tenant = message->tenant,
		.user = message->from };
	bool is_in_room = message->kind == STREAM_ROOM;

	if (!bans_find(edge->arena, &subject, TEXT_LITERAL(""), NULL) &&
		(!is_in_room || !bans_find(edge->arena, &subject,
					message->stream, NULL)))
		return false;
	row_count(edge->row, COUNTER_REFUSED_BANNED, 1);
	return true;
}

/* Is its sender not banned, and can every ring take it, with so much more in a
 * letter? Else it is refused. */
static bool
may_go(struct say_errand *say, size_t number, const struct message *message,
	size_t more_bytes)
{
	struct edge *edge = &say->errand.errands->edge;
	struct buffer *letter;

	if (is_banned(edge, message)) {
		refuse(say, number, CODE_FORBIDDEN,
			"from: this user is banned");
		return false;
	}
	letter = edge_letter(edge, LETTER_DELIVER);
	message_pack(letter, message);
	if (letter->length + more_bytes + LETTER_BYTES <=
		ledgers_letter_max(edge))
		return true;
	refuse(say, number, CODE_TOO_MANY, TOO_BIG);
	return false;
}

static void
remember(struct say_errand *say, const struct message *message)
{
	struct edge *edge = &say->errand.errands->edge;
	unsigned ledger = message->kind == STREAM_ROOM
				  ? ledgers_of_room(edge, message->tenant,
					    message->stream)
				  : ledgers_of_inbox(edge, message->tenant,
					    message->stream);

	gather_add(say->gather, ledger, message);
}

static void
pass_room(struct say_errand *say, size_t number, struct message *message)
{
	struct edge *edge = &say->errand.errands->edge;
	uint64_t retry_ms;

	if (pass_may(edge, message, clock_ms(), &retry_ms)) {
		passed(say, number, message, pass_to_room(edge, message));
		return;
	}
	row_count(edge->row, COUNTER_REFUSED_ROOM_RATE, 1);
	outcomes_refused(&say->outcomes, number, CODE_TOO_MANY,
		TEXT_LITERAL("this room takes no more messages for the moment"),
		retry_ms);
}

static void
say_room(struct say_errand *say, const struct speech *speech,
	struct text tenant, struct text room)
{
	const struct config *config = say->errand.errands->edge.config;
	bool has_history = config_room_class(config, room)->history;
	size_t number = outcomes_add(&say->outcomes, room);
	struct message message = message_of(say, speech, tenant, number);

	message.kind = STREAM_ROOM;
	message.stream = room;
	if (speech->is_many && speech->key.length > 0)
		message.flags |= MESSAGE_ROOM_KEY;
	if (!may_go(say, number, &message, 0))
		return;
	if (speech->keep == SPEECH_KEEP && !has_history)
		refuse(say, number, CODE_FORBIDDEN,
			"nothing is remembered in this room");
	else if (speech->keep == SPEECH_PASS || !has_history)
		pass_room(say, number, &message);
	else
		remember(say, &message);
}

/* All but the sender, who has a side of his own; in edge->sides. */
static struct text
pack_others(struct edge *edge, const struct speech *speech)
{
	struct buffer *others = &edge->sides;

	buffer_clear(others, KEEP_BYTES);
	for (size_t i = 0; i < speech->count; i++)
		if (!text_equal(speech->names[i], speech->from))
			mail_add_side(others,
				&(struct mail_side){ speech->names[i], 0 });
	return buffer_text(others);
}

static void
say_users(
	struct say_errand *say, const struct speech *speech, struct text tenant)
{
	struct edge *edge = &say->errand.errands->edge;
	size_t number = outcomes_add(&say->outcomes, TEXT_LITERAL(""));
	struct message message = message_of(say, speech, tenant, number);

	message.kind = STREAM_INBOX;
	message.stream = message.from;
	message.others = pack_others(edge, speech);
	message.only_platform = speech->only_platform;
	if (!may_go(say, number, &message, speech->count * MAIL_PLACE_BYTES))
		return;
	if (speech->keep == SPEECH_PASS)
		passed(say, number, &message, pass_to_users(edge, &message));
	else
		remember(say, &message);
}

static void
say_clients(
	struct say_errand *say, const struct speech *speech, struct text tenant)
{
	struct edge *edge = &say->errand.errands->edge;
	size_t known, number = outcomes_add(&say->outcomes, TEXT_LITERAL(""));
	struct message message = message_of(say, speech, tenant, number);
	uint64_t reached;

	message.kind = STREAM_CLIENT;
	if (!may_go(say, number, &message, speech->count * CLIENT_BYTES))
		return;
	known = pass_to_clients(
		edge, &message, speech->names, speech->count, &reached);
	if (known == 0 && !speech->is_many)
		refuse(say, number, CODE_NOT_FOUND, "there is no such client");
	else
		passed(say, number, &message, reached);
}

static void
say_all(struct say_errand *say, const struct speech *speech, struct text tenant)
{
	struct edge *edge = &say->errand.errands->edge;
	size_t number = outcomes_add(&say->outcomes, TEXT_LITERAL(""));
	struct message message = message_of(say, speech, tenant, number);

	message.kind = STREAM_TENANT;
	if (may_go(say, number, &message, 0))
		passed(say, number, &message, pass_to_all(edge, &message));
}

void
say_add(struct say_errand *say, const struct speech *speech, struct text tenant)
{
	outcomes_add_part(&say->outcomes,
		speech->to == SPEECH_TO_ROOMS && speech->is_many);
	switch (speech->to) {
	case SPEECH_TO_ROOMS:
		for (size_t i = 0; i < speech->count; i++)
			say_room(say, speech, tenant, speech->names[i]);
		break;
	case SPEECH_TO_USERS:
		say_users(say, speech, tenant);
		break;
	case SPEECH_TO_CLIENTS:
		say_clients(say, speech, tenant);
		break;
	case SPEECH_TO_ALL:
		say_all(say, speech, tenant);
		break;
	}
}

/* What is wrong with one of a batch is its own answer. */
static void
refuse_element(struct say_errand *say, const struct arguments *arguments)
{
	outcomes_add_part(&say->outcomes, false);
	refuse(say, outcomes_add(&say->outcomes, TEXT_LITERAL("")),
		arguments->code, arguments->error);
}

static void
take_element(struct say_errand *say, struct arguments *arguments,
	struct text raw, struct text key)
{
	const struct exchange *exchange = say->errand.exchange;
	struct text tenant = caller_choose_tenant(&exchange->caller,
		say->errand.errands->edge.config, arguments, exchange->tenant);
	struct speech speech;

	speech_read(&speech, arguments, raw, key);
	if (say->outcomes.count + MAX_OF(speech.count, (size_t)1) >
			MESSAGES_MAX &&
		speech.to == SPEECH_TO_ROOMS)
		arguments_fail(arguments, CODE_TOO_MANY,
			"a request may say no more than %d messages",
			MESSAGES_MAX);
	if (arguments->code != CODE_OK)
		refuse_element(say, arguments);
	else
		say_add(say, &speech, tenant);
	buffer_fini(&speech.body);
}

/* Of all elements of a batch; each without a key has that of the request and
 * its own number. */
static void
take_batch(struct say_errand *say, struct text raw, struct text key)
{
	const struct arguments *batch = &say->errand.exchange->data;
	size_t count = arguments_count(batch);

	for (size_t i = 0; i < count; i++) {
		struct arguments element = arguments_of(batch, i);
		char words[KEY_BYTES_MAX + 24];
		struct text one = TEXT_LITERAL(""), value = one;

		if (key.length > 0) {
			snprintf(words, sizeof(words), "%.*s#%zu",
				TEXT_ARGS(key), i);
			one = text_of(words);
		}
		raw_next(&raw, &value);
		take_element(say, &element, value, one);
	}
}

/* The header, for messages without a key of their own. */
static struct text
read_key(struct exchange *exchange, bool is_batch)
{
	const char *header = exchange_header(exchange, "Idempotency-Key");
	struct text key = text_of(header ? header : "");
	size_t most = is_batch ? KEY_BYTES_MAX - 5 : KEY_BYTES_MAX;

	if (key.length > 0 && !text_is_name(key, 1, most))
		arguments_fail(&exchange->data, CODE_BAD_REQUEST,
			"Idempotency-Key must be 1 to %zu bytes without "
			"control characters",
			most);
	return key;
}

static bool
is_batch(const struct exchange *exchange)
{
	return json_is_array(exchange->data.data);
}

/* false: the request as a whole is wrong, and refused. */
static bool
check(struct exchange *exchange)
{
	if (is_batch(exchange) &&
		arguments_count(&exchange->data) > MESSAGES_MAX)
		arguments_fail(&exchange->data, CODE_TOO_MANY,
			"a request may say no more than %d messages",
			MESSAGES_MAX);
	if (exchange->data.code == CODE_OK)
		return true;
	reply_refuse_data(exchange);
	return false;
}

void
say_send(struct say_errand *say)
{
	uint64_t number;

	gather_send(say->gather);
	while (gather_next_refused(say->gather, &number))
		outcomes_refused(&say->outcomes, number, CODE_UNAVAILABLE,
			TEXT_LITERAL(ERRAND_TOO_MUCH), 0);
	if (say->outcomes.missing == 0)
		finish(say);
}

struct say_errand *
say_begin(struct exchange *exchange, say_decided *reply)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_letter,
		.on_late = on_late,
		.on_end = on_end,
	};
	struct errands *errands = exchange->scene->errands;
	struct say_errand *say =
		errand_begin(errands, exchange, sizeof(*say), &hooks);

	if (!say)
		return NULL;
	say->gather = gather_new(&errands->edge);
	say->reply = reply;
	return say;
}

static void
reply(struct exchange *exchange, const struct outcomes *outcomes)
{
	outcomes_reply(outcomes, exchange);
}

void
say_answer(struct exchange *exchange)
{
	struct text key = read_key(exchange, is_batch(exchange));
	struct say_errand *say;

	if (!check(exchange))
		return;
	say = say_begin(exchange, reply);
	if (!say)
		return;
	say->outcomes.is_batch = is_batch(exchange);
	if (say->outcomes.is_batch)
		take_batch(say, exchange_body(exchange), key);
	else
		take_element(
			say, &exchange->data, exchange_body(exchange), key);
	say_send(say);
}
