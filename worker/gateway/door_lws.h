/*
 * The opening handshake, done by libwebsockets on a socket whose head the door
 * has read and checked. libwebsockets gets a copy of the descriptor for the
 * time of one call; afterwards it knows nothing of the connection.
 */
#ifndef WORKER_GATEWAY_DOOR_LWS_H
#define WORKER_GATEWAY_DOOR_LWS_H

#include <stdbool.h>

#include "shared/buffer.h"
#include "shared/text.h"

struct door_lws;

enum door_greeting {
	DOOR_GREETED, /* the 101 is written, the socket is the caller's alone */
	DOOR_GREETING_FAILED, /* the peer is gone or got half of it: close it */
	DOOR_NO_DESCRIPTOR,   /* nothing was written */
};

/* Its tables have as many places as there are descriptors allowed now; above
 * limit no descriptor is ever shown to it. NULL when it cannot (logged). */
struct door_lws *door_lws_new(int limit);
void door_lws_free(struct door_lws **lws);

/* key: 24 characters of base64. offers_confab: confirm subprotocol confab.v1.
 * Reads nothing from the socket and leaves it open in both directions. */
enum door_greeting door_lws_greet(
	struct door_lws *lws, int fd, struct text key, bool offers_confab);

/* The same, and the 101 comes into the buffer instead of to a socket. */
enum door_greeting door_lws_write_greeting(struct door_lws *lws,
	struct text key, bool offers_confab, struct buffer *out);

#endif
