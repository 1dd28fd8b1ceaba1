#include "shared/census.h"

#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/index_walk.h"
#include "shared/tally.h"

#define SHARE_OF_TIME 20

/* The users of one chain by the hashes of their names: 64 keyed bits, so that
 * two users are hardly ever taken for one and nobody can make it happen. */
struct chain {
	const struct arena *arena;
	bool elsewhere;
	uint64_t *users;
	size_t count, room;
};

/* Who was seen by a walk that did not count has been here, too. */
static void
begin(void *self)
{
	(void)self;
}

static void
add_user(void *self, const struct index_entry *entry)
{
	struct chain *chain = self;
	uint64_t user = index_hash(chain->arena,
		(struct text){ entry->tenant, entry->tenant_length },
		(struct text){ entry->user, entry->user_length });

	for (size_t i = 0; i < chain->count; i++)
		if (chain->users[i] == user)
			return;
	if (chain->count == chain->room) {
		chain->room = chain->room ? 2 * chain->room : 64;
		chain->users = base_realloc(
			chain->users, chain->room * sizeof(*chain->users));
	}
	chain->users[chain->count++] = user;
}

/* Fills the chain anew; returns how many connections were looked at. */
static size_t
walk_slots(struct chain *chain, const struct tally *tally, uint32_t number)
{
	const struct index_walk walk = { .begin = begin,
		.connection = add_user,
		.self = chain,
		.most = CENSUS_CONNECTIONS };
	const struct arena_shape *shape = arena_shape(chain->arena);
	size_t looked = 0;

	chain->count = 0;
	for (unsigned slot = 0; slot < shape->slots; slot++)
		if (tally->next[slot] == number &&
			(chain->elsewhere || shape->roles[slot] != ROLE_RELAY))
			looked += index_walk_users(
				chain->arena, slot, number, &walk);
	return looked;
}

uint64_t
census_count(const struct arena *arena, bool elsewhere)
{
	struct chain chain = { .arena = arena, .elsewhere = elsewhere };
	uint32_t chains = index_user_chains(arena), next;
	uint64_t users = 0;
	size_t looked = 0;
	struct tally tally;

	tally_init(&tally, &tally_of_users, arena, TEXT_LITERAL(""));
	next = tally_next(&tally, 0);
	while (next < chains && looked < CENSUS_CONNECTIONS) {
		looked += walk_slots(&chain, &tally, next);
		users += chain.count;
		next = tally_next(&tally, next + 1);
	}
	tally_fini(&tally);
	free(chain.users);
	return users * chains / next;
}

static uint64_t
users(const struct arena *arena, bool elsewhere)
{
	static struct {
		uint64_t users, fresh_until_us;
	} known[2];
	uint64_t begin_us = clock_us(), now_us;

	if (begin_us < known[elsewhere].fresh_until_us)
		return known[elsewhere].users;
	known[elsewhere].users = census_count(arena, elsewhere);
	now_us = clock_us();
	known[elsewhere].fresh_until_us =
		now_us + (now_us - begin_us) * (SHARE_OF_TIME - 1);
	return known[elsewhere].users;
}

uint64_t
census_users(const struct arena *arena)
{
	return users(arena, false);
}

uint64_t
census_cluster(const struct arena *arena)
{
	return users(arena, true);
}
