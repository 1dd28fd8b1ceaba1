/*
 * What is said by HTTP. A msgID is the key of its message in the whole tenant,
 * so one that was used in the last 12 hours says nothing, to whomever. Nobody
 * says it to one user unless a fromUserID is given: then the system does, and
 * its receiver reads his own name, which the profile's gateway side sees to.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/gojson.h"
#include "shared/message.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/form.h"
#include "worker/api/outcome.h"
#include "worker/api/profiles/im.h"
#include "worker/api/reply.h"
#include "worker/api/say.h"
#include "worker/api/scene.h"
#include "worker/api/speech.h"
#include "worker/edge/entries.h"

#define NOBODY TEXT_LITERAL(IM_NOBODY)
#define REPEATED TEXT_LITERAL("{}")

static void
reply_result(struct exchange *exchange, bool is_sent, const char *error)
{
	struct buffer json = { 0 };

	buffer_add_format(
		&json, "{\"sendResults\":%s", is_sent ? "true" : "false");
	if (error) {
		buffer_add_string(&json, ",\"sendResultsErr\":");
		gojson_write_string(&json, text_of(error));
	}
	buffer_add_byte(&json, '}');
	im_reply(exchange, GOCHAT_OK, buffer_text(&json));
	buffer_fini(&json);
}

/* A key that was used for another target is one that was used. */
static void
on_decided(struct exchange *exchange, const struct outcomes *outcomes)
{
	const struct outcome *outcome = &outcomes->all[0];
	bool is_said = outcome->state == OUTCOME_SAID;

	if (is_said ? outcome->said.is_repeat : outcome->code == CODE_CONFLICT)
		im_reply(exchange, GOCHAT_OK, REPEATED);
	else
		reply_result(
			exchange, is_said, is_said ? NULL : outcome->error);
}

static void
say(struct exchange *exchange, struct speech *speech)
{
	struct say_errand *errand = say_begin(exchange, on_decided);

	if (!errand)
		return;
	say_add(errand, speech, IM_TENANT);
	say_send(errand);
}

/* What both kinds have; NULL, or what is wrong with it. */
static const char *
read_speech(struct speech *speech, const struct form *form)
{
	speech->type = form_get(form, "type");
	speech->key = form_get(form, "msgID");
	speech->has_shared_key = true;
	if (speech->type.length == 0)
		speech->type = TEXT_LITERAL("text");
	json_write_string(&speech->body, form_get(form, "message"));
	if (!text_is_name(speech->key, 0, KEY_BYTES_MAX))
		return "msgID: at most 128 bytes without control characters";
	if (!text_is_name(speech->type, 1, TYPE_BYTES_MAX))
		return "type: at most 64 bytes without control characters";
	return NULL;
}

static const char *
read_sender(struct speech *speech, struct text sender)
{
	speech->from = sender.length > 0 ? sender : NOBODY;
	return text_is_name(speech->from, 1, USER_BYTES_MAX)
		       ? NULL
		       : "the sender: at most 64 bytes without control "
			 "characters";
}

/* To one user */

static bool
is_online(const struct exchange *exchange, struct text user, uint32_t app)
{
	struct entries_platforms platforms;

	if (!text_is_name(user, 1, USER_BYTES_MAX))
		return false;
	entries_platforms(
		&exchange->scene->errands->edge, IM_TENANT, user, &platforms);
	for (size_t i = 0; i < platforms.count; i++)
		if (platforms.numbers[i] == app)
			return true;
	return false;
}

static void
send_to_user(struct exchange *exchange, const struct form *form,
	struct speech *speech)
{
	struct text user = form_get(form, "userID");
	struct text sender = form_get(form, "fromUserID");
	uint32_t app = im_read_app(exchange, form);
	const char *error = read_speech(speech, form);

	if (!error)
		error = read_sender(
			speech, text_equal(sender, user) ? NOBODY : sender);
	if (error || !is_online(exchange, user, app)) {
		reply_result(exchange, false, error);
		return;
	}
	speech->to = SPEECH_TO_USERS;
	speech->names[0] = user;
	speech->count = 1;
	speech->only_platform = 1 + (uint64_t)app;
	say(exchange, speech);
}

/* To all of an application, or of a room of it */

static void
send_to_room(struct exchange *exchange, const struct form *form,
	struct speech *speech)
{
	struct text room = form_get(form, "roomID");
	uint32_t app = im_read_app(exchange, form);
	const char *error = read_speech(speech, form);
	char name[ROOM_BYTES_MAX + 1];

	if (!error)
		error = read_sender(speech, form_get(form, "userID"));
	if (!error && !text_is_name(room, 0, IM_ROOM_BYTES_MAX))
		error = "roomID: at most 100 bytes without control characters";
	if (error || app == 0) {
		/* Nobody is there, and all of them have it. */
		reply_result(exchange, !error, error);
		return;
	}
	speech->to = SPEECH_TO_ROOMS;
	speech->names[0] = im_room(name, app, room);
	speech->count = 1;
	say(exchange, speech);
}

static void
answer(struct exchange *exchange,
	void (*send)(struct exchange *exchange, const struct form *form,
		struct speech *speech))
{
	struct speech *speech = base_alloc_zeroed(1, sizeof(*speech));
	struct form form = { .count = 0 };

	form_read_body(&form, exchange_body(exchange));
	send(exchange, &form, speech);
	form_fini(&form);
	buffer_fini(&speech->body);
	free(speech);
}

void
im_answer_send(struct exchange *exchange)
{
	answer(exchange, send_to_user);
}

void
im_answer_send_all(struct exchange *exchange)
{
	answer(exchange, send_to_room);
}
