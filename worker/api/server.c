/*
 * The api role: HTTP for people and for backends, by the evhttp of libevent.
 * One evhttp for each listening socket, so that every request knows its
 * listener. Every reply is made at once; only its bytes take their time.
 *
 * A drain leaves the doors open, so that /readyz can say so, until the gateways
 * have gone; an end shuts them and waits a moment for replies on their way.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"
#include "worker/api/pages.h"
#include "worker/api/routes.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

#define HEAD_BYTES_MAX (8 * 1024)
#define BODY_BYTES_MAX (64 * 1024)
#define TIMEOUT_SECONDS 30

/* Accepting rests so long when there is no descriptor left. */
#define REST_MS 200

/* And is told about so often. */
#define TELL_MS 10000

/* Replies on their way hold up an end no longer than this. */
#define FLUSH_MS 1000

/* What gets as far as the routes, so that an address can tell which methods it
 * knows; others are answered with 501. */
#define METHODS                                                                \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | \
		EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH)

struct api;

/* One listening socket. */
struct entrance {
	struct api *api;
	struct evhttp *http;
	struct evhttp_bound_socket *socket; /* NULL once it is shut */
	struct route_scene scene;
};

struct api {
	struct worker *worker;
	struct pages *pages;
	struct entrance *entrances;
	size_t entrance_count;
	unsigned replies; /* on their way */
	bool is_stopping;
	uint64_t end_by_ms;   /* an end was asked for; 0: not yet */
	uint64_t drain_by_ms; /* a drain was asked for; 0: not yet */
	uint64_t told_requests;
};

/* One reply on its way: its last byte or the end of the connection ends it. */
struct departure {
	struct api *api;
	struct evhttp_connection *connection;
};

static void
on_gone(struct evhttp_connection *connection, void *self)
{
	struct departure *departure = self;

	(void)connection;
	departure->api->replies--;
	free(departure);
}

static void
on_sent(struct evhttp_request *request, void *self)
{
	struct departure *departure = self;

	(void)request;
	evhttp_connection_set_closecb(departure->connection, NULL, NULL);
	on_gone(departure->connection, departure);
}

static void
on_request(struct evhttp_request *request, void *self)
{
	struct entrance *entrance = self;
	struct departure *departure = base_alloc(sizeof(*departure));

	departure->api = entrance->api;
	departure->connection = evhttp_request_get_connection(request);
	entrance->api->replies++;
	evhttp_connection_set_closecb(
		departure->connection, on_gone, departure);
	evhttp_request_set_on_complete_cb(request, on_sent, departure);
	routes_answer(&entrance->scene, request);
}

static void
accept_again(evutil_socket_t fd, short what, void *listener)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(listener);
}

/* Without a rest the loop would spin, because the connection still waits. A
 * socket that was shut down stays shut. */
static void
on_accept_failed(struct evconnlistener *listener, void *self)
{
	const struct timeval rest = { .tv_usec = REST_MS * 1000 };
	static uint64_t told_ms;
	int why = errno;

	(void)self;
	evconnlistener_disable(listener);
	if (why == EINVAL)
		return;
	if (told_ms == 0 || clock_ms() - told_ms >= TELL_MS) {
		log_warning(
			"api: cannot accept connections: %s", strerror(why));
		told_ms = clock_ms();
	}
	must(event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT,
		     accept_again, listener, &rest) == 0);
}

static int
open_entrance(struct api *api, struct entrance *entrance,
	const struct heritage_socket *socket)
{
	const struct config *config = worker_config(api->worker);

	*entrance = (struct entrance){
		.api = api,
		.http = evhttp_new(worker_base(api->worker)),
		.scene = { api->worker, api->pages,
			&config->listeners[socket->listener],
			&api->is_stopping },
	};
	must(entrance->http != NULL);
	evhttp_set_max_headers_size(entrance->http, HEAD_BYTES_MAX);
	evhttp_set_max_body_size(entrance->http, BODY_BYTES_MAX);
	evhttp_set_timeout(entrance->http, TIMEOUT_SECONDS);
	evhttp_set_allowed_methods(entrance->http, METHODS);
	evhttp_set_gencb(entrance->http, on_request, entrance);
	evutil_make_socket_nonblocking(socket->fd);
	entrance->socket =
		evhttp_accept_socket_with_handle(entrance->http, socket->fd);
	if (entrance->socket == NULL) {
		log_error("api: cannot accept on %s",
			entrance->scene.listener->address);
		return -1;
	}
	evconnlistener_set_error_cb(
		evhttp_bound_socket_get_listener(entrance->socket),
		on_accept_failed);
	return 0;
}

static bool
is_mine(const struct api *api, const struct heritage_socket *socket)
{
	const struct config *config = worker_config(api->worker);

	return config->listeners[socket->listener].role == LISTENER_API &&
	       (socket->slot == worker_slot(api->worker) ||
		       socket->slot == HERITAGE_ANY_SLOT);
}

static int
open_entrances(struct api *api)
{
	const struct heritage *heritage = worker_heritage(api->worker);

	api->entrances = base_alloc_zeroed(
		heritage->socket_count, sizeof(*api->entrances));
	for (size_t i = 0; i < heritage->socket_count; i++) {
		struct entrance *entrance =
			&api->entrances[api->entrance_count];

		if (!is_mine(api, &heritage->sockets[i]))
			continue;
		api->entrance_count++;
		if (open_entrance(api, entrance, &heritage->sockets[i]) < 0)
			return -1;
	}
	return 0;
}

static bool
gateways_are_gone(const struct api *api)
{
	const struct arena *arena = worker_arena(api->worker);
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);

	for (unsigned i = first; i < first + count; i++)
		if (atomic_load_explicit(&arena_row(arena, i)->pid,
			    memory_order_relaxed) != 0)
			return false;
	return true;
}

static void
shut_entrances(struct api *api)
{
	for (size_t i = 0; i < api->entrance_count; i++) {
		struct entrance *entrance = &api->entrances[i];

		if (entrance->socket)
			evhttp_del_accept_socket(
				entrance->http, entrance->socket);
		entrance->socket = NULL;
	}
}

static void
begin_end(struct api *api, uint64_t now_ms)
{
	if (api->end_by_ms)
		return;
	api->end_by_ms = now_ms + FLUSH_MS;
	shut_entrances(api);
}

static void
end_when_done(struct api *api, uint64_t now_ms)
{
	if (api->drain_by_ms &&
		(now_ms >= api->drain_by_ms || gateways_are_gone(api)))
		begin_end(api, now_ms);
	if (api->end_by_ms && (api->replies == 0 || now_ms >= api->end_by_ms))
		worker_end(api->worker);
}

static void
on_stop(void *self, enum worker_stop how)
{
	struct api *api = self;
	uint64_t now_ms = worker_now_ms(api->worker);

	api->is_stopping = true;
	if (how == WORKER_STOP_NOW)
		begin_end(api, now_ms);
	else
		api->drain_by_ms =
			now_ms +
			(uint64_t)worker_config(api->worker)->drain_seconds;
	end_when_done(api, now_ms);
}

static void
on_tick(void *self, uint64_t now_ms)
{
	struct api *api = self;
	uint64_t requests = row_read(worker_row(api->worker), COUNTER_REQUESTS);

	end_when_done(api, now_ms);
	if (requests == api->told_requests)
		return;
	api->told_requests = requests;
	worker_set_title(
		api->worker, "%llu requests", (unsigned long long)requests);
}

static void
close_entrances(struct api *api)
{
	for (size_t i = 0; i < api->entrance_count; i++)
		if (api->entrances[i].http)
			evhttp_free(api->entrances[i].http);
	free(api->entrances);
}

int
api_main(struct worker *worker)
{
	static const struct worker_hooks hooks = {
		.on_tick = on_tick,
		.on_stop = on_stop,
	};
	struct api api = {
		.worker = worker,
		.pages = pages_new(worker_config(worker)->web_dir),
	};
	int code = 1;

	if (open_entrances(&api) == 0) {
		worker_set_title(worker, "0 requests");
		worker_run(worker, &hooks, &api);
		code = 0;
	}
	close_entrances(&api);
	pages_free(&api.pages);
	return code;
}
