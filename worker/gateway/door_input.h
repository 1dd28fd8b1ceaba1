/*
 * What comes in from a visitor until his head is whole: the line of a proxy,
 * TLS, the head. For door_visit.c.
 */
#ifndef WORKER_GATEWAY_DOOR_INPUT_H
#define WORKER_GATEWAY_DOOR_INPUT_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/text.h"

struct door_head;
struct visit;

/* Notes how one speaks where he came in. False: too many of his address are
 * here already. */
bool visit_input_begin(struct visit *visit);

/* More of the head: as recv(2). */
ssize_t visit_input(struct visit *visit);

/* The head is whole: a proxy that is trusted may tell in it who calls. */
void visit_take_forwarded(struct visit *visit, const struct door_head *head);

/* Says it all at once; false: the socket does not take it. */
bool visit_say(struct visit *visit, struct text text);

#endif
