/*
 * One request and its reply. Every reply leaves through reply_send(), which
 * adds what all of them carry and counts.
 */
#ifndef WORKER_API_REPLY_H
#define WORKER_API_REPLY_H

#include "shared/text.h"

struct evhttp_request;
struct route_scene;

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_JSON "application/json"

struct exchange {
	const struct route_scene *scene;
	struct evhttp_request *request;
	const char
		*path; /* as it came, without the query; "" when it has none */
};

struct reply {
	int status;
	const char *type;
	struct text body;
};

/* For headers that only some replies have; before reply_send(). */
void reply_set_header(
	struct exchange *exchange, const char *name, const char *value);

/* The body is copied. A HEAD gets the headers only. */
void reply_send(struct exchange *exchange, const struct reply *reply);
void reply_send_text(struct exchange *exchange, int status, const char *words);

/* {"code":…,"error":"…"}, codes as in the protocol. */
void reply_send_error(
	struct exchange *exchange, int status, int code, const char *words);

#endif
