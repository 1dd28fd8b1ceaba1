/*
 * What hangs between a socket and evhttp where one does not speak plainly: TLS,
 * by libevent's own bufferevent for OpenSSL with the same contexts as the
 * gateways have. It reads what the gate lets it: the line of a proxy comes
 * before all else, and a handshake waits for its turn.
 *
 * The only file that includes bufferevent_ssl.h.
 */
#ifndef WORKER_API_CURTAIN_H
#define WORKER_API_CURTAIN_H

#include <stdbool.h>

#include "shared/tls_source.h"

struct bufferevent;
struct event_base;
struct manners;

/* For evhttp, which has the descriptor; manners: NULL for none. */
struct bufferevent *curtain_new(
	struct event_base *base, const struct manners *manners);

/* Once evhttp has hung the descriptor in and before the loop goes on: where TLS
 * is spoken, it reads from there; and no more, when self goes. */
void curtain_read_by(
	struct bufferevent *bufferevent, tls_source *source, void *self);
void curtain_read_no_more(struct bufferevent *bufferevent);

/* Does it still shake hands? */
bool curtain_is_shaking(struct bufferevent *bufferevent);

/* It does no longer: what is done once then. By a ticket? */
bool curtain_open(struct bufferevent *bufferevent);

/* Nothing more comes from here: says so, and ends our direction. */
void curtain_shut(struct bufferevent *bufferevent);

#endif
