/*
 * What backends of the profile `client` say to clients, groups and all of their
 * system. What a message is called follows from its id, so the gateways call it
 * the same.
 */
#include <stdlib.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clientele.h"
#include "shared/hash.h"
#include "shared/message.h"
#include "worker/api/exchange.h"
#include "worker/api/outcome.h"
#include "worker/api/profiles/client.h"
#include "worker/api/say.h"
#include "worker/api/speech.h"

#define FROM TEXT_LITERAL("system")
#define MESSAGE_TYPE TEXT_LITERAL("message")

static void
reply_message(struct exchange *exchange, const char *id)
{
	struct buffer data = { 0 };

	buffer_add_format(&data, "{\"messageId\":\"%s\"}", id);
	client_reply_done(exchange, buffer_text(&data));
	buffer_fini(&data);
}

static const struct outcome *
first_refused(const struct outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++)
		if (outcomes->all[i].state == OUTCOME_REFUSED)
			return &outcomes->all[i];
	return NULL;
}

static void
on_said(struct exchange *exchange, const struct outcomes *outcomes)
{
	const struct outcome *refused = first_refused(outcomes);
	const struct said *said = &outcomes->all[0].said;
	char id[CLIENTELE_MESSAGE_LENGTH + 1];

	if (refused) {
		client_refuse(exchange, text_of(refused->error));
		return;
	}
	clientele_message(id, said->id_time, said->id_origin);
	reply_message(exchange, id);
}

static void
on_many_said(struct exchange *exchange, const struct outcomes *outcomes)
{
	const struct outcome *refused = first_refused(outcomes);

	if (refused)
		client_refuse(exchange, text_of(refused->error));
	else
		client_reply_done(exchange, CLIENT_NOTHING);
}

/* What worker/gateway/profiles/client.c reads. */
static void
write_body(struct buffer *out, const struct client_order *order)
{
	buffer_add_string(out, "{\"sendUserId\":");
	json_write_string(out, order->sender);
	buffer_add_format(out,
		",\"code\":%" JSON_INTEGER_FORMAT ",\"msg\":", order->code);
	json_write_string(out, order->msg);
	buffer_add_string(out, ",\"data\":");
	if (order->data)
		json_write_value(out, order->data);
	else
		buffer_add_string(out, "\"\"");
	buffer_add_byte(out, '}');
}

static struct speech *
speech_new(enum speech_to to, const struct client_order *order)
{
	struct speech *speech = base_alloc_zeroed(1, sizeof(*speech));

	speech->to = to;
	speech->is_many = true;
	speech->from = FROM;
	speech->type = MESSAGE_TYPE;
	speech->keep = to == SPEECH_TO_ROOMS ? SPEECH_AS_USUAL : SPEECH_PASS;
	write_body(&speech->body, order);
	return speech;
}

static void
speech_free(struct speech *speech)
{
	buffer_fini(&speech->body);
	free(speech);
}

/* To one user, one room, or all. */
static void
say_one(struct exchange *exchange, enum speech_to to, struct text name,
	const struct client_order *order)
{
	struct say_errand *say = say_begin(exchange, on_said);
	struct speech *speech;

	if (!say)
		return;
	speech = speech_new(to, order);
	speech->names[0] = name;
	speech->count = to == SPEECH_TO_ALL ? 0 : 1;
	say_add(say, speech, exchange->tenant);
	say_send(say);
	speech_free(speech);
}

/* Nobody is called so: it reaches nobody, and has a name all the same. */
static void
say_to_nobody(struct exchange *exchange)
{
	char id[CLIENTELE_MESSAGE_LENGTH + 1];
	uint64_t random[2];

	hash_random(random, sizeof(random));
	clientele_message(id, random[0], random[1]);
	reply_message(exchange, id);
}

void
client_say_to_client(
	struct exchange *exchange, const struct client_order *order)
{
	if (order->client.length == CLIENTELE_ID_LENGTH &&
		text_is_name(order->client, 1, USER_BYTES_MAX))
		say_one(exchange, SPEECH_TO_USERS, order->client, order);
	else
		say_to_nobody(exchange);
}

/* One message for each. */
void
client_say_to_clients(
	struct exchange *exchange, const struct client_order *order)
{
	struct say_errand *say = say_begin(exchange, on_many_said);
	struct speech *speech;

	if (!say)
		return;
	speech = speech_new(SPEECH_TO_USERS, order);
	speech->count = 1;
	for (size_t i = 0; i < json_array_size(order->clients); i++) {
		const json_t *client = json_array_get(order->clients, i);
		struct text name = { json_string_value(client),
			json_string_length(client) };

		if (name.length != CLIENTELE_ID_LENGTH ||
			!text_is_name(name, 1, USER_BYTES_MAX))
			continue;
		speech->names[0] = name;
		say_add(say, speech, exchange->tenant);
	}
	say_send(say);
	speech_free(speech);
}

void
client_say_to_group(struct exchange *exchange, const struct client_order *order)
{
	char room[ROOM_BYTES_MAX];

	say_one(exchange, SPEECH_TO_ROOMS, clientele_room(room, order->group),
		order);
}

void
client_say_to_system(
	struct exchange *exchange, const struct client_order *order)
{
	say_one(exchange, SPEECH_TO_ALL, TEXT_LITERAL(""), order);
}
