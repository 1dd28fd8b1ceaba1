/*
 * What hangs between a socket and evhttp where one does not speak plainly: TLS,
 * by libevent's own bufferevent for OpenSSL with the same contexts as the
 * gateways have. The line of a proxy is the gate's: it comes before all else,
 * which that bufferevent has no place for, so the two do not go together here
 * and the configuration refuses it.
 *
 * The only file that includes bufferevent_ssl.h.
 */
#ifndef WORKER_API_CURTAIN_H
#define WORKER_API_CURTAIN_H

#include <stdbool.h>

struct bufferevent;
struct event_base;
struct manners;

/* For evhttp, which has the descriptor; manners: NULL for none. */
struct bufferevent *curtain_new(
	struct event_base *base, const struct manners *manners);

/* Does it still shake hands? */
bool curtain_is_shaking(struct bufferevent *bufferevent);

/* It does no longer: what is done once then. By a ticket? */
bool curtain_open(struct bufferevent *bufferevent);

/* Nothing more comes from here: says so, and ends our direction. */
void curtain_shut(struct bufferevent *bufferevent);

#endif
