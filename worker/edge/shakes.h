/*
 * A TLS handshake costs up to a millisecond of a processor, and a thousand may
 * be due in one turn of the loop. So each turn has a share for them; whoever
 * finds it used up leaves his bytes in the socket, which wakes him again.
 */
#ifndef WORKER_EDGE_SHAKES_H
#define WORKER_EDGE_SHAKES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

/* All zero is a rested one. */
struct shakes {
	struct timeval turn; /* of the loop, and how many there were in it */
	unsigned count;
	uint64_t busy_ms; /* when some had to wait for the next one */
};

/* One more step of a handshake in this turn, which is named by the loop's time?
 * False: in another one. */
bool shakes_take(struct shakes *shakes, const struct timeval *turn);

/* Have some been kept waiting lately by others? */
bool shakes_keep_waiting(const struct shakes *shakes);

#endif
