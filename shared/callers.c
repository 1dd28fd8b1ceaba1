/*
 * A table of places in buckets: each address may stand in two of them, and a
 * new one takes the emptier. There are twice as many places as connections, so
 * that both are full only when more addresses than that came within two
 * seconds; those are let in uncounted. A place is given to another address when
 * nothing is open and nobody came in the last two seconds.
 *
 * rate is one word, so that it is read whole: the second of the clock (24
 * bits), those who came in it and those who came in the one before (20 bits
 * each).
 */
#include "shared/callers.h"

#include <string.h>

#include "shared/arena.h"
#include "shared/fence.h"
#include "shared/hash.h"
#include "shared/index_partition.h"

#define SECOND_BITS 24
#define COUNT_BITS 20
#define SECOND_MASK ((UINT64_C(1) << SECOND_BITS) - 1)
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

struct rate {
	uint64_t second, now, before;
};

/* What all gateways together count. */
struct sum {
	uint64_t open, now, before;
};

static struct rate
read_rate(uint64_t word, uint64_t second)
{
	struct rate rate = {
		.second = word >> (2 * COUNT_BITS),
		.now = word >> COUNT_BITS & COUNT_MASK,
		.before = word & COUNT_MASK,
	};

	second &= SECOND_MASK;
	if (rate.second == second)
		return rate;
	if (((rate.second + 1) & SECOND_MASK) == second)
		return (struct rate){ second, 0, rate.now };
	return (struct rate){ second, 0, 0 };
}

static uint64_t
rate_word(const struct rate *rate)
{
	return rate->second << (2 * COUNT_BITS) |
	       MIN_OF(rate->now, COUNT_MASK) << COUNT_BITS | rate->before;
}

/* 0 when the address is unknown. */
static uint64_t
key_of(const struct arena *arena, const uint8_t address[16])
{
	static const uint8_t nobody[16];
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_v4 = memcmp(address, mapped, sizeof(mapped)) == 0;

	if (memcmp(address, nobody, sizeof(nobody)) == 0)
		return 0;
	return hash_bytes(arena_key(arena), address, is_v4 ? 16 : 8) | 1;
}

static struct index_caller *
bucket_of(const struct partition *partition, uint64_t key, unsigned which)
{
	uint32_t mask = index_caller_mask(partition);

	return index_callers(
		partition, (uint32_t)(which ? key >> 32 : key >> 1) & mask);
}

static struct index_caller *
find(const struct partition *partition, uint64_t key)
{
	for (unsigned which = 0; which < 2; which++) {
		struct index_caller *bucket = bucket_of(partition, key, which);

		for (unsigned i = 0; i < CALLERS_PER_BUCKET; i++)
			if (index_load_long(&bucket[i].key) == key)
				return &bucket[i];
	}
	return NULL;
}

static bool
is_free(const struct index_caller *caller, uint64_t second)
{
	struct rate rate = read_rate(index_load_long(&caller->rate), second);

	return index_load_long(&caller->key) == 0 ||
	       (index_load(&caller->open) == 0 && rate.now == 0 &&
		       rate.before == 0);
}

/* A free place in the bucket that has more of them, or NULL. */
static struct index_caller *
find_free(const struct partition *own, uint64_t key, uint64_t second)
{
	struct index_caller *found = NULL;
	unsigned most = 0;

	for (unsigned which = 0; which < 2; which++) {
		struct index_caller *bucket = bucket_of(own, key, which);
		struct index_caller *first = NULL;
		unsigned count = 0;

		for (unsigned i = CALLERS_PER_BUCKET; i-- > 0;)
			if (is_free(&bucket[i], second)) {
				first = &bucket[i];
				count++;
			}
		if (count > most) {
			most = count;
			found = first;
		}
	}
	return found;
}

static struct index_caller *
take_place(const struct partition *own, uint64_t key, uint64_t second)
{
	struct index_caller *caller = find(own, key);

	if (caller)
		return caller;
	caller = find_free(own, key, second);
	if (!caller)
		return NULL;
	index_store_long(&caller->key, 0);
	index_store(&caller->open, 0);
	index_store_long(&caller->rate, 0);
	index_store_long(&caller->key, key);
	return caller;
}

/* Adds what one partition counts of this key. */
static void
add_to(struct sum *sum, const struct partition *partition, uint64_t key,
	uint64_t second)
{
	const struct index_caller *caller;
	struct rate rate;
	uint32_t open;

	if (index_life(partition) == 0)
		return;
	caller = find(partition, key);
	if (!caller)
		return;
	open = index_load(&caller->open);
	rate = read_rate(index_load_long(&caller->rate), second);
	if (index_load_long(&caller->key) != key)
		return;
	sum->open += open;
	sum->now += rate.now;
	sum->before += rate.before;
}

static struct sum
sum_of(const struct arena *arena, uint64_t key, uint64_t second)
{
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);
	struct sum sum = { 0 };

	for (unsigned slot = first; slot < first + count; slot++)
		add_to(&sum, arena_partition(arena, slot), key, second);
	return sum;
}

static void
change(struct index_caller *caller, int by, uint64_t second)
{
	struct rate rate = read_rate(index_load_long(&caller->rate), second);

	rate.now += (uint64_t)by;
	index_store(&caller->open, index_load(&caller->open) + (uint32_t)by);
	index_store_long(&caller->rate, rate_word(&rate));
}

/* Those of the second before count less as this one passes. */
static bool
is_too_fast(const struct sum *sum, uint64_t now_ms, uint64_t per_second)
{
	uint64_t left_ms = 1000 - now_ms % 1000;

	return sum->now * 1000 + sum->before * left_ms > per_second * 1000;
}

/* Counted first and read then, with a fence between: of two gateways that do so
 * at once, at least one sees the other. */
enum caller_verdict
callers_enter(const struct arena *arena, unsigned own_slot,
	const uint8_t address[16], uint64_t now_ms,
	const struct caller_limits *limits)
{
	uint64_t key, second = now_ms / 1000;
	enum caller_verdict verdict = CALLER_COUNTED;
	struct index_caller *caller;
	struct sum sum;

	if (limits->open == 0 && limits->per_second == 0)
		return CALLER_UNCOUNTED;
	key = key_of(arena, address);
	if (key == 0)
		return CALLER_UNCOUNTED;
	caller = take_place(arena_partition(arena, own_slot), key, second);
	if (!caller)
		return CALLER_UNCOUNTED;
	change(caller, 1, second);
	fence_say_then_look();
	sum = sum_of(arena, key, second);
	if (limits->open && sum.open > limits->open)
		verdict = CALLER_TOO_MANY;
	else if (limits->per_second &&
		 is_too_fast(&sum, now_ms, limits->per_second))
		verdict = CALLER_TOO_FAST;
	if (verdict != CALLER_COUNTED)
		change(caller, -1, second);
	return verdict;
}

void
callers_leave(
	const struct arena *arena, unsigned own_slot, const uint8_t address[16])
{
	struct index_caller *caller =
		find(arena_partition(arena, own_slot), key_of(arena, address));

	must(caller != NULL && index_load(&caller->open) > 0);
	index_store(&caller->open, index_load(&caller->open) - 1);
}
