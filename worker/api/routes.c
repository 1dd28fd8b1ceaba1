#include "worker/api/routes.h"

#include <string.h>

#include <event2/http.h>

#include "shared/bans.h"
#include "shared/base.h"
#include "shared/codes.h"
#include "shared/config.h"
#include "shared/percent.h"
#include "shared/scoreboard.h"
#include "worker/api/admittance.h"
#include "worker/api/amend.h"
#include "worker/api/arguments_read.h"
#include "worker/api/banning.h"
#include "worker/api/cors.h"
#include "worker/api/directory.h"
#include "worker/api/erase.h"
#include "worker/api/events.h"
#include "worker/api/exchange.h"
#include "worker/api/figures.h"
#include "worker/api/health.h"
#include "worker/api/history.h"
#include "worker/api/intake.h"
#include "worker/api/lists.h"
#include "worker/api/moves.h"
#include "worker/api/profiles/api_profile.h"
#include "worker/api/reply.h"
#include "worker/api/say.h"
#include "worker/api/scene.h"
#include "worker/api/site.h"
#include "worker/api/users.h"
#include "worker/worker.h"

/*
 * Before a row's function is called, all that its columns promise has been
 * done: the key was looked at, the tenant chosen, the data was read (of the
 * body where there is one, and always for POST, else of the query) and is an
 * object, or an array for a batch, and what stands behind the path of a row
 * with an argument was decoded.
 */

#define READ (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD)
#define WITH_BODY EVHTTP_REQ_POST

enum route_trait {
	ROUTE_PAGE = 1,        /* only on listeners with pages */
	ROUTE_KEY = 2,         /* only with a key, see caller.h */
	ROUTE_ARGUMENT = 4,    /* the path goes on: exchange->argument */
	ROUTE_BATCH = 8,       /* the body may be an array */
	ROUTE_EVERYWHERE = 16, /* the tenant may be "*", of a key of all: then
				  it is empty */
};

static const struct route {
	unsigned methods;
	const char *path; /* NULL: every path that is no other's */
	unsigned traits;
	void (*answer)(struct exchange *exchange);
} routes[] = {
	{ READ, "/healthz", 0, health_answer_alive },
	{ READ, "/readyz", 0, health_answer_ready },
	{ READ, "/metrics", ROUTE_KEY, figures_answer_metrics },
	{ READ, "/v1/stats", ROUTE_KEY, figures_answer_stats },
	{ READ, "/v1/traffic", ROUTE_KEY, figures_answer_traffic },
	{ READ, "/v1/events", ROUTE_KEY, events_answer },
	{ WITH_BODY, "/v1/say", ROUTE_KEY | ROUTE_BATCH, say_answer },
	{ WITH_BODY, "/v1/join", ROUTE_KEY, moves_answer_join },
	{ WITH_BODY, "/v1/leave", ROUTE_KEY, moves_answer_leave },
	{ WITH_BODY, "/v1/kick", ROUTE_KEY, moves_answer_kick },
	{ WITH_BODY, "/v1/edit", ROUTE_KEY, amend_answer_edit },
	{ WITH_BODY, "/v1/delete", ROUTE_KEY, amend_answer_delete },
	{ WITH_BODY, "/v1/ban", ROUTE_KEY | ROUTE_EVERYWHERE,
		banning_answer_ban },
	{ WITH_BODY, "/v1/unban", ROUTE_KEY | ROUTE_EVERYWHERE,
		banning_answer_unban },
	{ WITH_BODY, "/v1/revoke", ROUTE_KEY | ROUTE_EVERYWHERE,
		banning_answer_revoke },
	{ READ, "/v1/bans", ROUTE_KEY | ROUTE_EVERYWHERE, banning_answer_list },
	{ READ, "/v1/history", ROUTE_KEY, history_answer },
	{ EVHTTP_REQ_DELETE, "/v1/history", ROUTE_KEY, erase_answer },
	{ READ, "/v1/members", ROUTE_KEY, lists_answer_members },
	{ READ, "/v1/rooms", ROUTE_KEY, lists_answer_rooms },
	{ READ | WITH_BODY, "/v1/online", ROUTE_KEY, users_answer_online },
	{ READ, "/v1/users", ROUTE_KEY, directory_answer },
	{ READ, "/v1/users/", ROUTE_KEY | ROUTE_ARGUMENT, users_answer_user },
	{ READ, "/config.json", ROUTE_PAGE, site_answer_config },
	{ READ, NULL, ROUTE_PAGE, site_answer_page },
};

static const struct {
	unsigned method;
	const char *name;
} methods[] = {
	{ EVHTTP_REQ_GET, "GET, " },
	{ EVHTTP_REQ_HEAD, "HEAD, " },
	{ EVHTTP_REQ_POST, "POST, " },
	{ EVHTTP_REQ_DELETE, "DELETE, " },
};

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
refuse(struct exchange *exchange, int status, unsigned code, const char *words)
{
	if (is_for_backends(exchange))
		reply_send_error(exchange, status, code, words);
	else
		reply_send_text(exchange, status, words);
}

static bool
is_path_of(const struct route *route, const struct exchange *exchange)
{
	size_t length;

	if ((route->traits & ROUTE_PAGE) && is_for_backends(exchange))
		return false;
	if (route->path == NULL)
		return true;
	if (!(route->traits & ROUTE_ARGUMENT))
		return strcmp(route->path, exchange->path) == 0;
	length = strlen(route->path);
	return strncmp(route->path, exchange->path, length) == 0 &&
	       exchange->path[length] != 0;
}

/* The row for path and method; NULL when there is none. Known: the methods of
 * all rows with that path; a page is looked for where nothing else is. */
static const struct route *
find_route(const struct exchange *exchange, unsigned *known)
{
	const struct route *found = NULL;

	*known = 0;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *route = &routes[i];

		if (!is_path_of(route, exchange))
			continue;
		if (route->path == NULL && *known)
			continue;
		*known |= route->methods;
		if (!found && (route->methods & exchange->method))
			found = route;
	}
	return found;
}

static void
tell_methods(struct exchange *exchange, unsigned known)
{
	char words[64] = "";

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (known & methods[i].method)
			strlcat(words, methods[i].name, sizeof(words));
	strlcat(words, "OPTIONS", sizeof(words));
	reply_set_header(exchange, "Allow", words);
}

static void
answer_options(struct exchange *exchange)
{
	struct reply reply = { .status = 204 };

	reply_send(exchange, &reply);
}

static void
answer_without_route(struct exchange *exchange, unsigned known)
{
	if (!known) {
		refuse(exchange, 404, CODE_NOT_FOUND, "no such address");
		return;
	}
	tell_methods(exchange, known);
	if (exchange->method == EVHTTP_REQ_OPTIONS)
		answer_options(exchange);
	else
		refuse(exchange, 405, CODE_BAD_REQUEST,
			"this address does not know that method");
}

static void
read_argument(struct exchange *exchange, const struct route *route)
{
	struct text rest = text_of(exchange->path + strlen(route->path));

	if (!percent_decode(rest, false, &exchange->text))
		arguments_fail(&exchange->data, CODE_BAD_REQUEST,
			"the path is not percent-encoded UTF-8");
	exchange->argument = buffer_text(&exchange->text);
}

/* Beside a body the query can only name the tenant. */
static void
read_data(struct exchange *exchange, const struct route *route)
{
	struct arguments *data = &exchange->data;
	const char *query = exchange_query(exchange);

	if ((exchange->method & WITH_BODY) || exchange_body(exchange).length) {
		arguments_read_query(&exchange->query, query);
		arguments_read_body(data, exchange_body(exchange),
			route->traits & ROUTE_BATCH);
	} else {
		arguments_read_query(data, query);
	}
	if (route->traits & ROUTE_ARGUMENT)
		read_argument(exchange, route);
}

static bool
is_of_all(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	struct arguments *named =
		arguments_has(data, "tenant") ? data : &exchange->query;

	return exchange->caller.may_all &&
	       text_equal(arguments_name(named, "tenant",
				  CALLER_TENANT_BYTES - 1, false),
		       TEXT_LITERAL("*"));
}

/* One of a batch may name another one; who reads it asks again. */
static void
choose_tenant(struct exchange *exchange, const struct route *route)
{
	const struct caller *caller = &exchange->caller;
	const struct config *config = worker_config(exchange->scene->worker);
	struct arguments *query = &exchange->query;

	if ((route->traits & ROUTE_EVERYWHERE) && is_of_all(exchange)) {
		exchange->tenant = TEXT_LITERAL("");
		return;
	}
	exchange->tenant = caller_usual_tenant(caller);
	if (query->is_query)
		exchange->tenant = caller_choose_tenant(
			caller, config, query, exchange->tenant);
	if (query->is_query && query->code != CODE_OK)
		arguments_fail(
			&exchange->data, query->code, "%s", query->error);
	exchange->tenant = caller_choose_tenant(
		caller, config, &exchange->data, exchange->tenant);
}

/* false: it was refused, and answered. */
static bool
admit(struct exchange *exchange)
{
	static const char *const words[] = {
		[ADMITTANCE_NO_KEY] =
			"this needs a key: Authorization: Bearer KEY",
		[ADMITTANCE_WRONG_KEY] = "this is no key of ours",
	};
	enum admittance found =
		admittance_find(&exchange->caller, exchange, TEXT_LITERAL(""));

	if (found == ADMITTANCE_KNOWN)
		return true;
	admittance_ask(exchange);
	reply_send_error(exchange, 401, CODE_FORBIDDEN, words[found]);
	return false;
}

static void
answer_refused(struct exchange *exchange, const struct intake *intake)
{
	exchange->path[0] = 0;
	if (intake->status == 503)
		reply_set_header(exchange, "Retry-After", "1");
	reply_send_error(exchange, intake->status,
		intake->status == 503 ? CODE_UNAVAILABLE : CODE_BAD_REQUEST,
		intake->why);
}

/* The gateway has looked at the first request of a connection alone, which a
 * proxy may use for many, and he may have been banned since. */
static bool
is_banned(const struct exchange *exchange)
{
	const struct worker *worker = exchange->scene->worker;
	const struct ban_subject subject = {
		.tenant = TEXT_LITERAL("default"),
		.address = exchange->peer.address,
	};

	if (!exchange->scene->listener->is_passage ||
		!bans_find(
			worker_arena(worker), &subject, TEXT_LITERAL(""), NULL))
		return false;
	row_count(worker_row(worker), COUNTER_REFUSED_BANNED, 1);
	return true;
}

void
routes_answer(struct exchange *exchange)
{
	const struct intake *refused = exchange_refused(exchange);
	unsigned known;
	const struct route *route = find_route(exchange, &known);

	if (refused) {
		answer_refused(exchange, refused);
		return;
	}
	if (is_banned(exchange)) {
		reply_refuse(exchange, CODE_FORBIDDEN, "you are banned");
		return;
	}
	if (api_profiles_answer(exchange))
		return;
	cors_tell(exchange);
	if (!route) {
		answer_without_route(exchange, known);
		return;
	}
	if (!(route->traits & ROUTE_KEY)) {
		route->answer(exchange);
		return;
	}
	if (!admit(exchange))
		return;
	read_data(exchange, route);
	choose_tenant(exchange, route);
	if (exchange->data.code != CODE_OK)
		reply_refuse_data(exchange);
	else
		route->answer(exchange);
}
