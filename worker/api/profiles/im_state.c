/*
 * Who is there: the users of an application as the ledger of its room knows
 * them, one user as the index knows him, and how the host fares.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include <event2/http.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/gojson.h"
#include "shared/index.h"
#include "shared/message.h"
#include "shared/overall.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/form.h"
#include "worker/api/profiles/im.h"
#include "worker/api/profiles/member_names.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/edge.h"
#include "worker/edge/entries.h"
#include "worker/worker.h"

/* So many connections are looked at. */
#define NAMES_MAX 100000

/* Of the query, and of the body behind it; free it. */
static void
read_form(struct form *form, const struct exchange *exchange)
{
	const char *query = exchange_query(exchange);

	form_read(form, text_of(query ? query : ""));
	if (exchange->method == EVHTTP_REQ_POST)
		form_read_body(form, exchange_body(exchange));
}

/* The list */

static void
reply_list(struct exchange *exchange, size_t count, struct text names)
{
	struct buffer json = { 0 };

	buffer_add_format(&json, "{\"userCount\":%zu,\"userList\":[", count);
	buffer_add_text(&json, names);
	buffer_add_string(&json, "]}");
	im_reply(exchange, GOCHAT_OK, buffer_text(&json));
	buffer_fini(&json);
}

static void
refuse_list(struct exchange *exchange, struct text why)
{
	(void)why;
	im_reply(exchange, GOCHAT_SYSTEM, TEXT_LITERAL("{}"));
}

static void
list_room(struct exchange *exchange, uint32_t app, struct text room)
{
	static const struct member_names_hooks hooks = { reply_list,
		refuse_list };
	char bytes[ROOM_BYTES_MAX + 1];

	member_names_ask(
		exchange, IM_TENANT, im_room(bytes, app, room), &hooks);
}

void
im_answer_list(struct exchange *exchange)
{
	struct form form = { .count = 0 };
	struct text room;
	uint32_t app;

	read_form(&form, exchange);
	app = im_read_app(exchange, &form);
	room = form_get(&form, "roomID");
	if (app == 0 || !text_is_name(room, 0, IM_ROOM_BYTES_MAX))
		reply_list(exchange, 0, TEXT_LITERAL(""));
	else
		list_room(exchange, app, room);
	form_fini(&form);
}

/* One user */

/* appID 0: on any platform. */
static bool
is_online(const struct edge *edge, struct text user, int32_t app)
{
	struct entries_platforms platforms;

	if (!text_is_name(user, 1, USER_BYTES_MAX))
		return false;
	entries_platforms(edge, IM_TENANT, user, &platforms);
	for (size_t i = 0; i < platforms.count; i++)
		if (app == 0 || platforms.numbers[i] == (uint32_t)app)
			return true;
	return false;
}

void
im_answer_online(struct exchange *exchange)
{
	const struct edge *edge = &exchange->scene->errands->edge;
	struct form form = { .count = 0 };
	struct buffer json = { 0 };
	struct text user;

	read_form(&form, exchange);
	user = form_get(&form, "userID");
	buffer_add_format(&json, "{\"online\":%s,\"userID\":",
		is_online(edge, user, form_number(&form, "appID")) ? "true"
								   : "false");
	gojson_write_string(&json, user);
	buffer_add_string(&json, ",\"userId\":");
	gojson_write_string(&json, user);
	buffer_add_byte(&json, '}');
	im_reply(exchange, GOCHAT_OK, buffer_text(&json));
	buffer_fini(&json);
	form_fini(&form);
}

/* The host */

/* As host:port, as Go writes it. */
static void
add_address(struct buffer *json, const struct index_entry *entry)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr address;

	memcpy(&address, entry->address, sizeof(address));
	if (IN6_IS_ADDR_V4MAPPED(&address))
		inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address, text, sizeof(text));
	buffer_add_format(json, strchr(text, ':') ? "\"[%s]:%u\"" : "\"%s:%u\"",
		text, entry->port);
}

static void
add_user(struct buffer *json, const struct index_entry *entry)
{
	struct buffer name = { 0 };

	buffer_add_format(&name, "%u_%.*s", entry->platform,
		(int)entry->user_length, entry->user);
	gojson_write_string(json, buffer_text(&name));
	buffer_fini(&name);
}

struct names {
	struct buffer *json;
	const struct arena *arena;
	size_t count;
	void (*add)(struct buffer *json, const struct index_entry *entry);
};

static void
add_slot(struct names *names, unsigned slot)
{
	uint32_t place = index_next(names->arena, slot, 0);
	struct index_entry entry;

	while (place != INDEX_NO_PLACE && names->count < NAMES_MAX) {
		if (index_read(names->arena, slot, place, &entry)) {
			if (names->count++ > 0)
				buffer_add_byte(names->json, ',');
			names->add(names->json, &entry);
		}
		place = index_next(names->arena, slot, place + 1);
	}
}

/* Of all who are logged in, here or at another host. */
static void
add_all(struct buffer *json, const struct edge *edge,
	void (*add)(struct buffer *json, const struct index_entry *entry))
{
	struct names names = { .json = json, .arena = edge->arena, .add = add };

	buffer_add_byte(json, '[');
	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot))
		add_slot(&names, slot);
	buffer_add_byte(json, ']');
}

/* Of who is connected to another host it is known when he has logged in. */
static uint64_t
count_of(const struct arena *arena, enum counter counter)
{
	return overall_count_role(arena, ROLE_GATEWAY, counter) +
	       overall_count(arena, COUNTER_REMOTE_SESSIONS);
}

static void
add_state(struct buffer *json, const struct edge *edge, bool is_debug)
{
	const struct arena *arena = edge->arena;

	buffer_add_string(json,
		"{\"managerInfo\":{\"chanBroadcastLen\":0,\"chanLoginLen\":0,"
		"\"chanRegisterLen\":0,\"chanUnregisterLen\":0");
	if (is_debug) {
		buffer_add_string(json, ",\"clients\":");
		add_all(json, edge, add_address);
	}
	buffer_add_format(json, ",\"clientsLen\":%" PRIu64,
		count_of(arena, COUNTER_CONNECTIONS));
	if (is_debug) {
		buffer_add_string(json, ",\"users\":");
		add_all(json, edge, add_user);
	}
	buffer_add_format(json,
		",\"usersLen\":%" PRIu64
		"},\"numCPU\":%ld,\"numGoroutine\":%" PRIu64 "}",
		count_of(arena, COUNTER_SESSIONS),
		sysconf(_SC_NPROCESSORS_ONLN), overall_wanted(arena));
}

void
im_answer_state(struct exchange *exchange)
{
	struct form form = { .count = 0 };
	struct buffer json = { 0 };

	read_form(&form, exchange);
	add_state(&json, &exchange->scene->errands->edge,
		text_equal(form_get(&form, "isDebug"), TEXT_LITERAL("true")));
	im_reply(exchange, GOCHAT_OK, buffer_text(&json));
	buffer_fini(&json);
	form_fini(&form);
}
