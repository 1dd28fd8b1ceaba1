/*
 * Which slot accepts on which socket, while slots come and go. A socket that
 * listens is never closed for that: connections wait in it.
 */
#include <errno.h>
#include <string.h>

#include "master/listeners.h"
#include "master/listeners_inside.h"
#include "shared/address.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"

/* How many sockets of a listener a slot has, and one of them. */
static size_t
count_of(const struct listening *listening, unsigned listener, unsigned slot,
	struct heritage_socket **one)
{
	size_t count = 0;

	for (size_t i = 0; i < listening->count; i++) {
		struct heritage_socket *socket = &listening->sockets[i];

		if (socket->listener != listener || socket->slot != slot)
			continue;
		*one = socket;
		count++;
	}
	return count;
}

struct spreading {
	const struct config *config;
	const struct arena_shape *shape;
	struct listening *listening;
	unsigned listener;
	struct address address;
};

static bool
serves(const struct spreading *spreading, unsigned slot)
{
	return listeners_is_served_by(spreading->config, spreading->shape,
		spreading->listening, spreading->listener, slot);
}

/* A socket that its slot does not need. */
static struct heritage_socket *
find_spare(const struct spreading *spreading)
{
	struct heritage_socket *socket = NULL;

	for (unsigned i = 0; i < spreading->shape->slots; i++) {
		size_t count = count_of(
			spreading->listening, spreading->listener, i, &socket);

		if (count > (serves(spreading, i) ? 1 : 0))
			return socket;
	}
	return NULL;
}

/* All slots accept on all sockets from now on. */
static void
share_all(const struct spreading *spreading)
{
	for (size_t i = 0; i < spreading->listening->count; i++) {
		struct heritage_socket *socket =
			&spreading->listening->sockets[i];

		if (socket->listener == spreading->listener)
			socket->slot = HERITAGE_ANY_SLOT;
	}
}

/* A user who is not root may bind no more sockets to a port below 1024. False
 * when the sockets that there are have to do for all. */
static bool
give(const struct spreading *spreading, unsigned slot)
{
	struct heritage_socket *spare = find_spare(spreading);
	int fd;

	if (spare) {
		spare->slot = slot;
		return true;
	}
	fd = listeners_bind(&spreading->address);
	if (fd >= 0) {
		listeners_add(
			spreading->listening, fd, slot, spreading->listener);
		return true;
	}
	log_warning("listener %s: no more sockets (%s), its processes share "
		    "those that there are",
		spreading->config->listeners[spreading->listener].name,
		strerror(errno));
	share_all(spreading);
	return false;
}

/* Those of slots that are off go to the ones that have the fewest. */
static void
give_away(const struct spreading *spreading)
{
	struct heritage_socket *socket = NULL;

	for (unsigned i = 0; i < spreading->shape->slots; i++)
		while (!serves(spreading, i) &&
			count_of(spreading->listening, spreading->listener, i,
				&socket) > 0) {
			struct heritage_socket *given = socket;
			size_t least = SIZE_MAX;

			for (unsigned k = 0; k < spreading->shape->slots; k++) {
				size_t count = count_of(spreading->listening,
					spreading->listener, k, &socket);

				if (!serves(spreading, k) || count >= least)
					continue;
				least = count;
				given->slot = k;
			}
			if (least == SIZE_MAX)
				return;
		}
}

static void
spread_one(const struct spreading *spreading)
{
	for (unsigned i = 0; i < spreading->shape->slots; i++) {
		struct heritage_socket *socket = NULL;

		if (serves(spreading, i) &&
			count_of(spreading->listening, spreading->listener, i,
				&socket) == 0 &&
			!give(spreading, i))
			return;
	}
	give_away(spreading);
}

/* One socket, or several, for all slots. */
static bool
is_shared(const struct listening *listening, unsigned listener)
{
	for (size_t i = 0; i < listening->count; i++)
		if (listening->sockets[i].listener == listener)
			return listening->sockets[i].slot == HERITAGE_ANY_SLOT;
	return false;
}

void
listeners_spread(const struct config *config, const struct arena_shape *shape,
	struct listening *listening)
{
	for (unsigned i = 0; i < config->listener_count; i++) {
		struct spreading spreading = {
			.config = config,
			.shape = shape,
			.listening = listening,
			.listener = i,
		};

		must(address_read(
			config->listeners[i].address, &spreading.address));
		if (!address_is_unix(&spreading.address) &&
			!is_shared(listening, i))
			spread_one(&spreading);
	}
}
