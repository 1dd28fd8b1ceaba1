/*
 * How many of one address are at this process and have not shown yet who they
 * are: those at the door of a gateway, and those at an api without a key. So
 * one cannot fill it with connections that never come to anything. An IPv6
 * address is its first 64 bits, as in callers.h.
 */
#ifndef WORKER_EDGE_CROWD_H
#define WORKER_EDGE_CROWD_H

#include <stddef.h>
#include <stdint.h>

struct crowd; /* those of one address; their owner has the first of all */

/* One more of this address; crowd_leave() must follow. */
struct crowd *crowd_enter(struct crowd **all, const uint8_t address[16]);
size_t crowd_count(const struct crowd *crowd);
void crowd_leave(struct crowd **all, struct crowd **crowd);

#endif
