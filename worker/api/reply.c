#include "worker/api/reply.h"

#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/config.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/scoreboard.h"
#include "worker/api/exchange.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

static const struct {
	int status;
	const char *words;
} statuses[] = {
	{ 200, "OK" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 417, "Expectation Failed" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

/* Codes of the protocol; any other is a bad request. */
static const struct {
	unsigned code;
	int status;
} codes[] = {
	{ CODE_FORBIDDEN, 403 },
	{ CODE_UNAVAILABLE, 503 },
	{ CODE_NOT_FOUND, 404 },
	{ CODE_NOT_STORED, 503 },
	{ CODE_CONFLICT, 409 },
	{ CODE_TOO_MANY, 429 },
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

/* What a page of ours may load and reach, usually (CSP level 2). */
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
	if (exchange->request == NULL)
		return;
	must(evhttp_add_header(
		     evhttp_request_get_output_headers(exchange->request), name,
		     value) == 0);
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
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (methods[i].type == exchange->method)
			return methods[i].name;
	return "?";
}

/* Of one request of so many. What the client chose stands last. */
static void
log_request(const struct exchange *exchange, int status, size_t bytes)
{
	static uint64_t seen;
	const struct config *config = worker_config(exchange->scene->worker);

	if (config->log_requests == 0 ||
		seen++ % (uint64_t)config->log_requests != 0)
		return;
	log_event("request: address %s:%u, status %d, %zu bytes, %s %s",
		exchange->peer.host, exchange->peer.port, status, bytes,
		method_of(exchange), exchange->path);
}

/* The length is told for HEAD too; 304 has neither body nor length. */
static void
add_content(struct exchange *exchange, const struct reply *reply,
	struct evbuffer *body)
{
	char length[24];

	if (reply->status == 304 || reply->status == 204)
		return;
	snprintf(length, sizeof(length), "%zu", reply->body.length);
	reply_set_header(exchange, "Content-Length", length);
	if (reply->type)
		reply_set_header(exchange, "Content-Type", reply->type);
	if (exchange->method == EVHTTP_REQ_HEAD)
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
	reply_set_header(exchange, "Content-Security-Policy",
		exchange->policy ? exchange->policy : POLICY);
	reply_set_header(exchange, "Cache-Control", "no-cache");
	if (*exchange->scene->is_stopping)
		reply_set_header(exchange, "Connection", "close");
	count(exchange, reply, evbuffer_get_length(body));
	log_request(exchange, reply->status, evbuffer_get_length(body));
	exchange_close(exchange, reply->status, words_of(reply->status), body);
	evbuffer_free(body);
}

void
reply_send_text(struct exchange *exchange, int status, const char *words)
{
	struct reply reply = { status, TYPE_TEXT, text_of(words) };

	reply_send(exchange, &reply);
}

void
reply_send_json(struct exchange *exchange, struct text json)
{
	struct reply reply = { 200, TYPE_JSON, json };

	reply_send(exchange, &reply);
}

static void
send_error(struct exchange *exchange, int status, unsigned code,
	const char *words, uint64_t retry_ms)
{
	struct buffer json = { 0 };
	struct reply reply = { status, TYPE_JSON, { NULL, 0 } };

	buffer_add_format(&json, "{\"code\":%u,\"error\":", code);
	json_write_string(&json, text_of(words));
	if (retry_ms)
		buffer_add_format(&json, ",\"retry_ms\":%llu",
			(unsigned long long)retry_ms);
	buffer_add_string(&json, "}");
	reply.body = buffer_text(&json);
	reply_send(exchange, &reply);
	buffer_fini(&json);
}

void
reply_send_error(
	struct exchange *exchange, int status, unsigned code, const char *words)
{
	send_error(exchange, status, code, words, 0);
}

static int
status_of(unsigned code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return codes[i].status;
	return 400;
}

void
reply_refuse(struct exchange *exchange, unsigned code, const char *words)
{
	send_error(exchange, status_of(code), code, words, 0);
}

/* Who waits so many whole seconds has waited long enough. */
void
reply_refuse_for(
	struct exchange *exchange, uint64_t retry_ms, const char *words)
{
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%llu",
		(unsigned long long)((retry_ms + 999) / 1000));
	if (retry_ms)
		reply_set_header(exchange, "Retry-After", seconds);
	send_error(exchange, status_of(CODE_TOO_MANY), CODE_TOO_MANY, words,
		retry_ms);
}

void
reply_refuse_data(struct exchange *exchange)
{
	char words[sizeof(exchange->data.error)];

	strlcpy(words, exchange->data.error, sizeof(words));
	reply_refuse(exchange, exchange->data.code, words);
}
