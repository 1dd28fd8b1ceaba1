/*
 * One connection at the door, from accept to one of three ends: it enters, it
 * is answered and lingers until the client has seen the answer, or it is
 * dropped. For door.c, which accepts and keeps the time.
 */
#ifndef WORKER_GATEWAY_DOOR_VISIT_H
#define WORKER_GATEWAY_DOOR_VISIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/buffer.h"
#include "worker/gateway/visitor.h"

struct door_lws;
struct event;
struct event_base;
struct hall;

struct visit {
	struct visit *prev, *next;
	struct hall *hall;
	struct event *event;
	int fd;
	unsigned listener;
	bool is_surplus; /* no descriptor was free above K */
	bool is_answered;
	size_t scanned; /* of the head; when answered, bytes drained */
	uint64_t since_ms;
	struct buffer head;
	struct sockaddr_storage peer;
};

/* Where the visits are. */
struct hall {
	struct event_base *base;
	struct door_hooks hooks;
	void *self;
	struct door_limits limits;
	struct door_lws *lws;
	struct visit *waiting, *answered; /* the oldest first */
	size_t count;
	void (*on_left)(struct hall *hall); /* a visit ended */
	uint8_t drain[16384];
};

/* Takes fd and reads what is there already; the visit may end at once. */
void visit_begin(struct hall *hall, unsigned listener, int fd,
	const struct sockaddr_storage *peer);
void visit_answer(struct visit *visit, int status, bool is_to_head);
void visit_drop(struct visit *visit);

#endif
