/*
 * The head of an HTTP request as the door needs it (RFC 9112, RFC 6455 4.2.1):
 * where it ends, what stands in it, and whether it is a good opening handshake.
 * Strict, because what two parsers read differently is an attack.
 */
#ifndef WORKER_GATEWAY_DOOR_HEAD_H
#define WORKER_GATEWAY_DOOR_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

/* More of them than that are forgotten from the left. */
#define DOOR_FORWARDED_MAX 8

/* All texts point into the bytes that were read; at is NULL for what was not
 * there. */
struct door_head {
	struct text method, path, query;
	struct text host, origin, upgrade, key, version, length;
	struct text forwarded[DOOR_FORWARDED_MAX]; /* X-Forwarded-For */
	size_t forwarded_count;
	bool asks_upgrade;  /* Connection has the token upgrade */
	bool offers_confab; /* Sec-WebSocket-Protocol has confab.v1 */
	bool is_coded;      /* Transfer-Encoding stands there */
};

enum door_head_end {
	DOOR_HEAD_MORE,
	DOOR_HEAD_WHOLE,
	DOOR_HEAD_BAD, /* no HTTP, or a line that does not end in CR LF */
};

/* Looks for the end of the head in the bytes so far. scanned: how far the calls
 * before have looked, 0 at first. Whole: it is the length of the head. */
enum door_head_end door_head_find_end(struct text bytes, size_t *scanned);

/* Reads a whole head; 0, or the status to refuse it with: 400 or 505. */
int door_head_read(struct door_head *head, struct text bytes);

/* Does it ask for a WebSocket at all? */
bool door_head_wants_websocket(const struct door_head *head);

/* Is it a good handshake? 101, or the status to refuse it with. */
int door_head_judge(const struct door_head *head);

#endif
