#include "worker/api/exchange.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "shared/base.h"
#include "shared/json.h"
#include "shared/table.h"
#include "worker/api/arguments_read.h"
#include "worker/api/gate.h"

static void
exchange_free(struct exchange *exchange)
{
	DL_DELETE(exchange->among->all, exchange);
	exchange->among->count--;
	arguments_fini(&exchange->data);
	arguments_fini(&exchange->query);
	buffer_fini(&exchange->text);
	free(exchange->path);
	free(exchange);
}

/* A request that evhttp has already taken off its connection is ours. */
static void
on_gone(struct evhttp_connection *connection, void *self)
{
	struct exchange *exchange = self;

	(void)connection;
	if (evhttp_request_get_connection(exchange->request) == NULL)
		evhttp_request_free(exchange->request);
	exchange->request = NULL;
	if (exchange->is_answered)
		exchange_free(exchange);
}

static void
on_sent(struct evhttp_request *request, void *self)
{
	struct exchange *exchange = self;
	struct gate *gate = exchange->gate;

	evhttp_connection_set_closecb(
		evhttp_request_get_connection(request), NULL, NULL);
	exchange_free(exchange);
	gate_go_on(gate);
}

static struct bufferevent *
bufferevent_of(const struct exchange *exchange)
{
	return evhttp_connection_get_bufferevent(
		evhttp_request_get_connection(exchange->request));
}

static void
stop_reading(const struct exchange *exchange)
{
	bufferevent_disable(bufferevent_of(exchange), EV_READ);
}

struct exchange *
exchange_open(struct exchanges *exchanges, const struct route_scene *scene,
	struct gates *gates, struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	struct exchange *exchange = base_alloc_zeroed(1, sizeof(*exchange));

	exchange->scene = scene;
	exchange->request = request;
	exchange->method = evhttp_request_get_command(request);
	exchange->path = base_strdup(path ? path : "");
	exchange->gate = gate_find(gates, bufferevent_of(exchange));
	must(exchange->gate != NULL);
	exchange->among = exchanges;
	DL_APPEND(exchanges->all, exchange);
	exchanges->count++;
	peer_find(&exchange->peer, exchange->gate, request, gates->manners);
	stop_reading(exchange);
	evhttp_connection_set_closecb(
		evhttp_request_get_connection(request), on_gone, exchange);
	evhttp_request_set_on_complete_cb(request, on_sent, exchange);
	return exchange;
}

const char *
exchange_header(const struct exchange *exchange, const char *name)
{
	if (exchange->request == NULL)
		return NULL;
	return evhttp_find_header(
		evhttp_request_get_input_headers(exchange->request), name);
}

int
exchange_socket(const struct exchange *exchange)
{
	return exchange->request ? bufferevent_getfd(bufferevent_of(exchange))
				 : -1;
}

const char *
exchange_query(const struct exchange *exchange)
{
	const struct evhttp_uri *uri =
		evhttp_request_get_evhttp_uri(exchange->request);

	return uri ? evhttp_uri_get_query(uri) : NULL;
}

const struct intake *
exchange_refused(const struct exchange *exchange)
{
	return gate_refused(exchange->gate);
}

struct text
exchange_body(const struct exchange *exchange)
{
	return gate_body(exchange->gate);
}

void
exchange_close(struct exchange *exchange, int status, const char *words,
	struct evbuffer *body)
{
	struct evhttp_request *request = exchange->request;

	struct gate *gate = exchange->gate;

	must(!exchange->is_answered);
	exchange->is_answered = true;
	if (request == NULL) {
		exchange_free(exchange);
		return;
	}
	evhttp_send_reply(request, status, words, body);
	stop_reading(exchange);
	if (gate_refused(gate))
		gate_linger(gate);
}

void
exchanges_fini(struct exchanges *exchanges)
{
	while (exchanges->all)
		exchange_free(exchanges->all);
}
