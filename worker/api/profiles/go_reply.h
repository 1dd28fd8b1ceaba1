/*
 * Answers as the systems give them that most profiles stand in for: they are
 * written in Go, and so are the words of their refusals.
 */
#ifndef WORKER_API_PROFILES_GO_REPLY_H
#define WORKER_API_PROFILES_GO_REPLY_H

#include "shared/text.h"

struct exchange;

/* What unknown paths are answered with. */
#define GO_NOT_FOUND "404 page not found"

/* {"code","msg","data"}; data: JSON. */
void go_reply(
	struct exchange *exchange, int code, struct text msg, struct text data);

/* The same for who may not, with another status than 200. */
void go_reply_forbid(struct exchange *exchange, int status, int code,
	struct text msg, struct text data);

/* The path of the WebSockets, and no handshake. */
void go_reply_want_handshake(struct exchange *exchange);

#endif
