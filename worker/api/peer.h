/*
 * Who sends a request: the peer of its connection, or whom a trusted proxy
 * names, by its line before the connection or by X-Forwarded-For.
 */
#ifndef WORKER_API_PEER_H
#define WORKER_API_PEER_H

#include <stdbool.h>
#include <stdint.h>

struct evhttp_request;
struct gate;
struct manners;

#define PEER_HOST_BYTES 64

struct peer {
	char host[PEER_HOST_BYTES]; /* "unix" where there is no address */
	uint16_t port;              /* 0: not known */
	uint8_t address[16];        /* all zero: there is none */
	bool is_behind;             /* of a trusted proxy */
};

/* manners: of the listener; NULL for none. */
void peer_find(struct peer *peer, const struct gate *gate,
	struct evhttp_request *request, const struct manners *manners);

#endif
