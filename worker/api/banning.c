#include "worker/api/banning.h"

#include <string.h>

#include "shared/bans.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/codes.h"
#include "shared/json.h"
#include "shared/network.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/ledgers.h"

#define SECONDS_MAX UINT64_C(315360000) /* ten years */
#define LIST_LIMIT 100
#define LIST_LIMIT_MAX 1000

/* The ledger that keeps bans. */
#define KEEPER 0

/* What a ban of all tenants has for its tenant. */
#define EVERYWHERE TEXT_LITERAL("*")

struct order {
	struct errand errand; /* first */
	struct ban ban;       /* its texts are of the exchange's data */
	struct network network;
};

static void
read_address(struct arguments *data, struct order *order, struct text ip)
{
	if (!network_read(ip, &order->network))
		arguments_fail(data, CODE_BAD_REQUEST,
			"ip: an address, or a network like 192.0.2.0/24");
	order->ban.kind = BAN_ADDRESS;
	order->ban.bits = order->network.bits;
}

/* Who is named by exactly one of three members. */
static void
read_who(struct arguments *data, struct order *order)
{
	struct ban *ban = &order->ban;
	struct text user = arguments_name(data, "user", USER_BYTES_MAX, false);
	struct text ip = arguments_name(data, "ip", NETWORK_TEXT_BYTES, false);
	struct text token =
		arguments_name(data, "token", BAN_NAME_BYTES_MAX, false);

	if ((user.length > 0) + (ip.length > 0) + (token.length > 0) != 1) {
		arguments_fail(data, CODE_BAD_REQUEST,
			"one of user, ip and token is needed, and only one");
	} else if (ip.length > 0) {
		read_address(data, order, ip);
	} else {
		ban->kind = user.length > 0 ? BAN_USER : BAN_TOKEN;
		ban->name = user.length > 0 ? user : token;
	}
	ban->room = arguments_name(data, "room", ROOM_BYTES_MAX, false);
	if (ban->room.length > 0 && ban->kind == BAN_TOKEN)
		arguments_fail(data, CODE_BAD_REQUEST,
			"room: a token is revoked everywhere");
}

/* What narrows a ban and cannot narrow this: passed over, it would let the
 * order reach others than were meant. */
static void
refuse_member(struct arguments *data, const char *member, const char *why)
{
	if (arguments_has(data, member))
		arguments_fail(data, CODE_BAD_REQUEST, "%s: %s", member, why);
}

/* Whose tokens: of a user, or all. */
static void
read_whose(struct arguments *data, struct ban *ban)
{
	refuse_member(data, "token", "goes with neither user nor all");
	refuse_member(data, "ip", "tokens are revoked wherever one comes from");
	refuse_member(data, "room", "tokens are revoked everywhere");
	ban->kind = BAN_ISSUED;
	ban->name = arguments_name(data, "user", USER_BYTES_MAX, false);
	if ((ban->name.length > 0) == arguments_flag(data, "all", false))
		arguments_fail(data, CODE_BAD_REQUEST,
			"one of user and all is needed, and only one");
}

static void
read_how(struct arguments *data, struct ban *ban)
{
	uint64_t seconds = arguments_number(data, "seconds", 1, SECONDS_MAX, 0);

	ban->since = clock_unix_ms();
	ban->until = seconds > 0 ? ban->since + seconds * 1000 : 0;
	ban->reason = arguments_text(data, "reason", BAN_REASON_BYTES_MAX);
	if (!text_is_name(ban->reason, 0, BAN_REASON_BYTES_MAX))
		arguments_fail(data, CODE_BAD_REQUEST,
			"reason: no control characters");
}

static void
write_text(struct buffer *out, const char *name, struct text text)
{
	if (text.length == 0)
		return;
	buffer_add_format(out, ",\"%s\":", name);
	json_write_string(out, text);
}

static void
write_time(struct buffer *out, const char *name, uint64_t unix_ms)
{
	if (unix_ms > 0)
		buffer_add_format(
			out, ",\"%s\":%llu", name, (unsigned long long)unix_ms);
}

static void
write_who(struct buffer *out, const struct ban *ban)
{
	static const char *const names[BAN_KINDS] = {
		[BAN_USER] = "user",
		[BAN_TOKEN] = "token",
		[BAN_ISSUED] = "user",
	};
	struct network network = { .bits = (uint8_t)ban->bits };
	char text[NETWORK_TEXT_BYTES];

	if (ban->kind != BAN_ADDRESS) {
		write_text(out, names[ban->kind], ban->name);
		return;
	}
	memcpy(network.address, ban->name.at, sizeof(network.address));
	network_write(text, &network);
	write_text(out, "ip", text_of(text));
}

/* What does not apply is not there. */
static void
write_ban(struct buffer *out, const struct ban *ban)
{
	buffer_add_format(out, "{\"kind\":\"%s\"",
		ban_kind_name((enum ban_kind)ban->kind));
	write_who(out, ban);
	write_text(out, "tenant",
		ban->tenant.length > 0 ? ban->tenant : EVERYWHERE);
	write_text(out, "room", ban->room);
	write_time(out, "since", ban->since);
	write_time(out, "until", ban->until);
	write_time(out, "issued_before", ban->issued);
	write_text(out, "reason", ban->reason);
	buffer_add_byte(out, '}');
}

static void
reply_done(struct order *order)
{
	struct buffer out = { 0 };

	if (order->ban.what == BAN_SET)
		write_ban(&out, &order->ban);
	else
		buffer_add_string(&out, "{}");
	reply_send_json(order->errand.exchange, buffer_text(&out));
	buffer_fini(&out);
	errand_end(&order->errand);
}

static void
on_letter(struct errand *errand, const struct letter *letter)
{
	if (letter->kind == LETTER_BANNED)
		reply_done((struct order *)errand);
	else if (letter->kind == LETTER_REFUSED)
		errand_refused(errand, letter);
}

/* Asks ledger 0, if nothing is wrong with the data. */
static void
ask(struct exchange *exchange, const struct order *read)
{
	static const struct errand_hooks hooks = { .on_letter = on_letter };
	struct errands *errands = exchange->scene->errands;
	struct order *order;

	if (exchange->data.code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	order = errand_begin(errands, exchange, sizeof(*order), &hooks);
	if (!order)
		return;
	order->ban = read->ban;
	order->network = read->network;
	if (order->ban.kind == BAN_ADDRESS)
		order->ban.name = (struct text){ (char *)order->network.address,
			sizeof(order->network.address) };
	order->ban.request = order->errand.request;
	must(ban_is_sound(&order->ban));
	ban_pack(edge_letter(&errands->edge, LETTER_BAN), &order->ban);
	errand_offer(&order->errand, KEEPER);
}

void
banning_answer_ban(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	struct order order = { .ban.what = BAN_SET };

	order.ban.tenant = exchange->tenant;
	read_who(data, &order);
	read_how(data, &order.ban);
	ask(exchange, &order);
}

void
banning_answer_unban(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	struct order order = { .ban.what = BAN_LIFT };

	order.ban.tenant = exchange->tenant;
	if (arguments_flag(data, "revoked", false)) {
		read_whose(data, &order.ban);
		order.ban.issued = 1; /* it has one; which does not matter */
	} else {
		read_who(data, &order);
	}
	ask(exchange, &order);
}

void
banning_answer_revoke(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	struct order order = { .ban.what = BAN_SET };

	order.ban.tenant = exchange->tenant;
	if (arguments_has(data, "token")) {
		refuse_member(data, "all", "goes with no token");
		refuse_member(data, "issued_before", "goes with no token");
		read_who(data, &order);
	} else {
		read_whose(data, &order.ban);
		order.ban.issued = arguments_number(data, "issued_before", 1,
			MESSAGE_UNIX_MS_MAX, clock_unix_ms());
	}
	read_how(data, &order.ban);
	ask(exchange, &order);
}

struct list {
	bool is_of_all; /* tenants */
	struct text tenant;
	uint64_t from, limit;
	struct buffer out;
};

/* Appends what there is, and tells where to go on. */
static void
write_list(const struct arena *arena, struct list *list)
{
	uint64_t now_ms = clock_unix_ms(), left = list->limit;
	uint32_t last = 0, place = (uint32_t)list->from;
	struct ban_entry entry;

	buffer_add_string(&list->out, "{\"bans\":[");
	while (left > 0 &&
		(place = bans_next(arena, place, &entry)) != BANS_NO_PLACE) {
		const struct ban ban = ban_of_entry(&entry);

		last = place++;
		if (message_is_over(ban.until, now_ms) ||
			(!list->is_of_all &&
				!text_equal(ban.tenant, list->tenant)))
			continue;
		if (left-- < list->limit)
			buffer_add_byte(&list->out, ',');
		write_ban(&list->out, &ban);
	}
	buffer_add_byte(&list->out, ']');
	if (left == 0)
		buffer_add_format(&list->out, ",\"next\":\"%u\"", last);
	buffer_add_byte(&list->out, '}');
}

void
banning_answer_list(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	struct list list = { 0 };

	list.is_of_all =
		exchange->caller.may_all && !arguments_has(data, "tenant");
	list.tenant = exchange->tenant;
	if (arguments_has(data, "after"))
		list.from = 1 + arguments_number(data, "after", 0, BANS_MAX, 0);
	list.limit =
		arguments_number(data, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT);
	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	write_list(exchange->scene->errands->edge.arena, &list);
	reply_send_json(exchange, buffer_text(&list.out));
	buffer_fini(&list.out);
}
