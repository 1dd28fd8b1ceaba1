#include "master/words_trace.h"

#include <stdatomic.h>

#include "master/answer.h"
#include "master/arguments.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/records.h"

#define USAGE                                                                  \
	"trace [tenant T] room R [SECONDS], trace [tenant T] user U "          \
	"[SECONDS] or trace client C [SECONDS], from 1 to 600"
#define SECONDS_USUAL 20
#define SECONDS_MAX 600

static bool
read_seconds(struct text text, uint64_t *seconds)
{
	*seconds = text.length == 0 ? SECONDS_USUAL : 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		*seconds = *seconds * 10 + (uint64_t)(text.at[i] - '0');
		if (*seconds > SECONDS_MAX)
			return false;
	}
	return *seconds > 0;
}

static bool
find_client(const struct words_context *context, struct text id,
	struct wish *wish, unsigned *slot)
{
	unsigned first = arena_role_first(context->arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(context->arena, ROLE_GATEWAY);
	struct index_entry entry;
	unsigned host;
	uint32_t place;

	if (!client_id_read(id, &host, slot, &place, &wish->secret) ||
		host != (unsigned)context->config->host_id || *slot < first ||
		*slot >= first + count ||
		!index_read(context->arena, *slot, place, &entry) ||
		entry.secret != wish->secret)
		return false;
	wish->place = place;
	return true;
}

/* Of a client only its gateway knows; ANY_SLOT: all gateways. */
#define ANY_SLOT UINT32_MAX

static bool
read_target(const struct words_context *context, struct text *rest,
	struct wish *wish, unsigned *slot)
{
	bool is_of_tenant = arguments_take_tenant(rest, &wish->tenant);

	*slot = ANY_SLOT;
	if (!config_tenant(context->config, wish->tenant))
		return false;
	if (arguments_take_word(rest, "room")) {
		wish->room = arguments_take(rest);
		return text_is_name(wish->room, 1, ROOM_BYTES_MAX);
	}
	if (arguments_take_word(rest, "user")) {
		wish->user = arguments_take(rest);
		return text_is_name(wish->user, 1, USER_BYTES_MAX);
	}
	return !is_of_tenant && arguments_take_word(rest, "client") &&
	       find_client(context, arguments_take(rest), wish, slot);
}

/* Returns how many gateways have heard it. */
static unsigned
say_wish(const struct words_context *context, const struct wish *wish,
	unsigned only_slot)
{
	unsigned first = arena_role_first(context->arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(context->arena, ROLE_GATEWAY);
	struct buffer packed = { 0 };
	unsigned heard = 0;

	wish_pack(&packed, wish);
	for (unsigned slot = first; slot < first + count; slot++)
		if (only_slot == ANY_SLOT || slot == only_slot)
			heard += context->wish(
				context->self, slot, buffer_text(&packed));
	buffer_fini(&packed);
	return heard;
}

void
words_trace(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	static const char *const columns[] = { "time", "event", "user",
		"platform", "client", "room", "to", "type", "bytes", "dropped",
		NULL };
	struct wish wish = {
		.what = WISH_TRACE,
		.trace = clock_ns(),
	};
	unsigned slot;

	if (!read_target(context, &argument, &wish, &slot)) {
		answer_refuse(answer, "no such target; " USAGE);
		return;
	}
	if (!read_seconds(arguments_take(&argument), &wish.seconds) ||
		argument.length > 0) {
		answer_refuse(answer, USAGE);
		return;
	}
	if (say_wish(context, &wish, slot) == 0) {
		answer_refuse(answer, "no gateway can hear it now, ask again");
		return;
	}
	answer->trace = wish.trace;
	answer->until_ms = clock_ms() + wish.seconds * 1000;
	answer_begin_table(answer, columns);
}

void
words_trace_row(const struct words_context *context, struct answer *answer,
	const struct traced *traced, unsigned slot)
{
	char client[CLIENT_ID_LENGTH + 1] = "";

	if (traced->secret)
		client_id_write(client, (unsigned)context->config->host_id,
			slot, (uint32_t)traced->place, traced->secret);
	answer_cell_number(answer, traced->time);
	answer_cell_name(answer, traced->event);
	answer_cell_name(answer, traced->user);
	answer_cell_number(answer, traced->platform);
	answer_cell_text(answer, client);
	answer_cell_name(answer, traced->room);
	answer_cell_name(answer, traced->to);
	answer_cell_name(answer, traced->type);
	answer_cell_number(answer, traced->bytes);
	answer_cell_number(answer, traced->dropped);
}

void
words_trace_end(const struct words_context *context, uint64_t trace)
{
	const struct wish wish = { .what = WISH_TRACE_END, .trace = trace };

	say_wish(context, &wish, ANY_SLOT);
}
