#include "master/looks.h"

#include <stdio.h>

#include "master/answer.h"
#include "master/look.h"
#include "shared/base.h"
#include "shared/message.h"

enum option {
	AFTER,
	LIMIT,
	TENANT,
	PREFIX,
	OPTIONS
};

#define OPTION(option) (1U << (option))
#define PAGED (OPTION(AFTER) | OPTION(LIMIT))

static const struct text option_names[OPTIONS] = {
	[AFTER] = { "after=", 6 },
	[LIMIT] = { "limit=", 6 },
	[TENANT] = { "tenant=", 7 },
	[PREFIX] = { "prefix=", 7 },
};

static const struct known {
	const char *what;
	const char *name; /* NULL: there is none */
	unsigned options;
	look_show *show;
	const char *help;
} known[] = {
	{ "rings", NULL, PAGED, look_rings,
		"bytes waiting in the rings between slots; limit=N "
		"after=RING" },
	{ "tenants", NULL, PAGED, look_tenants,
		"tenants of the configuration, by name; limit=N "
		"after=TENANT" },
	{ "rooms", NULL, PAGED | OPTION(TENANT) | OPTION(PREFIX), look_rooms,
		"rooms with connections, by hash; tenant=T prefix=P limit=N "
		"after=ROOM" },
	{ "room", "R", OPTION(TENANT), look_room,
		"a room's connections on each gateway; tenant=T" },
	{ "users", NULL, PAGED | OPTION(TENANT) | OPTION(PREFIX), look_users,
		"users with connections, by hash; tenant=T prefix=P limit=N "
		"after=USER" },
	{ "user", "U", PAGED | OPTION(TENANT), look_user,
		"a user's connections, by their places; tenant=T limit=N "
		"after=CLIENT" },
	{ "clients", NULL, PAGED | OPTION(TENANT), look_clients,
		"connections, by their places; tenant=T limit=N "
		"after=CLIENT" },
	{ "client", "C", 0, look_client, "one connection" },
	{ "latency", NULL, 0, look_latency,
		"how long things took since the start, in microseconds" },
	{ "traffic", NULL, OPTION(LIMIT) | OPTION(TENANT), look_traffic,
		"the rooms that most was pushed to in the last seconds; "
		"tenant=T limit=N" },
	{ "slow", NULL, OPTION(LIMIT) | OPTION(TENANT), look_slow,
		"clients whose sockets are full, or were closed for that; "
		"tenant=T limit=N" },
	{ "memory", NULL, 0, look_memory,
		"bytes of the arena and of each process" },
	{ "errors", NULL, OPTION(LIMIT), look_errors,
		"the last errors and warnings of all processes; limit=N" },
	{ "log", NULL, OPTION(LIMIT), look_log,
		"the same with what went well; limit=N" },
	{ "peers", NULL, 0, look_peers, "other hosts of the cluster" },
	{ "ledger", NULL, 0, look_ledger,
		"what ledgers keep, and how far it is in the archive" },
};

static struct text
behind(struct text text, size_t length)
{
	return (struct text){ text.at + length, text.length - length };
}

static struct text
skip_spaces(struct text text)
{
	while (text.length > 0 && *text.at == ' ')
		text = behind(text, 1);
	return text;
}

static struct text
take_word(struct text *rest)
{
	struct text word = skip_spaces(*rest);
	size_t length = 0;

	while (length < word.length && word.at[length] != ' ')
		length++;
	*rest = behind(word, length);
	word.length = length;
	return word;
}

/* The option of this set that the text begins with, or OPTIONS. */
static enum option
option_at(struct text text, unsigned options)
{
	for (unsigned i = 0; i < OPTIONS; i++)
		if ((options & OPTION(i)) &&
			text_has_prefix(text, option_names[i]))
			return (enum option)i;
	return OPTIONS;
}

/* What stands before the next of these options; the rest begins with it. */
static struct text
take_value(struct text *rest, unsigned options)
{
	struct text value = *rest;

	for (size_t i = 0; i < value.length; i++) {
		struct text next = behind(value, i + 1);

		if (value.at[i] != ' ' || option_at(next, options) == OPTIONS)
			continue;
		value.length = i;
		*rest = next;
		return value;
	}
	*rest = behind(value, value.length);
	return value;
}

static bool
read_limit(struct text text, size_t *limit)
{
	*limit = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' ||
			*limit > LOOK_LIMIT_MAX)
			return false;
		*limit = *limit * 10 + (size_t)(text.at[i] - '0');
	}
	return *limit >= 1 && *limit <= LOOK_LIMIT_MAX;
}

static bool
set_option(struct look *look, enum option option, struct text value)
{
	switch (option) {
	case LIMIT:
		return read_limit(value, &look->limit);
	case AFTER:
		look->after = value;
		return text_is_name(value, 1, ROOM_BYTES_MAX);
	case TENANT:
		look->tenant = value;
		look->is_of_tenant = true;
		return text_is_name(value, 1, TENANT_BYTES_MAX);
	case PREFIX:
		look->prefix = value;
		return text_is_name(value, 0, ROOM_BYTES_MAX);
	case OPTIONS:
		break;
	}
	return false;
}

/* False: refused. */
static bool
read_options(struct look *look, struct text rest, unsigned options,
	struct answer *answer)
{
	rest = skip_spaces(rest);
	while (rest.length > 0) {
		enum option option = option_at(rest, options);

		if (option == OPTIONS) {
			answer_refuse(answer,
				"unknown words behind it; `help` lists them");
			return false;
		}
		options &= ~OPTION(option);
		rest = behind(rest, option_names[option].length);
		if (set_option(look, option, take_value(&rest, options)))
			continue;
		if (option == LIMIT)
			answer_refuse(answer, "limit=N: a number from 1 to %d",
				LOOK_LIMIT_MAX);
		else
			answer_refuse(answer, "%.*s: that is no name",
				TEXT_ARGS(option_names[option]));
		return false;
	}
	return true;
}

/* All up to the first option, but at least one word; it may be in quotes. */
static struct text
take_name(struct text *rest, unsigned options)
{
	struct text name = take_word(rest);
	struct text more = take_value(rest, options);

	name.length = (size_t)(more.at + more.length - name.at);
	if (name.length > 2 && name.at[0] == '"' &&
		name.at[name.length - 1] == '"')
		name = (struct text){ name.at + 1, name.length - 2 };
	return name;
}

static void
answer_known(const struct known *one, const struct words_context *context,
	struct text rest, struct answer *answer)
{
	struct look look = { .limit = LOOK_LIMIT,
		.tenant = TEXT_LITERAL("default") };

	if (one->name) {
		look.name = take_name(&rest, one->options);
		if (look.name.length == 0) {
			answer_refuse(answer, "show %s %s: of which?",
				one->what, one->name);
			return;
		}
	}
	if (read_options(&look, rest, one->options, answer))
		one->show(context, &look, answer);
}

bool
looks_answer(const struct words_context *context, struct text request,
	struct answer *answer)
{
	struct text what;

	if (!text_equal(take_word(&request), TEXT_LITERAL("show")))
		return false;
	what = take_word(&request);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (text_equal(what, text_of(known[i].what))) {
			answer_known(&known[i], context, request, answer);
			return true;
		}
	return false;
}

void
looks_help(struct answer *answer)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		char words[64];

		snprintf(words, sizeof(words), "show %s%s%s", known[i].what,
			known[i].name ? " " : "",
			known[i].name ? known[i].name : "");
		answer_cell_text(answer, words);
		answer_cell_text(answer, known[i].help);
	}
}
