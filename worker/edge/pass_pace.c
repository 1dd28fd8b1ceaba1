#include "worker/edge/pass_pace.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/hash.h"
#include "shared/pace.h"
#include "shared/records.h"
#include "shared/stream.h"

#define PLACES 4096U
#define PLACES_TRIED 8U

struct paced {
	uint64_t room; /* its hash */
	struct pace pace;
};

/* A room is looked for in a few places from its own one on; one that has had
 * its rest gives its place to another. */
struct pass_paces {
	struct paced places[PLACES];
};

struct pass_paces *
pass_paces_new(void)
{
	return base_alloc_zeroed(1, sizeof(struct pass_paces));
}

void
pass_paces_free(struct pass_paces **paces)
{
	free(*paces);
	*paces = NULL;
}

/* NULL: all its places are taken by others. */
static struct pace *
pace_of(struct pass_paces *paces, const struct message *message,
	uint64_t now_ms)
{
	struct paced *rested = NULL;
	struct stream_name name;
	uint64_t room;

	stream_name_make(&name, STREAM_ROOM, message->tenant, message->stream);
	room = hash_private(name.bytes, name.length);
	for (uint64_t i = 0; i < PLACES_TRIED; i++) {
		struct paced *paced = &paces->places[(room + i) % PLACES];

		if (paced->room == room)
			return &paced->pace;
		if (!rested && paced->pace.paid_until_ns <= now_ms * 1000000)
			rested = paced;
	}
	if (!rested)
		return NULL;
	*rested = (struct paced){ .room = room };
	return &rested->pace;
}

bool
pass_pace_take(struct pass_paces *paces, const struct message *message,
	int64_t rate, uint64_t now_ms, uint64_t *retry_ms)
{
	struct pace *pace = rate > 0 ? pace_of(paces, message, now_ms) : NULL;

	return !pace || pace_take(pace, now_ms, rate, rate, retry_ms);
}
