#include "worker/peers.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"

struct peers {
	struct arena *arena;
	unsigned own_slot;
	unsigned slots;
	peers_changed *changed;
	void *self;
	uint32_t told[]; /* by slot: the life last told to be up; 0: none is */
};

struct peers *
peers_new(struct arena *arena, unsigned own_slot, peers_changed *changed,
	void *self)
{
	unsigned slots = arena_shape(arena)->slots;
	struct peers *peers = base_alloc_zeroed(
		1, sizeof(*peers) + slots * sizeof(peers->told[0]));

	peers->arena = arena;
	peers->own_slot = own_slot;
	peers->slots = slots;
	peers->changed = changed;
	peers->self = self;
	return peers;
}

void
peers_free(struct peers **peers)
{
	free(*peers);
	*peers = NULL;
}

/* The life that a slot's process has, 0 when there is none. The master writes
 * the life before the state at a start and the state first at a reap. */
static uint32_t
life_there(const struct row *row)
{
	uint32_t state =
		atomic_load_explicit(&row->state, memory_order_acquire);

	if (state == CHILD_ABSENT || state == CHILD_RESTING)
		return 0;
	return atomic_load_explicit(&row->life, memory_order_acquire);
}

bool
peers_is_current(const struct arena *arena, unsigned slot, uint32_t life)
{
	if (slot >= arena_shape(arena)->slots || life == 0)
		return false;
	return life_there(arena_row(arena, slot)) == life;
}

static uint32_t
serving_life(const struct row *row)
{
	uint32_t life = life_there(row);
	uint32_t ready =
		atomic_load_explicit(&row->ready_life, memory_order_acquire);

	return life == ready ? life : 0;
}

static void
look_at(struct peers *peers, unsigned slot)
{
	uint32_t life = serving_life(arena_row(peers->arena, slot));
	uint32_t old = peers->told[slot];

	if (slot == peers->own_slot || life == old)
		return;
	peers->told[slot] = life;
	if (old != 0)
		peers->changed(slot, old, false, peers->self);
	if (life != 0)
		peers->changed(slot, life, true, peers->self);
}

void
peers_look(struct peers *peers)
{
	for (unsigned i = 0; i < peers->slots; i++)
		look_at(peers, i);
}

void
peers_expect(struct peers *peers, unsigned slot, uint32_t life)
{
	if (peers->told[slot] != life)
		look_at(peers, slot);
}
