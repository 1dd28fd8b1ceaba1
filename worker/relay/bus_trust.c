/*
 * Certificates that are not believed. nng says nothing of a connection that has
 * not come about, and tries again; but it counts how often that was for want of
 * trust, for each dialer and each listener.
 */
#include "worker/relay/bus.h"

#include <string.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/table.h"
#include "worker/relay/bus_inside.h"

/* A dialer tries no less often than once in 2 s. */
#define LOOK_MS 500

static bool
is_dialer_of(const struct bus_peer *peer, uint64_t id)
{
	return id != 0 &&
	       (id == peer->dialer.id || id == peer->asking_dialer.id);
}

static uint64_t
distrust_of_peer(nng_stat *all, const struct bus_peer *peer)
{
	uint64_t count = 0;

	for (nng_stat *stat = nng_stat_child(all); stat;
		stat = nng_stat_next(stat))
		if (strcmp(nng_stat_name(stat), "dialer") == 0 &&
			is_dialer_of(peer, bus_stat(stat, "id")))
			count += bus_stat(stat, "auth");
	return count;
}

/* nng counts anew for a dialer that was made anew. */
static void
look_at_peer(nng_stat *all, struct bus_peer *peer)
{
	uint64_t counted = distrust_of_peer(all, peer);

	if (counted > peer->distrust_counted)
		peer->distrust += counted - peer->distrust_counted;
	peer->distrust_counted = counted;
}

static bool
is_socket_of(const struct bus *bus, uint64_t id)
{
	return id == (uint64_t)nng_socket_id(bus->frames) ||
	       id == (uint64_t)nng_socket_id(bus->answers);
}

static uint64_t
distrust_of_listeners(nng_stat *all, const struct bus *bus)
{
	uint64_t count = 0;

	for (nng_stat *stat = nng_stat_child(all); stat;
		stat = nng_stat_next(stat))
		if (strcmp(nng_stat_name(stat), "listener") == 0 &&
			is_socket_of(bus, bus_stat(stat, "socket")))
			count += bus_stat(stat, "auth");
	return count;
}

static bool
has_tls(const struct bus *bus)
{
	return bus->options.tls_cert.length > 0;
}

void
bus_look_at_trust(struct bus *bus)
{
	uint64_t now_ms = clock_ms();
	struct bus_peer *peer;
	nng_stat *all;

	if (!has_tls(bus) || now_ms < bus->trust_looked_ms + LOOK_MS)
		return;
	bus->trust_looked_ms = now_ms;
	if (nng_stats_get(&all) != 0)
		return;
	bus->figures.pipes_distrusted = distrust_of_listeners(all, bus);
	DL_FOREACH(bus->peers, peer)
	look_at_peer(all, peer);
	nng_stats_free(all);
}
