/*
 * A pace: so many of something a second, and so many at once after a rest. All
 * zero is a rested one.
 */
#ifndef SHARED_PACE_H
#define SHARED_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t paid_until_ns; /* monotonic; at most `burst` beats ahead */
};

/* One more now? False: not before retry_ms have passed, and nothing was taken.
 * per_second 0: any number. per_second and burst are at most a million. */
bool pace_take(struct pace *pace, uint64_t now_ms, int64_t per_second,
	int64_t burst, uint64_t *retry_ms);

/* The one that was taken counts as so many more; they may be owed. */
void pace_charge(
	struct pace *pace, uint64_t now_ms, int64_t per_second, uint64_t more);

#endif
