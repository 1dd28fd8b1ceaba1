/*
 * A number is a place in the table and, above it, the life of this process and
 * how often the place was used, so that no two are the same.
 */
#include "worker/edge/numbers.h"

#include <stdlib.h>

#include "shared/base.h"

#define PLACE_BITS 24
#define USE_BITS 20
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)
#define USE_MASK ((UINT64_C(1) << USE_BITS) - 1)

struct place {
	void *what; /* NULL: free */
	uint64_t number;
	uint32_t uses;
	uint32_t next_free; /* place + 1, 0 = none */
};

struct numbers {
	struct place *places;
	uint32_t capacity;
	uint32_t first_free; /* place + 1, 0 = none */
	uint32_t life;
};

struct numbers *
numbers_new(uint32_t life)
{
	struct numbers *numbers = base_alloc_zeroed(1, sizeof(*numbers));

	numbers->life = life;
	return numbers;
}

void
numbers_free(struct numbers **numbers)
{
	if (!*numbers)
		return;
	for (uint32_t i = 0; i < (*numbers)->capacity; i++)
		must((*numbers)->places[i].what == NULL);
	free((*numbers)->places);
	free(*numbers);
	*numbers = NULL;
}

static void
grow(struct numbers *numbers)
{
	uint32_t old = numbers->capacity;
	uint32_t capacity = old ? old * 2 : 64;

	must(capacity <= PLACE_MASK);
	numbers->places = base_realloc(
		numbers->places, capacity * sizeof(numbers->places[0]));
	for (uint32_t i = capacity; i-- > old;) {
		numbers->places[i] =
			(struct place){ .next_free = numbers->first_free };
		numbers->first_free = i + 1;
	}
	numbers->capacity = capacity;
}

uint64_t
numbers_give(struct numbers *numbers, void *what)
{
	uint32_t at;
	struct place *place;

	must(what != NULL);
	if (!numbers->first_free)
		grow(numbers);
	at = numbers->first_free - 1;
	place = &numbers->places[at];
	numbers->first_free = place->next_free;
	place->what = what;
	place->uses++;
	place->number = (uint64_t)numbers->life << (PLACE_BITS + USE_BITS) |
			(place->uses & USE_MASK) << PLACE_BITS | at;
	return place->number;
}

void
numbers_drop(struct numbers *numbers, uint64_t number)
{
	uint32_t at = (uint32_t)(number & PLACE_MASK);
	struct place *place = &numbers->places[at];

	must(at < numbers->capacity && place->what && place->number == number);
	place->what = NULL;
	place->next_free = numbers->first_free;
	numbers->first_free = at + 1;
}

void *
numbers_find(const struct numbers *numbers, uint64_t number)
{
	uint64_t at = number & PLACE_MASK;

	if (at >= numbers->capacity || numbers->places[at].number != number)
		return NULL;
	return numbers->places[at].what;
}

void *
numbers_next(const struct numbers *numbers, uint32_t *place)
{
	void *what = NULL;

	while (!what && *place < numbers->capacity)
		what = numbers->places[(*place)++].what;
	return what;
}
