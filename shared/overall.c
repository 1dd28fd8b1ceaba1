#include "shared/overall.h"

#include "shared/arena.h"
#include "shared/ring.h"

uint64_t
overall_count(const struct arena *arena, enum counter counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < arena_shape(arena)->slots; i++)
		sum += row_read(arena_row(arena, i), counter);
	return sum;
}

uint64_t
overall_count_role(
	const struct arena *arena, enum role role, enum counter counter)
{
	unsigned first = arena_role_first(arena, role);
	unsigned count = arena_role_count(arena, role);
	uint64_t sum = 0;

	for (unsigned i = first; i < first + count; i++)
		sum += row_read(arena_row(arena, i), counter);
	return sum;
}

void
overall_histogram(const struct arena *arena, enum histogram_kind kind,
	struct histogram_sum *sum)
{
	*sum = (struct histogram_sum){ 0 };
	for (unsigned i = 0; i < arena_shape(arena)->slots; i++)
		histogram_add_to(sum, &arena_row(arena, i)->histograms[kind]);
}

bool
overall_is_empty(const struct row *row)
{
	return !atomic_load(&row->is_wanted) &&
	       atomic_load(&row->state) == CHILD_ABSENT;
}

uint64_t
overall_wanted(const struct arena *arena)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < arena_shape(arena)->slots; i++)
		count += atomic_load(&arena_row(arena, i)->is_wanted);
	return count;
}

/* In a drain only gateways are about to end. */
const char *
overall_state(const struct arena *arena)
{
	const char *state = "serving";
	bool is_draining = false, has_gateway = false;

	for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
		const struct row *row = arena_row(arena, i);
		uint32_t one = atomic_load(&row->state);

		if (!atomic_load(&row->is_wanted))
			continue;
		has_gateway |= row->role == ROLE_GATEWAY;
		if (one == CHILD_DRAINING && row->role != ROLE_GATEWAY)
			return "stopping";
		if (one == CHILD_DRAINING)
			is_draining = true;
		else if (one != CHILD_SERVING)
			state = "starting";
	}
	if (!has_gateway)
		return "resting";
	return is_draining ? "draining" : state;
}

bool
overall_archived(const struct arena *arena, unsigned ledger, uint64_t *archived)
{
	unsigned slot = arena_role_first(arena, ROLE_HISTORIAN);

	if (arena_role_count(arena, ROLE_HISTORIAN) == 0)
		return false;
	*archived = atomic_load(&arena_row(arena, slot)->archived[ledger]);
	return true;
}

static uint64_t
behind(uint64_t place, uint64_t end)
{
	return end - MIN_OF(place, end);
}

uint64_t
overall_undelivered(const struct row *ledger)
{
	return behind(atomic_load(&ledger->delivered),
		atomic_load(&ledger->journal_end));
}

uint64_t
overall_unarchived(const struct arena *arena, const struct row *ledger)
{
	uint64_t archived;

	if (!overall_archived(arena, ledger->number, &archived))
		return 0;
	return behind(archived, atomic_load(&ledger->journal_end));
}

unsigned
overall_ring_percent(const struct arena *arena)
{
	unsigned slots = arena_shape(arena)->slots;
	uint64_t most = 0;

	for (unsigned from = 0; from < slots; from++) {
		if (atomic_load(&arena_row(arena, from)->pid) == 0)
			continue;
		for (unsigned to = 0; to < slots; to++) {
			const struct ring *ring = arena_ring(arena, from, to);

			if (atomic_load(&arena_row(arena, to)->pid) == 0)
				continue;
			most = MAX_OF(most,
				ring_pending(ring) * 100 / ring->capacity);
		}
	}
	return (unsigned)most;
}
