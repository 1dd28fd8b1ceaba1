#include "worker/holds.h"

#include <stdint.h>
#include <stdlib.h>

#include "shared/base.h"
#include "worker/inbox.h"
#include "worker/post.h"

/* The letters of a sender up to a position have their answers in the ring once
 * so much that waited for it is gone. */
struct hold {
	uint64_t position;
	uint64_t delayed;
};

struct holds {
	struct inbox *inbox;
	const struct post *post;
	unsigned slots;
	struct hold holds[]; /* by slot of the sender */
};

struct holds *
holds_new(struct inbox *inbox, const struct post *post, unsigned slots)
{
	struct holds *holds = base_alloc_zeroed(
		1, sizeof(*holds) + slots * sizeof(struct hold));

	holds->inbox = inbox;
	holds->post = post;
	holds->slots = slots;
	return holds;
}

void
holds_free(struct holds **holds)
{
	free(*holds);
	*holds = NULL;
}

static bool
is_answered(const struct holds *holds, unsigned slot)
{
	uint64_t in_ring = post_delayed(holds->post, slot) -
			   post_waiting_for(holds->post, slot);

	return in_ring >= holds->holds[slot].delayed;
}

void
holds_release(struct holds *holds)
{
	for (unsigned i = 0; i < holds->slots; i++) {
		struct hold *hold = &holds->holds[i];

		if (!is_answered(holds, i))
			continue;
		inbox_release(holds->inbox, i, hold->position);
		hold->position = inbox_position(holds->inbox, i);
		hold->delayed = post_delayed(holds->post, i);
		if (is_answered(holds, i))
			inbox_release(holds->inbox, i, hold->position);
	}
}
