/*
 * Messages for clients of this gateway, and how long they took from the process
 * that took them in: measured once a message and gateway, when the turn that
 * brought it has written what it could. Whose socket is full gets the rest
 * later.
 */
#ifndef WORKER_GATEWAY_DELIVER_H
#define WORKER_GATEWAY_DELIVER_H

#include <stdint.h>

struct gateway;
struct message;

/* To those who get it. begun_us: when it was taken in, as letters tell; 0: not
 * known. */
void deliver_message(struct gateway *gateway, const struct message *message,
	uint32_t begun_us);

/* All of this turn is written. */
void deliver_settle(struct gateway *gateway);

#endif
