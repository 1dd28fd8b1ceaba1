/*
 * Accepting and keeping the time; what happens in a visit stands in
 * door_visit.c.
 *
 * A visitor's descriptor is moved above K at once, so that the low numbers stay
 * free for the copies that libwebsockets sees. Those who wait and those who
 * were answered stand in two lists in the order of their deadlines, because all
 * of a kind have the same time: one timer serves them all. When the hall is
 * full the door stops accepting, and who has stood there longest gives way
 * after a second, so that slow heads cannot keep the others out.
 */
#include "worker/gateway/door.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/table.h"
#include "worker/gateway/door_input.h"
#include "worker/gateway/door_lws.h"
#include "worker/gateway/door_visit.h"

#define ACCEPT_BATCH 64
#define TICK_MS 100
#define LINGER_MS 2000
#define YIELD_MS 1000
#define STARVED_MS 100

struct gate {
	struct event *event;
	struct door *door;
	unsigned listener;
};

struct door {
	struct hall hall; /* the first, see on_left() */
	struct gate *gates;
	size_t gate_count;
	struct event *tick;
	bool is_paused;
	uint64_t starved_until_ms;
};

static void
gates_watch(struct door *door, bool is_on)
{
	for (size_t i = 0; i < door->gate_count; i++) {
		if (is_on)
			event_add(door->gates[i].event, NULL);
		else
			event_del(door->gates[i].event);
	}
	door->is_paused = !is_on;
}

/* Fewer than K, so that even visitors that no number above K was left for do
 * not take all the low ones. */
static size_t
hall_size(const struct door *door)
{
	return MIN_OF(door->hall.limits.waiting_max / 4 * 3,
		door->hall.limits.connections_max);
}

/* Not at once when one leaves a full hall: pausing and going on cost a system
 * call for each listener. */
static void
on_left(struct hall *hall)
{
	struct door *door = (struct door *)hall;

	if (door->is_paused && hall->count <= hall_size(door) / 8 * 7 &&
		clock_ms() >= door->starved_until_ms)
		gates_watch(door, true);
}

static void
tick_watch(struct door *door)
{
	struct timeval period = { .tv_usec = TICK_MS * 1000 };

	if (!event_pending(door->tick, EV_TIMEOUT, NULL))
		event_add(door->tick, &period);
}

/* A full hall: those who only linger go first, then the slowest, unless they
 * are slow because of us. */
static bool
hall_has_room(struct door *door)
{
	struct visit *oldest = door->hall.waiting;
	uint64_t now = clock_ms();

	if (door->hall.count < hall_size(door))
		return true;
	if (!door->hall.answered && oldest &&
		!shakes_keep_waiting(&door->hall.shakes) &&
		now - oldest->since_ms >= YIELD_MS)
		visit_answer(oldest, 408, false);
	if (door->hall.answered)
		visit_drop(door->hall.answered);
	return door->hall.count < hall_size(door);
}

static void
on_accept_failed(struct door *door)
{
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_warning("door: cannot accept: %s", strerror(errno));
		door->starved_until_ms = clock_ms() + STARVED_MS;
		gates_watch(door, false);
		break;
	default: /* EAGAIN, or the client was gone before (accept(2)) */
		break;
	}
}

static void
on_knock(evutil_socket_t listening, short what, void *self)
{
	struct gate *gate = self;
	struct door *door = gate->door;

	(void)what;
	tick_watch(door);
	for (int i = 0; i < ACCEPT_BATCH && door->gates; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t length = sizeof(peer);
		int fd;

		if (!hall_has_room(door)) {
			gates_watch(door, false);
			return;
		}
		fd = accept4(listening, (struct sockaddr *)&peer, &length,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			on_accept_failed(door);
			return;
		}
		visit_begin(&door->hall, gate->listener, fd, &peer);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *self)
{
	struct door *door = self;
	uint64_t now = clock_ms();
	uint64_t patience_ms = (uint64_t)door->hall.limits.head_seconds * 1000;

	(void)fd;
	(void)what;
	while (door->hall.answered &&
		now - door->hall.answered->since_ms >= LINGER_MS)
		visit_drop(door->hall.answered);
	while (door->hall.waiting &&
		now - door->hall.waiting->since_ms >= patience_ms)
		visit_answer(door->hall.waiting, 408, false);
	if (door->is_paused && now >= door->starved_until_ms &&
		hall_has_room(door))
		gates_watch(door, true);
	if (!door->hall.count && !door->is_paused)
		event_del(door->tick);
}

/* K descriptors for everything but visitors and clients, or fewer where the
 * hard limit leaves no room above. */
static int
limit_descriptors(struct door *door)
{
	struct rlimit limit;
	rlim_t low = door->hall.limits.waiting_max;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	low = MIN_OF(low, limit.rlim_max / 2);
	door->hall.limits.waiting_max = (unsigned)low;
	limit.rlim_cur = low;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	door->hall.lws = door_lws_new((int)low);
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

struct door *
door_new(struct event_base *base, const struct door_limits *limits,
	const struct door_hooks *hooks, void *self)
{
	struct door *door = base_alloc_zeroed(1, sizeof(*door));

	door->hall.base = base;
	door->hall.limits = *limits;
	door->hall.hooks = *hooks;
	door->hall.self = self;
	door->hall.on_left = on_left;
	door->tick = event_new(base, -1, EV_PERSIST, on_tick, door);
	must(door->tick != NULL);
	if (limit_descriptors(door) < 0) {
		log_error("door: limit of descriptors: %s", strerror(errno));
		door_free(&door);
	} else if (!door->hall.lws) {
		door_free(&door);
	}
	return door;
}

int
door_open(
	struct door *door, const struct door_listener *listeners, size_t count)
{
	must(door->gates == NULL);
	door->gates = base_alloc_zeroed(count, sizeof(*door->gates));
	for (size_t i = 0; i < count; i++) {
		struct gate *gate = &door->gates[i];
		int fd = listeners[i].fd;

		gate->door = door;
		gate->listener = listeners[i].listener;
		gate->event = event_new(door->hall.base, fd,
			EV_READ | EV_PERSIST, on_knock, gate);
		must(gate->event != NULL);
		door->gate_count++;
		if (evutil_make_socket_nonblocking(fd) < 0 ||
			event_add(gate->event, NULL) < 0) {
			log_error("door: cannot watch listener %u",
				gate->listener);
			door_shut(door);
			return -1;
		}
	}
	return 0;
}

void
door_shut(struct door *door)
{
	for (size_t i = 0; i < door->gate_count; i++)
		event_free(door->gates[i].event);
	free(door->gates);
	door->gates = NULL;
	door->gate_count = 0;
	door->is_paused = false;
}

void
door_renumber(struct door *door, const unsigned *numbers, size_t count)
{
	struct visit *visit, *next;

	DL_FOREACH_SAFE(door->hall.waiting, visit, next)
	{
		unsigned number = visit->listener < count
					  ? numbers[visit->listener]
					  : DOOR_NO_LISTENER;

		if (number != DOOR_NO_LISTENER)
			visit->listener = number;
		else
			visit_answer(visit, 503, false);
	}
}

bool
door_is_empty(const struct door *door)
{
	return door->hall.count == 0;
}

void
door_free(struct door **door)
{
	if (!*door)
		return;
	door_shut(*door);
	while ((*door)->hall.waiting)
		visit_drop((*door)->hall.waiting);
	while ((*door)->hall.answered)
		visit_drop((*door)->hall.answered);
	door_lws_free(&(*door)->hall.lws);
	event_free((*door)->tick);
	free(*door);
	*door = NULL;
}
