/*
 * How many of one address stand at the door of this process, so that one cannot
 * fill it with connections that never come to a handshake. An IPv6 address is
 * its first 64 bits, as in callers.h.
 */
#ifndef WORKER_GATEWAY_DOOR_CROWD_H
#define WORKER_GATEWAY_DOOR_CROWD_H

#include <stddef.h>
#include <stdint.h>

struct crowd; /* those of one address; a hall has the first of all */

/* One more of this address; crowd_leave() must follow. */
struct crowd *crowd_enter(struct crowd **all, const uint8_t address[16]);
size_t crowd_count(const struct crowd *crowd);
void crowd_leave(struct crowd **all, struct crowd **crowd);

#endif
