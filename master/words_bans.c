#include "master/words_bans.h"

#include <string.h>
#include <time.h>

#include "master/answer.h"
#include "master/arguments.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/bans.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/log.h"
#include "shared/network.h"

#define BAN_USAGE                                                              \
	"ban [tenant T] user U [room R] [SECONDS] [REASON], ban [tenant T] "   \
	"ip A[/BITS] [room R] [SECONDS] [REASON] or ban [tenant T] token J "   \
	"[SECONDS] [REASON]"
#define UNBAN_USAGE                                                            \
	"unban [tenant T] user U [room R], ip A[/BITS] [room R], token J or "  \
	"issued user U|all"
#define REVOKE_USAGE                                                           \
	"revoke [tenant T] user U|all [before TIME]: seconds since 1970, "     \
	"2026-01-31T12:00:00Z or now"
#define BANS_USAGE "bans [tenant T] [after=N] [limit=N]"

#define SECONDS_MAX UINT64_C(315360000) /* ten years */

struct order {
	struct ban ban;
	struct network network;
	bool is_of_nobody; /* the tenant is none of the configuration */
};

/* False: it is none, or more than most. */
static bool
read_number(struct text text, uint64_t most, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		*number = *number * 10 + (uint64_t)(text.at[i] - '0');
		if (*number > most)
			return false;
	}
	return text.length > 0;
}

static bool
is_digits(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.length > 0;
}

/* `tenant T`, with * for all. Without it users and tokens are of the tenant
 * default, and addresses are banned in all. */
static void
take_tenant(const struct words_context *context, struct text *rest,
	struct order *order)
{
	struct text *tenant = &order->ban.tenant;
	struct text after;

	if (!arguments_take_tenant(rest, tenant)) {
		after = *rest;
		if (arguments_take_word(&after, "ip"))
			*tenant = TEXT_LITERAL("");
		return;
	}
	if (text_equal(*tenant, TEXT_LITERAL("*")))
		*tenant = TEXT_LITERAL("");
	else
		order->is_of_nobody = !config_tenant(context->config, *tenant);
}

static bool
take_address(struct text *rest, struct order *order)
{
	if (!network_read(arguments_take(rest), &order->network))
		return false;
	order->ban.kind = BAN_ADDRESS;
	order->ban.name = (struct text){ (char *)order->network.address,
		sizeof(order->network.address) };
	order->ban.bits = order->network.bits;
	return true;
}

static bool
take_user_or_all(struct text *rest, struct order *order)
{
	order->ban.kind = BAN_ISSUED;
	if (arguments_take_word(rest, "all"))
		return true;
	if (!arguments_take_word(rest, "user"))
		return false;
	order->ban.name = arguments_take(rest);
	return order->ban.name.length > 0;
}

/* Who, and from which room. */
static bool
take_who(struct text *rest, struct order *order)
{
	struct ban *ban = &order->ban;

	if (arguments_take_word(rest, "token")) {
		ban->kind = BAN_TOKEN;
		ban->name = arguments_take(rest);
		return true;
	}
	if (arguments_take_word(rest, "user")) {
		ban->kind = BAN_USER;
		ban->name = arguments_take(rest);
	} else if (!arguments_take_word(rest, "ip") ||
		   !take_address(rest, order)) {
		return false;
	}
	if (arguments_take_word(rest, "room")) {
		ban->room = arguments_take(rest);
		return ban->room.length > 0;
	}
	return true;
}

/* False: too many. */
static bool
take_seconds(struct text *rest, struct ban *ban)
{
	struct text after = *rest;
	struct text seconds = arguments_take(&after);
	uint64_t number;

	if (!is_digits(seconds))
		return true;
	if (!read_number(seconds, SECONDS_MAX, &number) || number == 0)
		return false;
	ban->until = clock_unix_ms() + number * 1000;
	*rest = after;
	return true;
}

static bool
read_time(struct text text, uint64_t *unix_ms)
{
	struct tm parts = { 0 };
	char string[32];
	uint64_t seconds;
	const char *end;

	if (text_equal(text, TEXT_LITERAL("now"))) {
		*unix_ms = clock_unix_ms();
		return true;
	}
	if (is_digits(text)) {
		if (!read_number(text, MESSAGE_UNIX_MS_MAX / 1000, &seconds))
			return false;
		*unix_ms = seconds * 1000;
		return seconds > 0;
	}
	if (text.length >= sizeof(string))
		return false;
	memcpy(string, text.at, text.length);
	string[text.length] = 0;
	end = strptime(string, "%Y-%m-%dT%H:%M:%SZ", &parts);
	if (!end || *end != 0 || timegm(&parts) <= 0)
		return false;
	*unix_ms = (uint64_t)timegm(&parts) * 1000;
	return true;
}

/* What is wrong with it, or NULL. */
static const char *
fault_of(const struct order *order)
{
	if (order->is_of_nobody)
		return "no tenant is called so";
	if (!text_is_name(order->ban.reason, 0, BAN_REASON_BYTES_MAX))
		return "the reason is up to 256 bytes of UTF-8 without control "
		       "characters";
	if (!ban_is_sound(&order->ban))
		return "a user is 1 to 64, a room or a token 1 to 128 bytes of "
		       "UTF-8 without control characters";
	return NULL;
}

static bool
say_order(const struct words_context *context, const struct ban *ban)
{
	struct buffer packed = { 0 };
	bool is_heard = false;

	ban_pack(&packed, ban);
	if (arena_role_count(context->arena, ROLE_LEDGER) > 0)
		is_heard = context->wish(context->self,
			arena_role_first(context->arena, ROLE_LEDGER),
			buffer_text(&packed));
	buffer_fini(&packed);
	return is_heard;
}

static void
hand_on(const struct words_context *context, const struct order *order,
	struct answer *answer)
{
	const char *fault = fault_of(order);

	if (fault) {
		answer_refuse(answer, "%s", fault);
		return;
	}
	if (order->ban.what == BAN_LIFT &&
		!bans_has(context->arena, &order->ban)) {
		answer_refuse(answer, "there is no such ban");
		return;
	}
	if (!say_order(context, &order->ban)) {
		answer_refuse(
			answer, "the ledger cannot hear it now, ask again");
		return;
	}
	log_info("asked by the status socket to %s a ban",
		order->ban.what == BAN_LIFT ? "lift" : "give");
	answer_begin_list(answer);
	answer_text(answer, "state", "handed on");
	answer_end_list(answer);
}

void
words_ban(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	struct order order = { .ban.what = BAN_SET };

	take_tenant(context, &argument, &order);
	if (!take_who(&argument, &order)) {
		answer_refuse(answer, BAN_USAGE);
		return;
	}
	if (!take_seconds(&argument, &order.ban)) {
		answer_refuse(answer, "a ban is of 1 to 315360000 seconds");
		return;
	}
	order.ban.reason = arguments_take_rest(&argument);
	hand_on(context, &order, answer);
}

void
words_unban(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	struct order order = { .ban.what = BAN_LIFT };
	bool is_read;

	take_tenant(context, &argument, &order);
	if (arguments_take_word(&argument, "issued"))
		is_read = take_user_or_all(&argument, &order);
	else
		is_read = take_who(&argument, &order);
	order.ban.issued = order.ban.kind == BAN_ISSUED;
	if (!is_read || arguments_take_rest(&argument).length > 0)
		answer_refuse(answer, UNBAN_USAGE);
	else
		hand_on(context, &order, answer);
}

void
words_revoke(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	struct order order = { .ban.what = BAN_SET };
	struct text time = TEXT_LITERAL("now");
	bool is_read;

	take_tenant(context, &argument, &order);
	is_read = take_user_or_all(&argument, &order);
	if (is_read && arguments_take_word(&argument, "before"))
		time = arguments_take(&argument);
	if (!is_read || arguments_take_rest(&argument).length > 0 ||
		!read_time(time, &order.ban.issued))
		answer_refuse(answer, REVOKE_USAGE);
	else
		hand_on(context, &order, answer);
}

struct bans_page {
	bool is_of_tenant;
	struct text tenant;
	uint64_t from, limit;
};

static bool
take_option(struct text *rest, const char *name, struct text *value)
{
	struct text after = *rest;
	struct text option = arguments_take(&after);

	if (!text_has_prefix(option, text_of(name)))
		return false;
	*value = (struct text){ option.at + strlen(name),
		option.length - strlen(name) };
	*rest = after;
	return true;
}

static bool
read_page(struct text rest, struct bans_page *page)
{
	struct text value;
	uint64_t after;

	page->is_of_tenant = arguments_take_tenant(&rest, &page->tenant);
	if (text_equal(page->tenant, TEXT_LITERAL("*")))
		page->tenant = TEXT_LITERAL("");
	if (take_option(&rest, "after=", &value)) {
		if (!read_number(value, BANS_NO_PLACE - 1, &after))
			return false;
		page->from = after + 1;
	}
	if (take_option(&rest, "limit=", &value) &&
		(!read_number(value, LOOK_LIMIT_MAX, &page->limit) ||
			page->limit == 0))
		return false;
	return arguments_take_rest(&rest).length == 0;
}

static void
add_time(struct answer *answer, uint64_t unix_ms)
{
	if (unix_ms == 0)
		answer_cell_none(answer);
	else
		answer_cell_number(answer, unix_ms);
}

static void
add_text(struct answer *answer, struct text text)
{
	if (text.length == 0)
		answer_cell_none(answer);
	else
		answer_cell_name(answer, text);
}

static void
add_who(struct answer *answer, const struct ban *ban)
{
	struct network network = { .bits = (uint8_t)ban->bits };
	char text[NETWORK_TEXT_BYTES];

	if (ban->kind != BAN_ADDRESS) {
		add_text(answer, ban->name);
		return;
	}
	memcpy(network.address, ban->name.at, sizeof(network.address));
	network_write(text, &network);
	answer_cell_text(answer, text);
}

static void
add_ban(struct answer *answer, const struct ban_entry *entry)
{
	const struct ban ban = ban_of_entry(entry);

	answer_cell_number(answer, entry->place);
	answer_cell_text(answer, ban_kind_name((enum ban_kind)ban.kind));
	add_who(answer, &ban);
	answer_cell_name(
		answer, ban.tenant.length > 0 ? ban.tenant : TEXT_LITERAL("*"));
	add_text(answer, ban.room);
	answer_cell_number(answer, ban.since);
	add_time(answer, ban.until);
	add_time(answer, ban.issued);
	add_text(answer, ban.reason);
}

void
words_bans(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	static const char *const columns[] = { "ban", "kind", "who", "tenant",
		"room", "since", "until", "before", "reason", NULL };
	struct bans_page page = { .limit = LOOK_LIMIT };
	uint64_t now_ms = clock_unix_ms();
	struct ban_entry entry;
	uint32_t place;

	if (!read_page(argument, &page)) {
		answer_refuse(answer, BANS_USAGE);
		return;
	}
	answer_begin_table(answer, columns);
	for (place = bans_next(context->arena, (uint32_t)page.from, &entry);
		place != BANS_NO_PLACE && page.limit > 0;
		place = bans_next(context->arena, place + 1, &entry)) {
		const struct ban ban = ban_of_entry(&entry);

		if (message_is_over(ban.until, now_ms) ||
			(page.is_of_tenant &&
				!text_equal(ban.tenant, page.tenant)))
			continue;
		add_ban(answer, &entry);
		page.limit--;
	}
	answer_end_table(answer);
}
