/*
 * What a bot has heard goes out, and what comes back is said. The key of an
 * answer is the id of what was heard and the number of the answer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/api/bots.h"
#include "worker/api/bots_inside.h"
#include "worker/api/courier.h"
#include "worker/api/signature.h"
#include "worker/edge/edge.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/pass.h"
#include "worker/worker.h"

#define TIMEOUT_MS 10000
#define TRIPS_MAX 16 /* of one bot at once */
#define ATTEMPTS_MAX 5
#define WAIT_FIRST_MS 500
#define ANSWERS_MAX 10
#define ANSWER_BYTES_MAX (256U * 1024)

void
bots_forget(struct heard *heard)
{
	struct ears *ears = heard->ears;

	if (heard->trip) {
		courier_cancel(ears->bots->courier, &heard->trip);
		ears->trips--;
	}
	DL_DELETE(ears->heard, heard);
	ears->heard_count--;
	buffer_fini(&heard->room);
	buffer_fini(&heard->body);
	free(heard);
}

/* As other backends speak: to a ledger if it is to be remembered, else to all
 * who are there. Nobody waits for an answer. */
static void
say(struct heard *heard, struct text type, struct text body, unsigned number)
{
	const struct ears *ears = heard->ears;
	struct edge *edge = ears->bots->edge;
	struct text room = buffer_text(&heard->room);
	char key[KEY_BYTES_MAX];
	struct message message = {
		.kind = STREAM_ROOM,
		.tenant = text_of(ears->tenant),
		.stream = room,
		.from = text_of(ears->name),
		.type = type,
		.body = body,
		.flags = MESSAGE_ECHO,
		.asker_slot = edge->slot,
		.asker_life = edge->life,
	};
	uint64_t retry_ms;

	snprintf(key, sizeof(key), "bot-%s-%u", heard->id, number);
	message.key = text_of(key);
	message_pack(edge_letter(edge, LETTER_SAY), &message);
	if (edge->letter.length > ledgers_letter_max(edge))
		log_warning("bot %s answers more than fits", ears->name);
	else if (config_room_class(edge->config, room)->history)
		ledgers_send(edge, ledgers_of_room(edge, message.tenant, room));
	else if (pass_may(edge, &message, clock_ms(), &retry_ms))
		pass_to_room(edge, &message);
}

/* {"body":…,"type":…}; false: it is none. */
static bool
say_object(struct heard *heard, const json_t *object, unsigned number)
{
	const json_t *body = json_object_get(object, "body");
	struct text type = TEXT_LITERAL("text");
	struct buffer json = { 0 };

	if (body == NULL)
		return json_is_object(object) && json_object_size(object) == 0;
	if (json_object_get(object, "type") != NULL &&
		(!json_get_text(object, "type", &type) ||
			!text_is_name(type, 1, TYPE_BYTES_MAX)))
		return false;
	json_write_value(&json, body);
	say(heard, type, buffer_text(&json), number);
	buffer_fini(&json);
	return true;
}

/* What is none of these is told in why. */
static bool
say_all(struct heard *heard, struct text answer, char *why, size_t why_bytes)
{
	json_t *value;
	bool is_good = true;

	if (answer.length == 0)
		return true;
	value = json_read_value(answer, why, why_bytes);
	if (value == NULL)
		return false;
	if (json_is_array(value) && json_array_size(value) <= ANSWERS_MAX)
		for (size_t i = 0; i < json_array_size(value); i++)
			is_good &= say_object(
				heard, json_array_get(value, i), (unsigned)i);
	else
		is_good = say_object(heard, value, 0);
	snprintf(why, why_bytes,
		"is no message with a body, nor a list of at "
		"most ten");
	json_decref(value);
	return is_good;
}

static void
note_failure(struct ears *ears, const char *why)
{
	row_count(ears->bots->row, COUNTER_HOOK_FAILURES, 1);
	if (!ears->is_failing)
		log_warning("bot %s: its answer %s", ears->name, why);
	ears->is_failing = true;
}

/* Once more, later and a few times. */
static void
try_again(struct heard *heard, const char *why)
{
	note_failure(heard->ears, why);
	heard->due_ms = clock_ms() + (WAIT_FIRST_MS << heard->attempts);
	if (++heard->attempts < ATTEMPTS_MAX)
		return;
	row_count(heard->ears->bots->row, COUNTER_BOTS_DROPPED, 1);
	bots_forget(heard);
}

/* What makes no sense would not make more of it if it were asked again. */
static void
take_answer(struct heard *heard, struct text answer)
{
	char why[160];

	heard->ears->is_failing = false;
	if (!say_all(heard, answer, why, sizeof(why)))
		note_failure(heard->ears, why);
	bots_forget(heard);
}

static void
on_answer(void *self, const struct parcel_answer *answer)
{
	struct heard *heard = self;
	struct ears *ears = heard->ears;
	char why[64];

	heard->trip = NULL;
	ears->trips--;
	snprintf(why, sizeof(why), "has status %u", answer->status);
	if (answer->status == 0)
		try_again(heard, answer->error);
	else if (answer->status < 200 || answer->status > 299)
		try_again(heard, why);
	else
		take_answer(heard, answer->body);
	bots_post(ears, clock_ms());
}

static struct text
secret_of(const struct bots *bots, const struct bot *bot)
{
	const struct secret *secret;

	if (bot->secret_file[0] == 0)
		return (struct text){ NULL, 0 };
	secret = config_secret(worker_config(bots->worker), bot->secret_file);
	return (struct text){ (const char *)secret->bytes, secret->length };
}

/* False: not now. */
static bool
send(struct heard *heard)
{
	struct ears *ears = heard->ears;
	struct bots *bots = ears->bots;
	char signature[SIGNATURE_HEADER_BYTES];
	const char *const headers[] = { signature, NULL };
	struct parcel parcel = {
		.url = ears->bot->url,
		.body = buffer_text(&heard->body),
		.timeout_ms = TIMEOUT_MS,
		.answer_bytes_max = ANSWER_BYTES_MAX,
	};

	signature_write(signature, secret_of(bots, ears->bot),
		clock_unix_ms() / 1000, parcel.body);
	if (signature[0])
		parcel.headers = headers;
	row_count(bots->row, COUNTER_HOOK_REQUESTS, 1);
	heard->trip = courier_send(bots->courier, &parcel, on_answer, heard);
	if (heard->trip != NULL)
		ears->trips++;
	return heard->trip != NULL;
}

/* Is it the first one of its room that waits or is on its way? */
static bool
is_next_of_room(const struct ears *ears, const struct heard *heard)
{
	const struct heard *other;

	DL_FOREACH(ears->heard, other)
	{
		if (other == heard)
			break;
		if (text_equal(buffer_text(&other->room),
			    buffer_text(&heard->room)))
			return false;
	}
	return true;
}

void
bots_post(struct ears *ears, uint64_t now_ms)
{
	struct heard *heard;

	DL_FOREACH(ears->heard, heard)
	{
		if (ears->trips >= TRIPS_MAX)
			return;
		if (heard->trip != NULL || now_ms < heard->due_ms ||
			!is_next_of_room(ears, heard))
			continue;
		if (!send(heard)) {
			heard->due_ms = now_ms + WAIT_FIRST_MS;
			return;
		}
	}
}
