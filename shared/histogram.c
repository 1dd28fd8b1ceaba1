#include "shared/histogram.h"

const uint64_t histogram_bounds[HISTOGRAM_BOUNDS] = { 50, 100, 250, 500, 1000,
	2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,
	2500000, 5000000, 10000000, 30000000, 60000000, 300000000 };

static uint64_t
load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* Plain adds, no locked instruction: there is one writer. */
static void
add(_Atomic uint64_t *word, uint64_t more)
{
	atomic_store_explicit(word, load(word) + more, memory_order_relaxed);
}

void
histogram_add(struct histogram *own, uint64_t us)
{
	unsigned bucket = 0;

	while (bucket < HISTOGRAM_BOUNDS && us > histogram_bounds[bucket])
		bucket++;
	add(&own->buckets[bucket], 1);
	add(&own->sum_us, us);
}

void
histogram_add_to(struct histogram_sum *sum, const struct histogram *histogram)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t count = load(&histogram->buckets[i]);

		sum->buckets[i] += count;
		sum->count += count;
	}
	sum->sum_us += load(&histogram->sum_us);
}

/* Inside a bucket they are taken to lie evenly. Nothing is known of those above
 * the last bound but that. */
uint64_t
histogram_quantile(const struct histogram_sum *sum, unsigned per_thousand)
{
	double wanted = (double)sum->count * per_thousand / 1000;
	uint64_t below = 0;

	if (sum->count == 0)
		return 0;
	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		uint64_t from = i > 0 ? histogram_bounds[i - 1] : 0;
		uint64_t count = sum->buckets[i];

		if (count > 0 && (double)(below + count) >= wanted)
			return from +
			       (uint64_t)((double)(histogram_bounds[i] - from) *
					  (wanted - (double)below) /
					  (double)count);
		below += count;
	}
	return histogram_bounds[HISTOGRAM_BOUNDS - 1];
}
