#include "master/words.h"

#include <ctype.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "master/answer.h"
#include "master/looks.h"
#include "master/words_acts.h"
#include "master/words_bans.h"
#include "master/words_check.h"
#include "master/words_context.h"
#include "master/words_same.h"
#include "master/words_trace.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/census.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/log.h"
#include "shared/overall.h"

#define GATEWAYS_MAX 256
#define DRAIN_SECONDS_MAX 86400

static void
show_info(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	uint64_t lived_ms = clock_ms() - context->started_ms;

	(void)argument;
	answer_begin_list(answer);
	answer_text(answer, "version", CONFAB_VERSION);
	answer_number(answer, "pid", (uint64_t)getpid());
	answer_number(answer, "uptime", lived_ms / 1000);
	answer_text(answer, "state", overall_state(context->arena));
	answer_number(answer, "host_id", (uint64_t)context->config->host_id);
	answer_number(answer, "processes", overall_wanted(context->arena));
	answer_number(answer, "connections",
		overall_count_role(
			context->arena, ROLE_GATEWAY, COUNTER_CONNECTIONS));
	answer_number(answer, "sessions",
		overall_count_role(
			context->arena, ROLE_GATEWAY, COUNTER_SESSIONS));
	answer_number(answer, "users", census_users(context->arena));
	answer_number(answer, "rooms",
		overall_count_role(context->arena, ROLE_LEDGER, COUNTER_ROOMS));
	answer_number(answer, "messages",
		overall_count_role(
			context->arena, ROLE_LEDGER, COUNTER_MESSAGES));
	answer_number(answer, "repeats",
		overall_count_role(
			context->arena, ROLE_LEDGER, COUNTER_REPEATS));
	answer_number(answer, "archived",
		overall_count_role(
			context->arena, ROLE_HISTORIAN, COUNTER_ARCHIVED));
	answer_end_list(answer);
}

static void
show_workers(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	static const char *const columns[] = { "slot", "role", "pid", "state",
		"since", "connections", "number", "life", "restarts",
		"silent_ms", "letters_in", "letters_out", "overflow_bytes",
		"config", NULL };
	uint64_t now_ms = clock_ms();

	(void)argument;
	answer_begin_table(answer, columns);
	for (unsigned i = 0; i < arena_shape(context->arena)->slots; i++) {
		const struct row *row = arena_row(context->arena, i);
		uint64_t since_ms = atomic_load(&row->since_ms);
		uint64_t beat_ms = atomic_load(&row->heartbeat_ms);

		if (overall_is_empty(row))
			continue;
		answer_cell_number(answer, i);
		answer_cell_text(answer, role_name(row->role));
		answer_cell_number(answer, atomic_load(&row->pid));
		answer_cell_text(
			answer, child_state_name(atomic_load(&row->state)));
		answer_cell_number(
			answer, (now_ms - MIN_OF(now_ms, since_ms)) / 1000);
		answer_cell_number(answer, row_read(row, COUNTER_CONNECTIONS));
		answer_cell_number(answer, row->number);
		answer_cell_number(answer, atomic_load(&row->life));
		answer_cell_number(answer, atomic_load(&row->restarts));
		answer_cell_number(answer, now_ms - MIN_OF(now_ms, beat_ms));
		answer_cell_number(answer, row_read(row, COUNTER_LETTERS_IN));
		answer_cell_number(answer, row_read(row, COUNTER_LETTERS_OUT));
		answer_cell_number(
			answer, row_read(row, COUNTER_OVERFLOW_BYTES));
		answer_cell_number(answer, atomic_load(&row->generation));
	}
	answer_end_table(answer);
}

/* What clients and backends were refused or did not get, by the rule that did
 * it. */
static void
show_limits(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	static const enum counter shown[] = { COUNTER_REFUSED_RATE,
		COUNTER_REFUSED_ROOM_RATE, COUNTER_REFUSED_ROOMS,
		COUNTER_REFUSED_MEMBERS, COUNTER_REFUSED_PERMISSION,
		COUNTER_REFUSED_USER_CONNECTIONS, COUNTER_REFUSED_LOGIN,
		COUNTER_REFUSED_IP_CONNECTIONS, COUNTER_REFUSED_IP_RATE,
		COUNTER_REFUSED_BANNED, COUNTER_REFUSED_TENANT,
		COUNTER_REFUSED_TENANT_CONNECTIONS, COUNTER_DROPPED_SLOW,
		COUNTER_CLOSED_SLOW };

	(void)argument;
	answer_begin_list(answer);
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		answer_number(answer, counter_info(shown[i])->name,
			overall_count(context->arena, shown[i]));
	answer_end_list(answer);
}

static void
show_counters(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	static const char *const columns[] = { "counter", "value", "kind",
		"meaning", NULL };

	(void)argument;
	answer_begin_table(answer, columns);
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_info *info = counter_info((enum counter)i);

		answer_cell_text(answer, info->name);
		answer_cell_number(
			answer, overall_count(context->arena, (enum counter)i));
		answer_cell_text(answer, info->is_gauge ? "gauge" : "total");
		answer_cell_text(answer, info->help);
	}
	answer_end_table(answer);
}

static void
show_option(void *answer, const struct config_listing *listing)
{
	answer_cell_text(answer, listing->name);
	answer_cell_text(answer, listing->value);
	answer_cell_text(answer, listing->origin);
}

static void
show_config(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	static const char *const columns[] = { "option", "value", "origin",
		NULL };

	(void)argument;
	answer_begin_table(answer, columns);
	config_list(context->config, show_option, answer);
	answer_end_table(answer);
}

static void
stop(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	(void)argument;
	log_info("asked to stop by the status socket");
	answer_begin_list(answer);
	answer_text(answer, "state", "stopping");
	answer_end_list(answer);
	context->stop(context->self);
}

static void
drain(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	(void)argument;
	log_info("asked to drain by the status socket");
	answer_begin_list(answer);
	answer_text(answer, "state", "draining");
	answer_end_list(answer);
	context->drain(context->self);
}

static void
reload(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	(void)argument;
	if (!context->reload(context->self)) {
		answer_refuse(answer,
			"the configuration stays as it was, the log says why");
		return;
	}
	answer_begin_list(answer);
	answer_text(answer, "configuration", "read again");
	answer_end_list(answer);
}

static void
reopen(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	(void)argument;
	context->reopen(context->self);
	answer_begin_list(answer);
	answer_text(answer, "logs", "opened again");
	answer_end_list(answer);
}

static bool
read_number(struct text text, unsigned min, unsigned max, unsigned *number)
{
	*number = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || *number > max)
			return false;
		*number = *number * 10 + (unsigned)(text.at[i] - '0');
	}
	return *number >= min && *number <= max;
}

static void
drain_over(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	unsigned seconds;

	if (!read_number(argument, 0, DRAIN_SECONDS_MAX, &seconds)) {
		answer_refuse(answer, "drain N: seconds, from 0 to %d",
			DRAIN_SECONDS_MAX);
		return;
	}
	log_info("asked to drain by the status socket");
	if (!context->drain_over(context->self, seconds)) {
		answer_refuse(answer, "not now, the log says why");
		return;
	}
	answer_begin_list(answer);
	answer_text(answer, "state", "draining");
	answer_number(answer, "seconds", seconds);
	answer_end_list(answer);
}

static void
set_gateways(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	unsigned count;

	if (!read_number(argument, 1, GATEWAYS_MAX, &count)) {
		answer_refuse(answer, "gateways N: a number from 1 to %d",
			GATEWAYS_MAX);
		return;
	}
	if (!context->set_gateways(context->self, count)) {
		answer_refuse(answer, "not all of it can be done, the log "
				      "says why");
		return;
	}
	answer_begin_list(answer);
	answer_number(answer, "gateways", count);
	answer_end_list(answer);
}

static void
upgrade(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	(void)argument;
	if (!context->upgrade(context->self)) {
		answer_refuse(answer, "not now, the log says why");
		return;
	}
	answer_begin_list(answer);
	answer_text(
		answer, "upgrade", "the program file is asked, see the log");
	answer_end_list(answer);
}

static void help(const struct words_context *context, struct text argument,
	struct answer *answer);

static const struct word {
	const char *words; /* with one in capitals: an argument stands there;
			    * with dots at the end: it is all that follows */
	bool is_change;    /* only for the owner and root */
	void (*answer)(const struct words_context *context,
		struct text argument, struct answer *answer);
	const char *help;
} words[] = {
	{ "help", false, help, "this list" },
	{ "show info", false, show_info, "the server in a few numbers" },
	{ "show workers", false, show_workers,
		"its processes; since: seconds in this state" },
	{ "show limits", false, show_limits,
		"how often a limit or a rule held since the start" },
	{ "show counters", false, show_counters,
		"all that the processes count" },
	{ "show config", false, show_config,
		"the configuration, and where each option was set" },
	{ "same ...", true, words_same,
		"KEY HASH PATH: is what stands in a file of the configuration "
		"what is in use? confabd -t asks this" },
	{ "check", false, words_check,
		"is all as it should be? The first row tells" },
	{ "reload", true, reload, "read the configuration again" },
	{ "reopen", true, reopen, "open the log files again" },
	{ "drain", true, drain,
		"send all clients away evenly, then stop the server" },
	{ "drain N", true, drain_over,
		"the same over N seconds instead of drain_seconds" },
	{ "upgrade", true, upgrade,
		"have the program file take over, without a cut" },
	{ "gateways N", true, set_gateways, "have so many gateways" },
	{ "kick ...", true, words_kick,
		"user U [platform P] [REASON], client C [REASON] or room R "
		"user U [REASON]: is sent away, or out of the room" },
	{ "ban ...", true, words_ban,
		"user U [room R] [SECONDS] [REASON], ip A[/BITS] or token J: "
		"may not come in, or not into the room" },
	{ "unban ...", true, words_unban,
		"user U [room R], ip A[/BITS], token J or issued user U|all: "
		"may again" },
	{ "revoke ...", true, words_revoke,
		"user U|all [before TIME]: tokens issued before it count no "
		"more" },
	{ "bans ...", false, words_bans,
		"who is banned, a page of it: [tenant T] [after=N] [limit=N]" },
	{ "say ...", true, words_say,
		"room R TEXT or user U TEXT: a message of the user system" },
	{ "edit ...", true, words_edit,
		"room R ID TEXT: what anybody said there says this" },
	{ "delete ...", true, words_delete,
		"room R ID: takes away what anybody said there" },
	{ "trace ...", true, words_trace,
		"room R, user U or client C [SECONDS]: what happens there, as "
		"it happens" },
	{ "set log LEVEL", true, words_set_log,
		"how much to log, until the next reload" },
	{ "stop", true, stop, "stop the server, keeping all messages" },
};

static void
help(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	static const char *const columns[] = { "words", "meaning", NULL };

	(void)argument;
	(void)context;
	answer_begin_table(answer, columns);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		answer_cell_text(answer, words[i].words);
		answer_cell_text(answer, words[i].help);
	}
	looks_help(answer);
	answer_end_table(answer);
}

static struct text
next_word(struct text *rest)
{
	struct text word = *rest;

	while (word.length > 0 && *word.at == ' ') {
		word.at++;
		word.length--;
	}
	rest->at = word.at;
	rest->length = word.length;
	while (rest->length > 0 && *rest->at != ' ') {
		rest->at++;
		rest->length--;
	}
	word.length = (size_t)(rest->at - word.at);
	return word;
}

/* Are these the same words, however many spaces are between them? */
static bool
same_words(struct text request, const char *expected, struct text *argument)
{
	struct text wanted = text_of(expected);

	*argument = TEXT_LITERAL("");
	for (;;) {
		struct text behind = request;
		struct text one = next_word(&request);
		struct text other = next_word(&wanted);

		if (text_equal(other, TEXT_LITERAL("..."))) {
			*argument = behind;
			return true;
		}
		if (other.length > 0 && isupper((unsigned char)*other.at)) {
			if (one.length == 0)
				return false;
			*argument = one;
			continue;
		}
		if (!text_equal(one, other))
			return false;
		if (one.length == 0)
			return true;
	}
}

static const struct word *
find_word(struct text request, struct text *argument)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (same_words(request, words[i].words, argument))
			return &words[i];
	return NULL;
}

void
words_answer(const struct words_context *context, struct text request,
	bool may_change, struct answer *answer)
{
	struct text rest = request, argument;
	const struct word *word;

	if (text_equal(next_word(&rest), TEXT_LITERAL("json"))) {
		answer->is_json = true;
		request = rest;
	}
	if (looks_answer(context, request, answer))
		return;
	word = find_word(request, &argument);
	if (!word)
		answer_refuse(answer, "unknown words; `help` lists them");
	else if (word->is_change && !may_change)
		answer_refuse(answer,
			"only the server's own user and root may do this");
	else
		word->answer(context, argument, answer);
}
