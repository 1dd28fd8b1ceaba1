/*
 * Histograms: how long something took, in buckets that are the same for all of
 * them, so that those of several processes add up. They lie in the rows of the
 * scoreboard and go on in the next life of their slot.
 */
#ifndef SHARED_HISTOGRAM_H
#define SHARED_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum histogram_kind {
#define HISTOGRAM(symbol, name, role, help) HISTOGRAM_##symbol,
#include "shared/histograms.def"
#undef HISTOGRAM
	HISTOGRAM_COUNT
};

/* One bucket for each bound and one for what is above the last. */
#define HISTOGRAM_BOUNDS 20
#define HISTOGRAM_BUCKETS (HISTOGRAM_BOUNDS + 1)

/* Microseconds: the most that is still in the bucket of that number. */
extern const uint64_t histogram_bounds[HISTOGRAM_BOUNDS];

/* Written by the process in the slot. */
struct histogram {
	_Atomic uint64_t buckets[HISTOGRAM_BUCKETS];
	_Atomic uint64_t sum_us;
};

_Static_assert(sizeof(struct histogram) == 176, "crosses processes");

/* For the owner only: something took so long. */
void histogram_add(struct histogram *own, uint64_t us);

/* What several hold together. */
struct histogram_sum {
	uint64_t buckets[HISTOGRAM_BUCKETS];
	uint64_t count;
	uint64_t sum_us;
};

void histogram_add_to(
	struct histogram_sum *sum, const struct histogram *histogram);

/* Microseconds that so many of a thousand took at most, as near as buckets
 * tell; 0 when there are none. */
uint64_t histogram_quantile(
	const struct histogram_sum *sum, unsigned per_thousand);

#endif
