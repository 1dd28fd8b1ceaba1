/*
 * Who came and went, in the log, for operators who asked for it by
 * log_connections: of all, or of one connection of so many.
 */
#ifndef WORKER_GATEWAY_GUESTBOOK_H
#define WORKER_GATEWAY_GUESTBOOK_H

#include <stdint.h>

struct session;

/* Decides whether this one is noted. */
void guestbook_arrive(struct session *session);
void guestbook_login(const struct session *session, const char *client);

/* Before the session forgets who it was. */
void guestbook_leave(
	const struct session *session, uint16_t code, const char *why);

#endif
