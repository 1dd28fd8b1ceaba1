/*
 * The HTTP of the profile `client`: a backend registers its system, and from
 * then on tells by the header SystemId for whom it speaks. It sees and reaches
 * the clients of its own system alone; those of others are as good as unknown,
 * and what is said to an unknown one is a success, as with the system that this
 * stands in for.
 *
 *	POST /api/send_to_client {"clientId":"…","sendUserId":"…","code":0,
 *		"msg":"…","data":"…"}
 *	{"code":0,"msg":"success","data":{"messageId":"…"}}
 */
#include "worker/api/profiles/client.h"

#include <stddef.h>

#include <event2/http.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clientele.h"
#include "shared/gojson.h"
#include "shared/index.h"
#include "shared/records.h"
#include "shared/systems.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/profiles/api_profile.h"
#include "worker/api/profiles/go_reply.h"
#include "worker/api/profiles/profiles.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

void
client_reply_done(struct exchange *exchange, struct text data)
{
	go_reply(exchange, 0, TEXT_LITERAL("success"), data);
}

void
client_refuse(struct exchange *exchange, struct text msg)
{
	go_reply(exchange, -1, msg, CLIENT_NOTHING);
}

static void
forbid(struct exchange *exchange, int status)
{
	go_reply_forbid(
		exchange, status, -1, TEXT_LITERAL("未授权"), CLIENT_NOTHING);
}

static void
reply_empty(struct exchange *exchange, int status)
{
	struct reply reply = { .status = status };

	reply_send(exchange, &reply);
}

/* What is asked: which members are read, which of them are needed, and who
 * answers. */

enum order_member {
	CLIENT = 1,
	GROUP = 2,
	SYSTEM = 4,
	SENDER = 8,
	MSG = 16,
	USER = 32,
	EXTEND = 64,
	CODE = 128,
	CLIENTS = 256,
	DATA = 512,
};

#define SPEECH (SENDER | MSG | CODE | DATA)

static const struct text_member {
	unsigned bit;
	const char *name;
	size_t at;
} text_members[] = {
	{ CLIENT, "clientId", offsetof(struct client_order, client) },
	{ GROUP, "groupName", offsetof(struct client_order, group) },
	{ SYSTEM, "systemId", offsetof(struct client_order, system) },
	{ SENDER, "sendUserId", offsetof(struct client_order, sender) },
	{ MSG, "msg", offsetof(struct client_order, msg) },
	{ USER, "userId", offsetof(struct client_order, user) },
	{ EXTEND, "extend", offsetof(struct client_order, extend) },
};

/* A missing element is an empty name. */
static bool
is_list_of_texts(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *element = json_array_get(list, i);

		if (!json_is_string(element) && !json_is_null(element))
			return false;
	}
	return json_is_array(list);
}

/* Is each member that is there of its type? */
static bool
read_order(struct client_order *order, const json_t *body, unsigned members)
{
	const json_t *code = gojson_get(body, "code");

	for (size_t i = 0; i < ARRAY_LEN(text_members); i++) {
		const struct text_member *member = &text_members[i];

		if ((members & member->bit) &&
			!gojson_text(body, member->name,
				(struct text *)(void *)((char *)order +
							member->at)))
			return false;
	}
	if ((members & CODE) && code && !json_is_integer(code))
		return false;
	order->code = json_integer_value(code);
	order->clients = gojson_get(body, "clientIds");
	order->data = gojson_get(body, "data");
	return !(members & CLIENTS) || !order->clients ||
	       is_list_of_texts(order->clients);
}

/* The first one that is needed and missing; NULL: none is. */
static const char *
find_missing(const struct client_order *order, unsigned needed)
{
	if ((needed & CLIENT) && order->client.length == 0)
		return "ClientId为必填字段";
	if ((needed & CLIENTS) && !order->clients)
		return "ClientIds为必填字段";
	if ((needed & GROUP) && order->group.length == 0)
		return "GroupName为必填字段";
	if ((needed & SYSTEM) && order->system.length == 0)
		return "SystemId为必填字段";
	return NULL;
}

static const struct edge *
edge_of(const struct exchange *exchange)
{
	return &exchange->scene->errands->edge;
}

static bool
is_declared(const struct exchange *exchange, struct text system)
{
	return clientele_declares(
		worker_config(exchange->scene->worker), system);
}

/* Is it known for whom the caller speaks? Else it has been refused. */
static bool
is_admitted(struct exchange *exchange)
{
	const char *system = exchange_header(exchange, "SystemId");

	if (!system || !*system) {
		client_refuse(exchange, TEXT_LITERAL("系统ID不能为空"));
		return false;
	}
	exchange->tenant =
		systems_tenant(exchange->caller.tenant, text_of(system));
	if (systems_has(edge_of(exchange)->arena, exchange->tenant) ||
		is_declared(exchange, text_of(system)))
		return true;
	client_refuse(exchange, TEXT_LITERAL("系统ID无效"));
	return false;
}

typedef void order_taker(
	struct exchange *exchange, const struct client_order *order);

static void
take(struct exchange *exchange, unsigned members, unsigned needed,
	order_taker *taker)
{
	struct client_order order = { 0 };
	json_t *body = gojson_read(exchange_body(exchange), true);
	const char *missing;

	if (!(json_is_object(body) || json_is_null(body)) ||
		!read_order(&order, body, members | needed)) {
		reply_empty(exchange, 400);
	} else {
		missing = find_missing(&order, needed);
		if (missing)
			client_refuse(exchange, text_of(missing));
		else
			taker(exchange, &order);
	}
	json_decref(body);
}

/* The same for who must be registered. */
static void
take_of_system(struct exchange *exchange, unsigned members, unsigned needed,
	order_taker *taker)
{
	if (is_admitted(exchange))
		take(exchange, members, needed, taker);
}

static void
answer_send_to_client(struct exchange *exchange)
{
	take_of_system(exchange, SPEECH, CLIENT, client_say_to_client);
}

static void
answer_send_to_clients(struct exchange *exchange)
{
	take_of_system(exchange, SPEECH, CLIENTS, client_say_to_clients);
}

static void
answer_send_to_group(struct exchange *exchange)
{
	take_of_system(exchange, SPEECH, GROUP, client_say_to_group);
}

static void
answer_send_to_system(struct exchange *exchange)
{
	take_of_system(exchange, SPEECH, 0, client_say_to_system);
}

/* Clients */

bool
client_find(const struct exchange *exchange, struct text id, unsigned *slot,
	struct index_entry *entry)
{
	const struct edge *edge = edge_of(exchange);

	if (!text_is_name(id, 1, USER_BYTES_MAX))
		return false;
	for (*slot = edge_first(edge); *slot != EDGE_NO_SLOT;
		*slot = edge_next(edge, *slot))
		if (index_find_newest(edge->arena, *slot, exchange->tenant, id,
			    entry, 1) > 0)
			return true;
	return false;
}

/* Out of a room, or, with none, away. */
static void
kick(struct exchange *exchange, struct text id, struct text room,
	enum kick_why why)
{
	struct edge *edge = &exchange->scene->errands->edge;
	struct index_entry entry;
	unsigned slot;

	if (!client_find(exchange, id, &slot, &entry))
		return;
	kick_pack(
		edge_letter(edge, LETTER_KICK), &(struct kick){
							.place = entry.place,
							.secret = entry.secret,
							.room = room,
							.why = why,
						});
	edge_send(edge, slot);
}

static void
close_client(struct exchange *exchange, const struct client_order *order)
{
	kick(exchange, order->client, TEXT_LITERAL(""), KICK_BY_OPERATOR);
	client_reply_done(exchange, TEXT_LITERAL("{}"));
}

static void
answer_close_client(struct exchange *exchange)
{
	take_of_system(exchange, 0, CLIENT, close_client);
}

static void
unbind(struct exchange *exchange, const struct client_order *order)
{
	char room[ROOM_BYTES_MAX];

	kick(exchange, order->client, clientele_room(room, order->group),
		KICK_TAKEN_OUT);
	client_reply_done(exchange, CLIENT_NOTHING);
}

static void
answer_unbind(struct exchange *exchange)
{
	take_of_system(exchange, 0, CLIENT | GROUP, unbind);
}

static void
tell_online(struct exchange *exchange, const struct client_order *order)
{
	struct index_entry entry;
	unsigned slot;

	client_reply_done(
		exchange, client_find(exchange, order->client, &slot, &entry)
				  ? TEXT_LITERAL("{\"online\":true}")
				  : TEXT_LITERAL("{\"online\":false}"));
}

static void
answer_is_online(struct exchange *exchange)
{
	take_of_system(exchange, 0, CLIENT, tell_online);
}

static void
answer_bind(struct exchange *exchange)
{
	take_of_system(exchange, USER | EXTEND, CLIENT | GROUP, client_bind);
}

static void
answer_list(struct exchange *exchange)
{
	take_of_system(exchange, 0, GROUP, client_list);
}

static void
register_system(struct exchange *exchange, const struct client_order *order)
{
	if (is_declared(exchange, order->system)) {
		client_refuse(exchange, TEXT_LITERAL(CLIENT_IS_THERE));
		return;
	}
	exchange->tenant =
		systems_tenant(exchange->caller.tenant, order->system);
	client_register(exchange);
}

static void
answer_register(struct exchange *exchange)
{
	take(exchange, 0, SYSTEM, register_system);
}

/* No handshake, but the path of one. */
static void
answer_no_handshake(struct exchange *exchange)
{
	reply_set_header(exchange, "Sec-Websocket-Version", "13");
	reply_send_text(exchange, 400, "Bad Request\n404 page not found\n");
}

static void
refuse(struct exchange *exchange, bool is_known_path)
{
	if (is_known_path) {
		reply_empty(exchange, 405);
		return;
	}
	reply_send_text(exchange, 404, "404 page not found\n");
}

static const struct profile_route routes[] = {
	{ EVERY_METHOD, RIGHT_NONE, "/ws", "systemId", answer_no_handshake },
	{ EVERY_METHOD, RIGHT_TENANT, "/api/register", NULL, answer_register },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/send_to_client", NULL,
		answer_send_to_client },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/send_to_clients", NULL,
		answer_send_to_clients },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/send_to_group", NULL,
		answer_send_to_group },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/send_to_system", NULL,
		answer_send_to_system },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/bind_to_group", NULL,
		answer_bind },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/unbind_from_group", NULL,
		answer_unbind },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/get_online_list", NULL,
		answer_list },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/is_online", NULL,
		answer_is_online },
	{ EVHTTP_REQ_POST, RIGHT_TENANT, "/api/close_client", NULL,
		answer_close_client },
};

const struct api_profile api_profile_client = {
	.routes = routes,
	.route_count = ARRAY_LEN(routes),
	.refuse = refuse,
	.forbid = forbid,
};
