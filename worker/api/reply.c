#include "worker/api/reply.h"

#include <stdio.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/scoreboard.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

static const struct {
	int status;
	const char *words;
} statuses[] = {
	{ 200, "OK" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 503, "Service Unavailable" },
};

static const struct {
	enum evhttp_cmd_type type;
	const char *name;
} methods[] = {
	{ EVHTTP_REQ_GET, "GET" },
	{ EVHTTP_REQ_HEAD, "HEAD" },
	{ EVHTTP_REQ_POST, "POST" },
	{ EVHTTP_REQ_PUT, "PUT" },
	{ EVHTTP_REQ_DELETE, "DELETE" },
	{ EVHTTP_REQ_OPTIONS, "OPTIONS" },
	{ EVHTTP_REQ_PATCH, "PATCH" },
};

/* What a page of ours may load and reach (CSP level 2). */
#define POLICY "default-src 'self'; connect-src 'self' ws: wss:"

static const char *
words_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].words;
	return "Unknown";
}

void
reply_set_header(struct exchange *exchange, const char *name, const char *value)
{
	struct evkeyvalq *headers =
		evhttp_request_get_output_headers(exchange->request);

	must(evhttp_add_header(headers, name, value) == 0);
}

static void
count(const struct exchange *exchange, const struct reply *reply, size_t bytes)
{
	struct row *row = worker_row(exchange->scene->worker);

	row_count(row, COUNTER_REQUESTS, 1);
	if (reply->status >= 400)
		row_count(row, COUNTER_REQUESTS_REFUSED, 1);
	row_count(row, COUNTER_BYTES_OUT, (int64_t)bytes);
}

static const char *
method_of(const struct exchange *exchange)
{
	enum evhttp_cmd_type type =
		evhttp_request_get_command(exchange->request);

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (methods[i].type == type)
			return methods[i].name;
	return "?";
}

/* Of one request of so many. What the client chose stands last. */
static void
log_request(const struct exchange *exchange, int status, size_t bytes)
{
	static uint64_t seen;
	const struct config *config = worker_config(exchange->scene->worker);
	char *address = NULL;
	uint16_t port = 0;

	if (config->log_requests == 0 ||
		seen++ % (uint64_t)config->log_requests != 0)
		return;
	evhttp_connection_get_peer(
		evhttp_request_get_connection(exchange->request), &address,
		&port);
	log_event("request: address %s:%u, status %d, %zu bytes, %s %s",
		address ? address : "unix", port, status, bytes,
		method_of(exchange), exchange->path);
}

/* The length is told for HEAD too; 304 has neither body nor length. */
static void
add_content(struct exchange *exchange, const struct reply *reply,
	struct evbuffer *body)
{
	char length[24];

	if (reply->status == 304)
		return;
	snprintf(length, sizeof(length), "%zu", reply->body.length);
	reply_set_header(exchange, "Content-Length", length);
	reply_set_header(exchange, "Content-Type", reply->type);
	if (evhttp_request_get_command(exchange->request) == EVHTTP_REQ_HEAD)
		return;
	must(evbuffer_add(body, reply->body.at, reply->body.length) == 0);
}

void
reply_send(struct exchange *exchange, const struct reply *reply)
{
	struct evbuffer *body = evbuffer_new();

	must(body != NULL);
	add_content(exchange, reply, body);
	reply_set_header(exchange, "X-Content-Type-Options", "nosniff");
	reply_set_header(exchange, "Content-Security-Policy", POLICY);
	reply_set_header(exchange, "Cache-Control", "no-cache");
	count(exchange, reply, evbuffer_get_length(body));
	log_request(exchange, reply->status, evbuffer_get_length(body));
	evhttp_send_reply(exchange->request, reply->status,
		words_of(reply->status), body);
	evbuffer_free(body);
}

void
reply_send_text(struct exchange *exchange, int status, const char *words)
{
	struct reply reply = { status, TYPE_TEXT, text_of(words) };

	reply_send(exchange, &reply);
}

void
reply_send_error(
	struct exchange *exchange, int status, int code, const char *words)
{
	struct buffer json = { 0 };
	struct reply reply = { status, TYPE_JSON, { NULL, 0 } };

	buffer_add_format(&json, "{\"code\":%d,\"error\":", code);
	json_write_string(&json, text_of(words));
	buffer_add_string(&json, "}");
	reply.body = buffer_text(&json);
	reply_send(exchange, &reply);
	buffer_fini(&json);
}
