#include "worker/gateway/doorway.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"
#include "shared/manners.h"
#include "shared/origins.h"
#include "worker/gateway/admission.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/client.h"
#include "worker/gateway/door.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/worker.h"

/* Descriptors of libwebsockets, and what the rest of the process needs beside
 * its clients. */
#define AT_THE_DOOR_MAX 4096
#define HEAD_BYTES_MAX 8192
#define HEAD_SECONDS 10

static uint64_t
connections_of_all(const struct doorway *doorway)
{
	const struct arena *arena = doorway->gateway->arena;
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);
	uint64_t sum = 0;

	for (unsigned i = first; i < first + count; i++) {
		const struct row *row = arena_row(arena, i);

		if (atomic_load_explicit(&row->pid, memory_order_relaxed))
			sum += row_read(row, COUNTER_CONNECTIONS);
	}
	return sum;
}

static bool
is_full(const struct doorway *doorway)
{
	const struct gateway *gateway = doorway->gateway;

	return gateway->lanes->count >= gateway->seated_capacity ||
	       connections_of_all(doorway) >=
		       (uint64_t)gateway->config->max_connections;
}

static const struct profile *
profile_at(const struct doorway *doorway, unsigned number, struct text path,
	struct text query)
{
	return profile_find(
		&doorway->gateway->config->listeners[number], path, query);
}

static enum door_verdict
may_enter(void *self, unsigned number, struct text path, struct text origin)
{
	const struct doorway *doorway = self;
	const struct listener *listener =
		&doorway->gateway->config->listeners[number];

	if (!profile_at(doorway, number, path, TEXT_LITERAL("")))
		return DOOR_NO_SUCH_PATH;
	if (!origins_allow(listener->origins, listener->origin_count, origin))
		return DOOR_BAD_ORIGIN;
	if (doorway->gateway->is_stopping || is_full(doorway))
		return DOOR_HOUSE_FULL;
	return DOOR_WELCOME;
}

static int
admit(void *self, const struct sockaddr_storage *peer)
{
	struct doorway *doorway = self;

	if (bouncer_bars(doorway->gateway, peer))
		return 403;
	return admission_take(doorway->gateway, peer) ? 0 : 503;
}

static void
dismiss(void *self, const struct sockaddr_storage *peer)
{
	struct doorway *doorway = self;

	admission_undo(doorway->gateway, peer);
}

static void
on_enter(void *self, const struct visitor *visitor)
{
	struct doorway *doorway = self;
	const struct profile *profile = profile_at(
		doorway, visitor->listener, visitor->path, visitor->query);

	must(profile != NULL);
	row_count(doorway->gateway->row, COUNTER_HANDSHAKES, 1);
	client_start(doorway->gateway, profile, visitor);
	if (doorway->gateway->is_stopping)
		lanes_close_all(doorway->gateway->lanes);
}

static void
on_refuse(void *self, int status)
{
	struct doorway *doorway = self;

	log_debug("a handshake was answered %d", status);
	row_count(doorway->gateway->row, COUNTER_HANDSHAKES_REFUSED, 1);
}

static void
on_door(void *self, enum door_event what)
{
	static const enum counter counters[] = {
		[DOOR_TLS_SHAKEN] = COUNTER_TLS_HANDSHAKES,
		[DOOR_TLS_RESUMED] = COUNTER_TLS_RESUMED,
		[DOOR_TLS_FAILED] = COUNTER_TLS_FAILED,
		[DOOR_PROXY_FAILED] = COUNTER_PROXY_FAILED,
		[DOOR_CROWDED] = COUNTER_REFUSED_IP_CONNECTIONS,
	};
	struct doorway *doorway = self;

	row_count(doorway->gateway->row, counters[what], 1);
}

static bool
may_pass(void *self, unsigned number)
{
	const struct doorway *doorway = self;

	return corridor_leads_from(&doorway->corridor, number);
}

static int
on_pass(void *self, const struct visitor *visitor)
{
	struct doorway *doorway = self;

	return corridor_take(&doorway->corridor, visitor);
}

static const struct manners *
manners_at(void *self, unsigned number)
{
	const struct doorway *doorway = self;

	return fronts_manners(&doorway->fronts, number);
}

static uint64_t
crowd_max(void *self)
{
	const struct doorway *doorway = self;

	return (uint64_t)doorway->gateway->config->limits.connections_per_ip;
}

static void
on_accept(void *self)
{
	struct doorway *doorway = self;

	row_count(doorway->gateway->row, COUNTER_ACCEPTED, 1);
}

/* Of those that one process may have, up to what is ever of use. */
static unsigned
quarter_of_descriptors(void)
{
	struct rlimit limit = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
		limit.rlim_max / 4 < AT_THE_DOOR_MAX)
		return (unsigned)(limit.rlim_max / 4);
	return AT_THE_DOOR_MAX;
}

static struct door *
make_door(struct doorway *doorway)
{
	static const struct door_hooks hooks = {
		.may_enter = may_enter,
		.may_pass = may_pass,
		.on_pass = on_pass,
		.admit = admit,
		.dismiss = dismiss,
		.on_enter = on_enter,
		.on_refuse = on_refuse,
		.on_accept = on_accept,
		.on_event = on_door,
		.manners = manners_at,
		.crowd_max = crowd_max,
	};
	struct door_limits limits = {
		.head_bytes = HEAD_BYTES_MAX,
		.head_seconds = HEAD_SECONDS,
		.waiting_max = quarter_of_descriptors(),
		.connections_max = doorway->gateway->seated_capacity,
	};

	return door_new(worker_base(doorway->worker), &limits, &hooks, doorway);
}

static int
open_listeners(struct doorway *doorway)
{
	const struct heritage *heritage = worker_heritage(doorway->worker);
	const struct config *config = doorway->gateway->config;
	struct door_listener *listeners = base_alloc_zeroed(
		heritage->socket_count + 1, sizeof(*listeners));
	size_t count = 0;
	int result;

	for (size_t i = 0; i < heritage->socket_count; i++) {
		const struct heritage_socket *socket = &heritage->sockets[i];

		if (config->listeners[socket->listener].role !=
			LISTENER_WEBSOCKET)
			continue;
		if (socket->slot != doorway->gateway->slot &&
			socket->slot != HERITAGE_ANY_SLOT)
			continue;
		listeners[count++] = (struct door_listener){
			.fd = socket->fd,
			.listener = socket->listener,
		};
	}
	result = door_open(doorway->door, listeners, count);
	free(listeners);
	return result;
}

int
doorway_open(
	struct doorway *doorway, struct gateway *gateway, struct worker *worker)
{
	*doorway = (struct doorway){ .gateway = gateway, .worker = worker };
	corridor_init(&doorway->corridor, gateway, worker_base(worker),
		quarter_of_descriptors());
	doorway->door = make_door(doorway);
	if (!doorway->door || open_listeners(doorway) < 0)
		return -1;
	fronts_note(&doorway->fronts, gateway->config,
		arena_tickets(gateway->arena));
	return 0;
}

void
doorway_close(struct doorway *doorway)
{
	if (!doorway->gateway)
		return;
	if (doorway->door)
		door_free(&doorway->door);
	corridor_fini(&doorway->corridor);
	fronts_fini(&doorway->fronts);
}

void
doorway_shut(struct doorway *doorway)
{
	door_shut(doorway->door);
	passages_end(&doorway->corridor.passages);
}

void
doorway_renew(struct doorway *doorway)
{
	const struct gateway *gateway = doorway->gateway;

	door_shut(doorway->door);
	fronts_renew(&doorway->fronts, gateway->config,
		arena_tickets(gateway->arena), doorway->door);
	if (open_listeners(doorway) < 0)
		log_error("some listeners are not open in this process");
}

bool
doorway_has_passages(const struct doorway *doorway)
{
	return !corridor_is_empty(&doorway->corridor);
}

bool
doorway_has_visitors(const struct doorway *doorway)
{
	return !door_is_empty(doorway->door);
}
