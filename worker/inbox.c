#include "worker/inbox.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/letter.h"
#include "shared/ring.h"

/* The share of one sender in one turn. Small enough that what a turn makes of
 * it fits into the outbox of a client before it is flushed: a gateway that was
 * held up finds full rings, and its clients are not to blame for that. The
 * journal takes as many messages a second as with 256 kB. */
#define TURN_LETTERS_MAX 512
#define TURN_BYTES_MAX (64u << 10)

struct inbox {
	struct arena *arena;
	uint64_t letter_end;
	unsigned slots;
	struct ring_reader readers[]; /* by slot of the sender */
};

struct inbox *
inbox_new(struct arena *arena, unsigned slot)
{
	unsigned slots = arena_shape(arena)->slots;
	struct inbox *inbox = base_alloc_zeroed(
		1, sizeof(*inbox) + slots * sizeof(struct ring_reader));

	inbox->arena = arena;
	inbox->slots = slots;
	for (unsigned i = 0; i < slots; i++)
		ring_reader_start(
			&inbox->readers[i], arena_ring(arena, i, slot));
	return inbox;
}

void
inbox_free(struct inbox **inbox)
{
	free(*inbox);
	*inbox = NULL;
}

static unsigned
take_from(struct inbox *inbox, unsigned from, inbox_reader *read, void *self)
{
	struct ring_reader *reader = &inbox->readers[from];
	unsigned count = 0;
	uint64_t bytes = 0;

	while (count < TURN_LETTERS_MAX && bytes < TURN_BYTES_MAX) {
		const struct letter *letter = ring_next(reader);

		if (!letter)
			break;
		must(letter->from == from);
		inbox->letter_end = reader->position;
		count++;
		bytes += letter->size;
		read(letter, self);
	}
	return count;
}

unsigned
inbox_take(struct inbox *inbox, inbox_reader *read, void *self)
{
	unsigned count = 0;

	for (unsigned i = 0; i < inbox->slots; i++)
		count += take_from(inbox, i, read, self);
	return count;
}

bool
inbox_is_empty(const struct inbox *inbox)
{
	for (unsigned i = 0; i < inbox->slots; i++)
		if (!ring_is_empty(&inbox->readers[i]))
			return false;
	return true;
}

void
inbox_release_all(struct inbox *inbox)
{
	for (unsigned i = 0; i < inbox->slots; i++)
		inbox_release(inbox, i, inbox->readers[i].position);
}

void
inbox_release(struct inbox *inbox, unsigned from, uint64_t position)
{
	struct ring_reader *reader = &inbox->readers[from];
	uint64_t head =
		atomic_load_explicit(&reader->ring->head, memory_order_relaxed);

	must(position <= reader->position);
	if (position > head)
		ring_release(reader, position);
}

uint64_t
inbox_letter_end(const struct inbox *inbox)
{
	return inbox->letter_end;
}

uint64_t
inbox_position(const struct inbox *inbox, unsigned from)
{
	must(from < inbox->slots);
	return inbox->readers[from].position;
}

void
inbox_decide(struct inbox *inbox)
{
	for (unsigned i = 0; i < inbox->slots; i++)
		if (inbox_decided(inbox, i) < inbox->readers[i].position)
			ring_decide(&inbox->readers[i]);
}

uint64_t
inbox_decided(const struct inbox *inbox, unsigned from)
{
	must(from < inbox->slots);
	return ring_decided(inbox->readers[from].ring);
}
