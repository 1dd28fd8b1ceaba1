/*
 * What the profiles `im` and `groupchat` have in common: a request has a seq, a
 * verb and data, and its reply the first two again. Names of members differ.
 *
 *	{"seq":"1","cmd":"heartbeat","data":{}}
 *	{"seq":"1","cmd":"heartbeat","response":{"code":200,
 *		"codeMsg":"Success","data":null}}
 */
#ifndef WORKER_GATEWAY_PROFILES_GOCHAT_H
#define WORKER_GATEWAY_PROFILES_GOCHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/gochat.h"
#include "shared/gojson.h"
#include "shared/text.h"

struct refusal;
struct session;

/* Of what has to wait for its answer. */
#define GOCHAT_SEQ_BYTES_MAX 1024

struct gochat_request {
	struct text seq, verb;
	const json_t *data; /* NULL: missing or null */
};

struct gochat_command {
	const char *verb;
	void (*run)(
		struct session *session, const struct gochat_request *request);
};

struct gochat {
	const char *verb, *words; /* names of members */
	const char *(*code_words)(enum gochat_code code);
};

/* data: JSON. Whatever is not GOCHAT_OK is counted as refused. */
void gochat_reply(const struct gochat *gochat, struct session *session,
	struct text seq, struct text verb, enum gochat_code code,
	const char *data);

/* Runs the command that the frame asks for. What is no request is told in words
 * that are no JSON, a verb that there is not by GOCHAT_NO_ROUTE. */
void gochat_on_text(const struct gochat *gochat,
	const struct gochat_command *commands, size_t count,
	struct session *session, struct text text);

enum gochat_code gochat_code_of(const struct refusal *refusal);

/* An application: 1 and 1.0 are the same, missing is 0; false: no such number.
 */
bool gochat_read_app(const json_t *data, const char *member, uint32_t *app);

/* What a body says to people: a string is its value, of {"msg":…} that;
 * anything else is as it stands in raw. */
struct text gochat_words_of(const json_t *body, struct text raw);

#endif
