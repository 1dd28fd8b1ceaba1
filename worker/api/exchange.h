/*
 * One request and its answer, which may be given at once or much later. Whoever
 * answers it calls one of reply.h's reply_send…(), exactly once, and it is gone
 * with that. The client may leave in between: that changes nothing for him who
 * answers; his reply is counted and goes nowhere.
 *
 * A connection is not read from the end of a request to the last byte of its
 * reply, whatever evhttp thinks of that (2.1.12 begins again with the reply): a
 * client that does not take its reply must not fill our memory with its next
 * requests, and one that has shut its sending side has not left. Whoever gives
 * evhttp its bufferevents takes those that call nobody back from within a
 * write.
 */
#ifndef WORKER_API_EXCHANGE_H
#define WORKER_API_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/text.h"
#include "worker/api/caller.h"
#include "worker/api/peer.h"
#include "worker/edge/arguments.h"

struct evbuffer;
struct evhttp_request;
struct exchange;
struct gate;
struct gates;
struct intake;
struct route_scene;

/* Those of one entrance that are not over: an answer is due, or its bytes are
 * on their way. */
struct exchanges {
	struct exchange *all;
	unsigned count;
};

struct exchange {
	const struct route_scene *scene;
	unsigned method;       /* enum evhttp_cmd_type */
	char *path;            /* without the query, as it came */
	struct text argument;  /* behind the path of a route that takes one */
	struct arguments data; /* of the body, or else of the query */
	struct caller caller;  /* of a route that needs a key */
	struct text tenant;    /* that it is about; of such a route, too */
	struct peer peer;      /* the client */
	const char *policy;    /* of a page that may reach more than the usual
				* one; NULL: that one */

	/* Of exchange.c and reply.c alone. */
	struct evhttp_request *request; /* NULL: the client has left */
	struct gate *gate;
	struct exchanges *among;
	struct exchange *prev, *next;
	struct arguments query; /* beside a body */
	struct buffer text;     /* of the argument */
	bool is_answered;
};

/* For what evhttp takes for a request, by a connection with a gate. */
struct exchange *exchange_open(struct exchanges *exchanges,
	const struct route_scene *scene, struct gates *gates,
	struct evhttp_request *request);

/* Of the request; NULL when there is none, or the client has left. */
const char *exchange_header(const struct exchange *exchange, const char *name);

/* Its descriptor; -1 when the client has left. */
int exchange_socket(const struct exchange *exchange);

/* Without its '?', as it came; NULL when there is none. */
const char *exchange_query(const struct exchange *exchange);

/* Why it was refused while it came in, in its status and why; NULL: it was not.
 * Asked for before it is answered. */
const struct intake *exchange_refused(const struct exchange *exchange);

/* The body of a request that was not answered yet. */
struct text exchange_body(const struct exchange *exchange);

/* For reply.c: sends the headers set so far and the body, and lets go. */
void exchange_close(struct exchange *exchange, int status, const char *words,
	struct evbuffer *body);

/* At the end of the process: frees those that nobody has answered. */
void exchanges_fini(struct exchanges *exchanges);

#endif
