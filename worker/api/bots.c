#include "worker/api/bots.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/json.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/api/bots_inside.h"
#include "worker/api/courier.h"
#include "worker/api/report.h"
#include "worker/edge/confab_json.h"
#include "worker/worker.h"

/* What may wait for a bot; the oldest gives way. */
#define HEARD_MAX 1000

/* A command and what stands behind it. */
struct call {
	struct text command, rest;
};

struct bots *
bots_new(struct worker *worker, struct courier *courier, struct edge *edge)
{
	struct bots *bots = base_alloc_zeroed(1, sizeof(*bots));

	bots->worker = worker;
	bots->courier = courier;
	bots->edge = edge;
	bots->row = worker_row(worker);
	bots_renew(bots);
	return bots;
}

static void
ears_free(struct ears *ears)
{
	while (ears->heard)
		bots_forget(ears->heard);
	free(ears->name);
	free(ears->tenant);
	free(ears);
}

void
bots_free(struct bots **bots)
{
	struct bots *old = *bots;
	struct ears *ears, *next;

	*bots = NULL;
	if (old == NULL)
		return;
	LL_FOREACH_SAFE(old->all, ears, next)
	{
		ears_free(ears);
	}
	free(old);
}

static const struct bot *
find_bot(const struct config *config, const struct ears *ears)
{
	for (size_t i = 0; i < config->bot_count; i++)
		if (strcmp(config->bots[i].name, ears->name) == 0 &&
			strcmp(config->bots[i].tenant, ears->tenant) == 0)
			return &config->bots[i];
	return NULL;
}

static bool
has_ears(const struct bots *bots, const struct bot *bot)
{
	const struct ears *ears;

	LL_FOREACH(bots->all, ears)
	{
		if (ears->bot == bot)
			return true;
	}
	return false;
}

static void
add_ears(struct bots *bots, const struct bot *bot)
{
	struct ears *ears = base_alloc_zeroed(1, sizeof(*ears));

	ears->bots = bots;
	ears->bot = bot;
	ears->name = base_strdup(bot->name);
	ears->tenant = base_strdup(bot->tenant);
	LL_PREPEND(bots->all, ears);
}

void
bots_renew(struct bots *bots)
{
	const struct config *config = worker_config(bots->worker);
	struct ears *ears, *next;

	LL_FOREACH_SAFE(bots->all, ears, next)
	{
		ears->bot = find_bot(config, ears);
		if (ears->bot != NULL)
			continue;
		LL_DELETE(bots->all, ears);
		ears_free(ears);
	}
	for (size_t i = 0; i < config->bot_count; i++)
		if (!has_ears(bots, &config->bots[i]))
			add_ears(bots, &config->bots[i]);
}

bool
bots_are_there(const struct bots *bots)
{
	return bots->all != NULL;
}

/* A bot hears neither itself nor another one: two would talk for ever. */
static bool
is_of_bot(const struct bots *bots, const struct message *message)
{
	const struct ears *ears;

	LL_FOREACH(bots->all, ears)
	{
		if (text_equal(message->from, text_of(ears->name)) &&
			text_equal(message->tenant, text_of(ears->tenant)))
			return true;
	}
	return false;
}

/* Does it begin with the command, as a word? */
static bool
is_call(struct text said, struct text command, struct call *call)
{
	struct text rest;

	if (!text_has_prefix(said, command))
		return false;
	rest = (struct text){ said.at + command.length,
		said.length - command.length };
	if (rest.length > 0 && memchr(" \t\n", rest.at[0], 3) == NULL)
		return false;
	while (rest.length > 0 && memchr(" \t\n", rest.at[0], 3)) {
		rest.at++;
		rest.length--;
	}
	*call = (struct call){ command, rest };
	return true;
}

/* said: what the body says, if it is a string. Without commands it hears all.
 */
static bool
is_for(const struct bot *bot, struct text said, struct call *call)
{
	*call = (struct call){ 0 };
	for (size_t i = 0; i < bot->command_count; i++)
		if (is_call(said, text_of(bot->commands[i]), call))
			return true;
	return bot->command_count == 0;
}

static void
write_body(struct buffer *body, const struct ears *ears,
	const struct message *message, const struct call *call)
{
	struct buffer push = { 0 };

	confab_write_message(&push, message, false);
	confab_add_text(body, "{\"bot\":", text_of(ears->name));
	confab_add_text(body, ",\"tenant\":", message->tenant);
	if (call->command.length > 0) {
		confab_add_text(body, ",\"command\":", call->command);
		confab_add_text(body, ",\"rest\":", call->rest);
	}
	buffer_add_byte(body, ',');
	buffer_add(body, push.data + 1, push.length - 1);
	buffer_fini(&push);
}

static void
drop_oldest(struct ears *ears)
{
	row_count(ears->bots->row, COUNTER_BOTS_DROPPED, 1);
	bots_forget(ears->heard);
}

static void
take(struct ears *ears, unsigned ledger, uint64_t before,
	const struct message *message, const struct call *call)
{
	struct heard *heard = base_alloc_zeroed(1, sizeof(*heard));

	if (ears->heard_count == HEARD_MAX)
		drop_oldest(ears);
	heard->ears = ears;
	heard->ledger = ledger;
	heard->before = before;
	message_id_write(heard->id, message->id_time, message->id_origin);
	buffer_add_text(&heard->room, message->stream);
	write_body(&heard->body, ears, message, call);
	DL_APPEND(ears->heard, heard);
	ears->heard_count++;
	bots_post(ears, worker_now_ms(ears->bots->worker));
}

/* The text of a body that is a JSON string; else an empty one. It lives as long
 * as the object. */
static struct text
said_by(struct text body, json_t **object)
{
	struct text said = TEXT_LITERAL("");
	struct buffer json = { 0 };

	*object = NULL;
	if (body.length == 0 || body.at[0] != '"')
		return said;
	buffer_add_string(&json, "{\"body\":");
	buffer_add_text(&json, body);
	buffer_add_byte(&json, '}');
	*object = json_read_object(buffer_text(&json));
	json_get_text(*object, "body", &said);
	buffer_fini(&json);
	return said;
}

void
bots_hear(struct bots *bots, unsigned ledger, uint64_t before,
	const struct message *message)
{
	struct ears *ears;
	struct text said;
	struct call call;
	json_t *object;

	if (message->kind != STREAM_ROOM ||
		message->flags & (MESSAGE_CHANGES | MESSAGE_NOTES) ||
		!config_has_bot(worker_config(bots->worker), message->tenant,
			message->stream) ||
		is_of_bot(bots, message))
		return;
	said = said_by(message->body, &object);
	LL_FOREACH(bots->all, ears)
	{
		if (config_bot_hears(
			    ears->bot, message->tenant, message->stream) &&
			is_for(ears->bot, said, &call))
			take(ears, ledger, before, message, &call);
	}
	json_decref(object);
}

uint64_t
bots_settled(const struct bots *bots, unsigned ledger, uint64_t position)
{
	const struct ears *ears;
	const struct heard *heard;

	LL_FOREACH(bots->all, ears)
	{
		DL_FOREACH(ears->heard, heard)
		{
			if (heard->ledger != ledger)
				continue;
			position = MIN_OF(position, heard->before);
			break; /* those behind it came later */
		}
	}
	return position;
}

void
bots_tick(struct bots *bots, uint64_t now_ms)
{
	struct ears *ears;

	LL_FOREACH(bots->all, ears)
	{
		bots_post(ears, now_ms);
	}
}
