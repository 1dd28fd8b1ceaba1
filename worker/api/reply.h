/*
 * The reply to an exchange. Every one leaves through reply_send(), which adds
 * what all of them carry and counts; after that the exchange is gone.
 */
#ifndef WORKER_API_REPLY_H
#define WORKER_API_REPLY_H

#include <stdint.h>

#include "shared/text.h"

struct exchange;

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_JSON "application/json"

struct reply {
	int status;
	const char *type; /* NULL: there is no body */
	struct text body;
};

/* For headers that only some replies have; before reply_send(). */
void reply_set_header(
	struct exchange *exchange, const char *name, const char *value);

/* The body is copied. A HEAD gets the headers only. */
void reply_send(struct exchange *exchange, const struct reply *reply);
void reply_send_text(struct exchange *exchange, int status, const char *words);

void reply_send_json(struct exchange *exchange, struct text json);

/* {"code":…,"error":"…"}, codes as in the protocol; the status that fits the
 * code, or one that is given. */
void reply_refuse(struct exchange *exchange, unsigned code, const char *words);
void reply_send_error(struct exchange *exchange, int status, unsigned code,
	const char *words);

/* Code 1012, with the time after which it may be done; 0: nobody knows. */
void reply_refuse_for(
	struct exchange *exchange, uint64_t retry_ms, const char *words);

/* What went wrong with the data of the exchange. */
void reply_refuse_data(struct exchange *exchange);

#endif
