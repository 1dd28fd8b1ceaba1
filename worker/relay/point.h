/*
 * Points in a stream of another host. In a journal: everything before the batch
 * at a position, and the first so many records of that batch; behind a batch it
 * is its end and 0. In the live stream: all frames up to a number, and 0.
 */
#ifndef WORKER_RELAY_POINT_H
#define WORKER_RELAY_POINT_H

#include <stdbool.h>
#include <stdint.h>

struct point {
	uint64_t position, index;
};

static inline bool
point_is_before(struct point a, struct point b)
{
	return a.position < b.position ||
	       (a.position == b.position && a.index < b.index);
}

static inline bool
point_is_same(struct point a, struct point b)
{
	return a.position == b.position && a.index == b.index;
}

static inline struct point
point_later(struct point a, struct point b)
{
	return point_is_before(a, b) ? b : a;
}

static inline struct point
point_earlier(struct point a, struct point b)
{
	return point_is_before(b, a) ? b : a;
}

#endif
