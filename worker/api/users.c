#include "worker/api/users.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/client_id.h"
#include "shared/codes.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/message.h"
#include "shared/scoreboard.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/confab_json.h"
#include "worker/edge/entries.h"

#define NAMES_MAX 1000

/* Online */

static void
add_user(struct buffer *json, struct text user,
	const struct entries_platforms *platforms)
{
	const char *before = "";

	confab_add_text(json, json->length > 0 ? "," : "", user);
	buffer_add_string(json, ":[");
	for (size_t i = 0; i < platforms->count; i++) {
		confab_add_number(json, before, platforms->numbers[i]);
		before = ",";
	}
	buffer_add_byte(json, ']');
}

/* Each name once. */
static void
add_users(struct buffer *json, const struct edge *edge, struct text tenant,
	const struct text *names, size_t count)
{
	struct entries_platforms platforms;

	for (size_t i = 0; i < count; i++) {
		entries_platforms(edge, tenant, names[i], &platforms);
		if (platforms.count > 0)
			add_user(json, names[i], &platforms);
	}
}

void
users_answer_online(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	struct text names[NAMES_MAX];
	struct text tenant = exchange->tenant;
	size_t count =
		arguments_list(data, "users", USER_BYTES_MAX, names, NAMES_MAX);
	struct buffer users = { 0 }, json = { 0 };

	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	add_users(&users, &exchange->scene->errands->edge, tenant, names,
		text_sort(names, count));
	buffer_add_string(&json, "{\"online\":{");
	buffer_add_text(&json, buffer_text(&users));
	buffer_add_string(&json, "}}");
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&users);
	buffer_fini(&json);
}

/* One user: each gateway that knows him tells of its part, and the relay of his
 * connections to other hosts. */

struct who_errand {
	struct errand errand;
	size_t missing;
	bool has_told[SLOTS_MAX]; /* only those asked count */
	bool is_asked[SLOTS_MAX];
	struct buffer json; /* of the connections so far */
};

static struct who_errand *
who_of(struct errand *errand)
{
	return (struct who_errand *)errand;
}

static void
add_address(struct buffer *json, const struct client *client)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN] = "";

	if (client->address.length != sizeof(address))
		return;
	memcpy(&address, client->address.at, sizeof(address));
	if (IN6_IS_ADDR_V4MAPPED(&address))
		inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address, text, sizeof(text));
	confab_add_text(json, ",\"address\":", text_of(text));
	confab_add_number(json, ",\"port\":", client->port);
}

static void
add_rooms(struct buffer *json, const struct client *client)
{
	struct unpack in = unpack_of(client->rooms);
	const char *before = "";

	buffer_add_string(json, ",\"rooms\":[");
	while (in.at < in.end && !in.failed) {
		confab_add_text(json, before, unpack_text(&in));
		before = ",";
	}
	buffer_add_byte(json, ']');
	if (client->more)
		buffer_add_string(json, ",\"more\":true");
}

static void
add_client(struct who_errand *who, unsigned slot, const struct client *client)
{
	unsigned host = (unsigned)who->errand.errands->edge.config->host_id;
	char id[CLIENT_ID_LENGTH + 1];

	if (client->host != 0) {
		host = (unsigned)client->host;
		slot = (unsigned)client->slot;
	}
	client_id_write(
		id, host, slot, (uint32_t)client->place, client->secret);
	confab_add_text(&who->json,
		who->json.length > 0 ? ",{\"client\":" : "{\"client\":",
		text_of(id));
	confab_add_number(&who->json, ",\"platform\":", client->platform);
	confab_add_number(&who->json, ",\"host\":", host);
	confab_add_number(&who->json, ",\"since\":", client->since);
	add_address(&who->json, client);
	add_rooms(&who->json, client);
	buffer_add_byte(&who->json, '}');
}

static void
reply_who(struct who_errand *who)
{
	struct exchange *exchange = who->errand.exchange;
	struct buffer json = { 0 };

	confab_add_text(&json, "{\"user\":", exchange->argument);
	buffer_add_string(&json, ",\"connections\":[");
	buffer_add_text(&json, buffer_text(&who->json));
	buffer_add_string(&json, "]}");
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&json);
	errand_end(&who->errand);
}

/* Has this gateway told all it will? Then the last one has the reply made. */
static void
note_told(struct who_errand *who, unsigned slot)
{
	who->has_told[slot] = true;
	if (--who->missing == 0)
		reply_who(who);
}

static bool
is_missing(const struct who_errand *who, unsigned slot)
{
	return slot < SLOTS_MAX && who->is_asked[slot] && !who->has_told[slot];
}

static void
on_who(struct errand *errand, const struct letter *letter)
{
	struct who_errand *who = who_of(errand);
	struct unpack in = letter_open(letter);
	struct who told;

	if (letter->kind != LETTER_WHO || !who_unpack(&in, &told) ||
		!is_missing(who, letter->from))
		return;
	in = unpack_of(told.clients);
	while (in.at < in.end && !in.failed) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct client client;

		if (client_unpack(&one, &client))
			add_client(who, letter->from, &client);
	}
	note_told(who, letter->from);
}

/* Its connections are gone with it. */
static void
on_death(struct errand *errand, unsigned slot)
{
	if (is_missing(who_of(errand), slot))
		note_told(who_of(errand), slot);
}

static void
free_who(struct errand *errand)
{
	buffer_fini(&who_of(errand)->json);
}

static void
ask_gateways(struct who_errand *who, const struct who_wanted *wanted)
{
	struct edge *edge = &who->errand.errands->edge;

	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot)) {
		if (!index_has_user(
			    edge->arena, slot, wanted->tenant, wanted->user))
			continue;
		who_wanted_pack(edge_letter(edge, LETTER_WHO_WANTED), wanted);
		edge_send(edge, slot);
		who->is_asked[slot] = true;
		who->missing++;
	}
	if (who->missing == 0)
		reply_who(who);
}

void
users_answer_user(struct exchange *exchange)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_who,
		.on_death = on_death,
		.on_end = free_who,
	};
	struct arguments *data = &exchange->data;
	struct who_wanted wanted = {
		.tenant = exchange->tenant,
		.user = exchange->argument,
	};
	struct who_errand *who;

	if (!text_is_name(wanted.user, 1, USER_BYTES_MAX))
		arguments_fail(data, CODE_BAD_REQUEST,
			"the path names no user: 1 to %d bytes without control "
			"characters",
			USER_BYTES_MAX);
	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	who = errand_begin(
		exchange->scene->errands, exchange, sizeof(*who), &hooks);
	if (!who)
		return;
	wanted.request = who->errand.request;
	ask_gateways(who, &wanted);
}
