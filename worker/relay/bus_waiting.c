/*
 * What waits at nng for one pipe. nng keeps frames for a pipe and drops those
 * that come when it is full, both without a word, but it counts what a pipe has
 * taken; the rest of what was sent waits or was dropped.
 */
#include "worker/relay/bus.h"

#include <string.h>

#include "shared/base.h"
#include "shared/log.h"
#include "worker/relay/bus_inside.h"

static struct bus_pipe *
find_pipe(struct bus *bus, uint64_t id)
{
	for (unsigned i = 0; i < bus->gate.count; i++)
		if (bus->pipes[i].place != 0 &&
			bus_place_pipe(bus->pipes[i].place) == id)
			return &bus->pipes[i];
	return NULL;
}

uint64_t
bus_stat(nng_stat *thing, const char *name)
{
	nng_stat *found = nng_stat_find(thing, name);

	return found ? nng_stat_value(found) : 0;
}

/* nng 1.5 keeps so few for a pipe whatever it is told. */
static uint64_t
frames_kept(void)
{
	return strncmp(nng_version(), "1.5.", 4) == 0 ? 16
						      : BUS_FRAMES_WAITING_MAX;
}

/* Takes out of the account what cannot be waiting because there is no room. */
static void
forget_dropped(struct bus *bus, struct bus_pipe *pipe, uint64_t frames,
	uint64_t *bytes)
{
	const uint64_t room = frames_kept() + 1; /* one is on its way */
	uint64_t dropped, dropped_bytes;

	if (frames <= room)
		return;
	dropped = frames - room;
	dropped_bytes =
		(uint64_t)((double)*bytes * (double)dropped / (double)frames);
	bus->figures.frames_dropped += dropped;
	pipe->frames_before += dropped;
	pipe->bytes_before += dropped_bytes;
	*bytes -= dropped_bytes;
}

static uint64_t
left_of(uint64_t sent, uint64_t before, uint64_t taken)
{
	return sent > before + taken ? sent - before - taken : 0;
}

static uint64_t
frames_left(const struct bus *bus, const struct bus_pipe *pipe, nng_stat *stat)
{
	return left_of(bus->figures.frames_sent, pipe->frames_before,
		bus_stat(stat, "tx_msgs"));
}

static void
look_at(struct bus *bus, struct bus_pipe *pipe, nng_stat *stat, void *self)
{
	uint64_t frames = frames_left(bus, pipe, stat);
	uint64_t bytes = left_of(bus->figures.bytes_sent, pipe->bytes_before,
		bus_stat(stat, "tx_bytes"));
	char address[BUS_ADDRESS_BYTES];

	(void)self;
	forget_dropped(bus, pipe, frames, &bytes);
	if (bytes <= bus->options.waiting_bytes_max)
		return;
	bus_pipe_address(bus, bus_place_pipe(pipe->place), address);
	log_warning("relay: %s reads too slowly, %llu bytes wait for it: cut",
		address, (unsigned long long)bytes);
	bus->figures.pipes_cut++;
	bus_close_pipe(bus, bus_place_pipe(pipe->place));
}

static void
add_left(struct bus *bus, struct bus_pipe *pipe, nng_stat *stat, void *self)
{
	*(uint64_t *)self += frames_left(bus, pipe, stat);
}

/* With what nng counts of it. */
static void
each_pipe(struct bus *bus,
	void (*show)(struct bus *bus, struct bus_pipe *pipe, nng_stat *stat,
		void *self),
	void *self)
{
	nng_stat *all, *stat;

	if (nng_stats_get(&all) != 0)
		return;
	for (stat = nng_stat_child(all); stat; stat = nng_stat_next(stat)) {
		struct bus_pipe *pipe;

		if (strcmp(nng_stat_name(stat), "pipe") != 0)
			continue;
		pipe = find_pipe(bus, bus_stat(stat, "id"));
		if (pipe)
			show(bus, pipe, stat, self);
	}
	nng_stats_free(all);
}

void
bus_look_at_waiting(struct bus *bus)
{
	bus->bytes_looked = bus->figures.bytes_sent;
	each_pipe(bus, look_at, NULL);
}

bool
bus_has_waiting(struct bus *bus)
{
	uint64_t left = 0;

	each_pipe(bus, add_left, &left);
	return left > 0;
}
