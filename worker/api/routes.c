#include "worker/api/routes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "worker/api/pages.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

#define CODE_BAD_REQUEST 1001
#define CODE_NOT_FOUND 1005

/* Where browsers find the WebSocket of a listener with the confab profile. */
#define CHAT_PROFILE "confab"
#define CHAT_PATH "/chat"

/* Addresses of backends, whatever else the listener serves. */
static bool
is_for_backends(const struct exchange *exchange)
{
	const char *path = exchange->path;

	return !exchange->scene->listener->pages ||
	       strncmp(path, "/v1/", 4) == 0 || strcmp(path, "/v1") == 0;
}

/* People get words; whoever talks to the API gets JSON. */
static void
refuse(struct exchange *exchange, int status, int code, const char *words)
{
	if (is_for_backends(exchange))
		reply_send_error(exchange, status, code, words);
	else
		reply_send_text(exchange, status, words);
}

static void
answer_health(struct exchange *exchange)
{
	reply_send_text(exchange, 200, "ok\n");
}

static bool
is_needed(enum role role)
{
	return role == ROLE_GATEWAY || role == ROLE_LEDGER ||
	       role == ROLE_HISTORIAN;
}

static bool
is_serving(const struct row *row)
{
	uint32_t life = atomic_load_explicit(&row->life, memory_order_acquire);
	uint32_t ready_life =
		atomic_load_explicit(&row->ready_life, memory_order_acquire);
	uint32_t state =
		atomic_load_explicit(&row->state, memory_order_acquire);

	return state == CHILD_SERVING && ready_life == life;
}

/* It may be that none is to serve. */
static bool
has_gateways(const struct arena *arena)
{
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);

	for (unsigned i = first; i < first + count; i++)
		if (atomic_load(&arena_row(arena, i)->is_wanted))
			return true;
	return false;
}

static void
answer_ready(struct exchange *exchange)
{
	struct arena *arena = worker_arena(exchange->scene->worker);
	struct buffer words = { 0 };
	struct reply reply = { 200, TYPE_TEXT, TEXT_LITERAL("ok\n") };

	if (*exchange->scene->is_stopping)
		buffer_add_string(&words, "stopping\n");
	if (!has_gateways(arena))
		buffer_add_string(&words, "no gateway serves\n");
	for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
		const struct row *row = arena_row(arena, i);

		if (is_needed(row->role) && atomic_load(&row->is_wanted) &&
			!is_serving(row))
			buffer_add_format(&words, "%s %u is not serving\n",
				role_name(row->role), row->number);
	}
	if (words.length) {
		reply.status = 503;
		reply.body = buffer_text(&words);
	}
	reply_send(exchange, &reply);
	buffer_fini(&words);
}

static bool
speaks_chat(const struct listener *listener)
{
	if (listener->role != LISTENER_WEBSOCKET ||
		strncmp(listener->address, "unix:", 5) == 0)
		return false;
	for (size_t i = 0; i < listener->profile_count; i++)
		if (strcmp(listener->profiles[i], CHAT_PROFILE) == 0)
			return true;
	return false;
}

/* Tells the chat page where its WebSockets are. */
static void
answer_config(struct exchange *exchange)
{
	const struct config *config = worker_config(exchange->scene->worker);
	struct buffer json = { 0 };
	struct reply reply = { 200, TYPE_JSON, { NULL, 0 } };
	const char *comma = "";

	buffer_add_string(&json, "{\"websocket\":[");
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *listener = &config->listeners[i];
		const char *colon = strrchr(listener->address, ':');

		if (!speaks_chat(listener) || colon == NULL)
			continue;
		buffer_add_format(&json,
			"%s{\"port\":%d,\"path\":\"" CHAT_PATH
			"\",\"tls\":false}",
			comma, atoi(colon + 1));
		comma = ",";
	}
	buffer_add_string(&json, "]}");
	reply.body = buffer_text(&json);
	reply_send(exchange, &reply);
	buffer_fini(&json);
}

static void
answer_page(struct exchange *exchange)
{
	const struct web_file *file =
		pages_find(exchange->scene->pages, exchange->path);
	const char *known = evhttp_find_header(
		evhttp_request_get_input_headers(exchange->request),
		"If-None-Match");
	struct reply reply;

	if (file == NULL) {
		refuse(exchange, 404, CODE_NOT_FOUND, "there is nothing here");
		return;
	}
	reply = (struct reply){ 200, file->type, file->body };
	if (known && web_tag_matches(known, file->tag))
		reply.status = 304;
	reply_set_header(exchange, "ETag", file->tag);
	reply_send(exchange, &reply);
}

#define METHODS_READ (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD)

static const struct route {
	unsigned methods;
	const char *allow; /* the same, for people */
	const char *path;  /* NULL: every path that is no other's */
	bool is_page;      /* only on listeners with pages */
	void (*answer)(struct exchange *exchange);
} routes[] = {
	{ METHODS_READ, "GET, HEAD", "/healthz", false, answer_health },
	{ METHODS_READ, "GET, HEAD", "/readyz", false, answer_ready },
	{ METHODS_READ, "GET, HEAD", "/config.json", true, answer_config },
	{ METHODS_READ, "GET, HEAD", NULL, true, answer_page },
};

static const struct route *
find_route(const struct exchange *exchange)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *route = &routes[i];

		if (route->is_page && is_for_backends(exchange))
			continue;
		if (route->path == NULL ||
			strcmp(route->path, exchange->path) == 0)
			return route;
	}
	return NULL;
}

void
routes_answer(const struct route_scene *scene, struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	struct exchange exchange = { scene, request, path ? path : "" };
	const struct route *route = find_route(&exchange);

	if (route == NULL) {
		refuse(&exchange, 404, CODE_NOT_FOUND, "no such address");
		return;
	}
	if (!(evhttp_request_get_command(request) & route->methods)) {
		reply_set_header(&exchange, "Allow", route->allow);
		refuse(&exchange, 405, CODE_BAD_REQUEST,
			"this address does not know that method");
		return;
	}
	route->answer(&exchange);
}
