/*
 * Callers: how many connections each address has open on this host, and how
 * many it opened lately, over all gateways. Each gateway counts its own in its
 * partition of the index and reads those of the others; a dead one's count
 * nothing.
 *
 * An address is an IPv4 address, or the first 64 bits of an IPv6 address, since
 * a site has that many for each of its machines to choose from.
 */
#ifndef SHARED_CALLERS_H
#define SHARED_CALLERS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

struct caller_limits {
	uint64_t open;       /* connections; 0: any number */
	uint64_t per_second; /* new ones; 0: any number */
};

enum caller_verdict {
	CALLER_COUNTED,   /* callers_leave() must follow */
	CALLER_UNCOUNTED, /* no limits, an unknown address, or no place for it
			   */
	CALLER_TOO_MANY,
	CALLER_TOO_FAST,
};

/* The owner of a partition: one connection more of this address (IPv6, or IPv4
 * mapped; all zero: unknown). Of two that come to two gateways at the same
 * moment, each may be refused for the other, but the limits are never passed.
 */
enum caller_verdict callers_enter(const struct arena *arena, unsigned own_slot,
	const uint8_t address[16], uint64_t now_ms,
	const struct caller_limits *limits);

/* One that was counted is gone. */
void callers_leave(const struct arena *arena, unsigned own_slot,
	const uint8_t address[16]);

#endif
