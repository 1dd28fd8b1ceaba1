#include "worker/orphan.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>

#include "shared/arena.h"
#include "shared/heritage.h"

/* Counted from the death of the master: when edges stop draining, when the
 * others stop waiting for them, when whoever is left just exits. */
#define EDGE_MS 3000
#define CORE_MS 7000
#define END_MS 10000

/* Whose heart was silent this long has ended. */
#define SILENT_MS 1000

static enum role
role_of(const struct heritage *heritage)
{
	return arena_row(heritage->arena, heritage->slot)->role;
}

bool
orphan_is_edge(const struct heritage *heritage)
{
	enum role role = role_of(heritage);

	return role == ROLE_GATEWAY || role == ROLE_API;
}

/* Have all that stand before this role in the way of a message ended? */
static bool
sources_are_silent(const struct heritage *heritage, uint64_t now_ms)
{
	struct arena *arena = heritage->arena;
	unsigned end = arena_role_first(arena, role_of(heritage));

	for (unsigned i = 0; i < end; i++) {
		uint64_t beat =
			atomic_load_explicit(&arena_row(arena, i)->heartbeat_ms,
				memory_order_relaxed);

		if (beat + SILENT_MS > now_ms)
			return false;
	}
	return true;
}

enum orphan_duty
orphan_duty(const struct heritage *heritage, uint64_t alone_ms, uint64_t now_ms)
{
	bool is_due;

	if (alone_ms >= END_MS)
		return ORPHAN_EXIT;
	if (orphan_is_edge(heritage))
		is_due = alone_ms >= EDGE_MS;
	else
		is_due = alone_ms >= CORE_MS ||
			 sources_are_silent(heritage, now_ms);
	return is_due ? ORPHAN_STOP : ORPHAN_GO_ON;
}

void
orphan_shut_listeners(const struct heritage *heritage)
{
	for (size_t i = 0; i < heritage->socket_count; i++)
		if (!heritage->sockets[i].is_given)
			shutdown(heritage->sockets[i].fd, SHUT_RDWR);
}
