/*
 * One connection at the door, from accept to one of three ends: it enters, it
 * is answered and lingers until the client has seen the answer, or it is
 * dropped. For door.c, which accepts and keeps the time.
 */
#ifndef WORKER_GATEWAY_DOOR_VISIT_H
#define WORKER_GATEWAY_DOOR_VISIT_H

#include <stdbool.h>

#include "worker/gateway/door_hall.h"

/* Takes fd and reads what is there already; the visit may end at once. */
void visit_begin(struct hall *hall, unsigned listener, int fd,
	const struct sockaddr_storage *peer);
void visit_answer(struct visit *visit, int status, bool is_to_head);
void visit_drop(struct visit *visit);

#endif
