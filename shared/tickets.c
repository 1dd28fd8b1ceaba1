#include "shared/tickets.h"

#include <string.h>

#include "shared/base.h"
#include "shared/hash.h"

_Static_assert(sizeof(struct tickets) == 16 + TICKETS_KEPT * 80,
	"shared by processes");

void
tickets_rotate(struct tickets *tickets, uint64_t now_ms)
{
	uint64_t drawn =
		atomic_load_explicit(&tickets->drawn, memory_order_relaxed);

	if (drawn && now_ms - tickets->drawn_ms < TICKETS_ROTATE_MS)
		return;
	drawn++;
	hash_random(&tickets->keys[drawn % TICKETS_KEPT],
		sizeof(struct ticket_key));
	tickets->drawn_ms = now_ms;
	atomic_store_explicit(&tickets->drawn, drawn, memory_order_release);
}

bool
tickets_newest(const struct tickets *tickets, struct ticket_key *key)
{
	uint64_t drawn =
		atomic_load_explicit(&tickets->drawn, memory_order_acquire);

	*key = tickets->keys[drawn % TICKETS_KEPT];
	return drawn > 0;
}

enum ticket_age
tickets_find(const struct tickets *tickets,
	const uint8_t name[TICKET_NAME_BYTES], struct ticket_key *key)
{
	uint64_t drawn =
		atomic_load_explicit(&tickets->drawn, memory_order_acquire);
	uint64_t known = MIN_OF(drawn, (uint64_t)TICKETS_KEPT - 1);

	for (uint64_t age = 0; age < known; age++) {
		*key = tickets->keys[(drawn - age) % TICKETS_KEPT];
		if (memcmp(key->name, name, TICKET_NAME_BYTES) == 0)
			return age == 0 ? TICKET_NEW : TICKET_OLD;
	}
	return TICKET_UNKNOWN;
}
