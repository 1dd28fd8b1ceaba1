/*
 * Traces: for a while an operator sees what happens in a room, or what a user
 * or one client does: who asks for what, says, comes and goes, and how large it
 * is, never what is in it. While nobody traces this costs a look at a pointer.
 *
 * A trace tells so many events a second and counts what is more; what the
 * master does not read at once is counted too, and nothing waits.
 */
#ifndef WORKER_GATEWAY_TRACER_H
#define WORKER_GATEWAY_TRACER_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct gateway;
struct message;
struct session;
struct tracer;
struct wish;

/* WISH_TRACE and WISH_TRACE_END. */
void tracer_begin(struct gateway *gateway, const struct wish *wish);
void tracer_end(struct gateway *gateway, uint64_t trace);
void tracer_free(struct tracer **tracer);

/* It asks for something, in the words of its profile. */
void tracer_request(
	const struct session *session, struct text verb, size_t bytes);

/* A message leaves this gateway; session is NULL for an operator's. */
void tracer_said(struct gateway *gateway, const struct session *session,
	const struct message *message);

/* It logs in or out ("login", "logout"). */
void tracer_user(const struct session *session, const char *event);

/* It comes into a room or leaves it ("enter", "exit"). */
void tracer_room(
	const struct session *session, struct text room, const char *event);

#endif
