/*
 * What the door says to those who do not come in: one plain HTTP answer with a
 * length, after which the connection ends.
 */
#ifndef WORKER_GATEWAY_DOOR_ANSWER_H
#define WORKER_GATEWAY_DOOR_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define DOOR_ANSWER_MAX 512

/* Returns the length. A HEAD gets no body (RFC 9110 9.3.2). status: one of
 * those that the door and door_head.h name. */
size_t door_answer_write(
	char answer[DOOR_ANSWER_MAX], int status, bool is_to_head);

#endif
