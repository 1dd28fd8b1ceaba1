#include "worker/relay/bus.h"

#include <unistd.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "worker/relay/bus_inside.h"

/* Of the number of the dialer, which has 31 bits: what is sent reaches it. */
#define READY_BIT (1U << 31)

uint32_t
bus_place_pipe(uint64_t place)
{
	return (uint32_t)place;
}

uint32_t
bus_place_dialer(uint64_t place)
{
	return (uint32_t)(place >> 32) & (READY_BIT - 1);
}

bool
bus_place_is_ready(uint64_t place)
{
	return place >> 32 & READY_BIT;
}

static uint64_t
place_of(nng_pipe pipe)
{
	int dialer = nng_dialer_id(nng_pipe_dialer(pipe));

	return (uint64_t)(uint32_t)nng_pipe_id(pipe) |
	       (uint64_t)(dialer > 0 ? (uint32_t)dialer : 0) << 32;
}

static bool
enter(struct bus_gate *gate, uint64_t place)
{
	bool is_guest = bus_place_dialer(place) == 0;
	unsigned end = is_guest ? gate->guests_max : gate->count;

	if (atomic_load(&gate->is_closed))
		return false;
	for (unsigned i = is_guest ? 0 : gate->guests_max; i < end; i++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong(
			    &gate->places[i], &none, place))
			return true;
	}
	return false;
}

static void
leave(struct bus_gate *gate, uint32_t pipe)
{
	for (unsigned i = 0; i < gate->count; i++) {
		uint64_t place = atomic_load(&gate->places[i]);

		if (place != 0 && bus_place_pipe(place) == pipe)
			atomic_store(&gate->places[i], 0);
	}
}

uint32_t
bus_gate_pipe(const struct bus_gate *gate, nng_dialer dialer)
{
	for (unsigned i = 0; dialer.id != 0 && i < gate->count; i++) {
		uint64_t place = atomic_load(&gate->places[i]);

		if (place != 0 && bus_place_dialer(place) ==
					  (uint32_t)nng_dialer_id(dialer))
			return bus_place_pipe(place);
	}
	return 0;
}

void
bus_gate_ready(struct bus_gate *gate, uint32_t pipe)
{
	for (unsigned i = 0; i < gate->count; i++) {
		uint64_t place = atomic_load(&gate->places[i]);

		if (place != 0 && bus_place_pipe(place) == pipe)
			atomic_compare_exchange_strong(&gate->places[i], &place,
				place | (uint64_t)READY_BIT << 32);
	}
}

/* In a thread of nng's. Ringing fails only where it has been rung for long. */
static void
on_pipe(nng_pipe pipe, nng_pipe_ev what, void *self)
{
	struct bus_gate *gate = self;
	uint32_t id = (uint32_t)nng_pipe_id(pipe);
	uint64_t one = 1;

	if (what == NNG_PIPE_EV_REM_POST) {
		leave(gate, id);
	} else if (what == NNG_PIPE_EV_ADD_POST) {
		bus_gate_ready(gate, id);
	} else if (!enter(gate, place_of(pipe))) {
		atomic_fetch_add(&gate->refused, 1);
		nng_pipe_close(pipe);
	}
	if (write(gate->bell, &one, sizeof(one)) < 0)
		return;
}

void
bus_gate_believe(struct bus_gate *gate, uint32_t pipe)
{
	for (unsigned i = 0; i < gate->guests_max; i++)
		if (gate->guests[i].pipe == pipe)
			gate->guests[i].since_ms = clock_ms();
}

unsigned
bus_gate_end_idle(struct bus_gate *gate, unsigned idle_ms)
{
	uint64_t now_ms = clock_ms();
	unsigned ended = 0;

	for (unsigned i = 0; i < gate->guests_max; i++) {
		uint32_t pipe = bus_place_pipe(atomic_load(&gate->places[i]));

		if (gate->guests[i].pipe != pipe) {
			gate->guests[i].pipe = pipe;
			gate->guests[i].since_ms = now_ms;
		}
		if (pipe == 0 || now_ms - gate->guests[i].since_ms < idle_ms)
			continue;
		gate->guests[i].since_ms = now_ms;
		bus_hang_up(gate, pipe);
		ended++;
	}
	return ended;
}

void
bus_gate_open(struct bus_gate *gate, unsigned guests, unsigned dialed, int bell,
	nng_socket socket)
{
	gate->guests_max = MIN_OF(guests, PLACES_MAX);
	gate->count = MIN_OF(guests + dialed, PLACES_MAX);
	gate->bell = bell;
	nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, on_pipe, gate);
	nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, on_pipe, gate);
	nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, on_pipe, gate);
}
