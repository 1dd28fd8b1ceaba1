/*
 * The process of a gateway: the door in front of it, who may come in, its
 * title, and how it ends. A stop closes everyone at once with 1001 and waits a
 * moment for those who answer; a drain sends them away one by one (drain.h).
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"
#include "shared/manners.h"
#include "shared/origins.h"
#include "worker/gateway/admission.h"
#include "worker/gateway/attendance.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/client.h"
#include "worker/gateway/corridor.h"
#include "worker/gateway/door.h"
#include "worker/gateway/drain.h"
#include "worker/gateway/fronts.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/gateway_turn.h"
#include "worker/gateway/keyring.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/tenants.h"
#include "worker/gateway/wishes.h"
#include "worker/worker.h"

/* Descriptors of libwebsockets, and what the rest of the process needs beside
 * its clients. */
#define AT_THE_DOOR_MAX 4096
#define HEAD_BYTES_MAX 8192
#define HEAD_SECONDS 10

/* With this much on its way to ledgers, clients are heard less often. */
#define OVERFLOW_MAX (1u << 20)
#define TURNS_OF_REST 8

/* How long a stop waits for clients to answer the close. */
#define STOP_MS 1500

struct service {
	struct gateway gateway;
	struct worker *worker;
	struct door *door;
	struct corridor corridor;
	bool is_draining;
	bool is_ending;
	uint64_t stop_ms; /* when the stop or the drain began */
	struct drain drain;
	size_t shown; /* clients in the title */
	struct fronts fronts;
	unsigned rested; /* turns in which the clients were not heard */
};

static uint64_t
connections_of_all(const struct service *service)
{
	const struct arena *arena = service->gateway.arena;
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
is_full(const struct service *service)
{
	const struct gateway *gateway = &service->gateway;

	return gateway->lanes->count >= gateway->seated_capacity ||
	       connections_of_all(service) >=
		       (uint64_t)gateway->config->max_connections;
}

static const struct profile *
profile_at(const struct service *service, unsigned number, struct text path,
	struct text query)
{
	return profile_find(
		&service->gateway.config->listeners[number], path, query);
}

static enum door_verdict
may_enter(void *self, unsigned number, struct text path, struct text origin)
{
	const struct service *service = self;
	const struct listener *listener =
		&service->gateway.config->listeners[number];

	if (!profile_at(service, number, path, TEXT_LITERAL("")))
		return DOOR_NO_SUCH_PATH;
	if (!origins_allow(listener->origins, listener->origin_count, origin))
		return DOOR_BAD_ORIGIN;
	if (service->gateway.is_stopping || is_full(service))
		return DOOR_HOUSE_FULL;
	return DOOR_WELCOME;
}

static void
close_all(struct service *service)
{
	struct lane *lane, *next;

	for (lane = service->gateway.lanes->all; lane; lane = next) {
		next = lane->next;
		lane_close_why(lane, CLOSE_WHY_STOP, "going away");
	}
}

static int
admit(void *self, const struct sockaddr_storage *peer)
{
	struct service *service = self;

	if (bouncer_bars(&service->gateway, peer))
		return 403;
	return admission_take(&service->gateway, peer) ? 0 : 503;
}

static void
dismiss(void *self, const struct sockaddr_storage *peer)
{
	struct service *service = self;

	admission_undo(&service->gateway, peer);
}

static void
on_enter(void *self, const struct visitor *visitor)
{
	struct service *service = self;
	const struct profile *profile = profile_at(
		service, visitor->listener, visitor->path, visitor->query);

	must(profile != NULL);
	row_count(service->gateway.row, COUNTER_HANDSHAKES, 1);
	client_start(&service->gateway, profile, visitor);
	if (service->gateway.is_stopping)
		close_all(service);
}

static void
on_refuse(void *self, int status)
{
	struct service *service = self;

	log_debug("a handshake was answered %d", status);
	row_count(service->gateway.row, COUNTER_HANDSHAKES_REFUSED, 1);
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
	struct service *service = self;

	row_count(service->gateway.row, counters[what], 1);
}

static bool
may_pass(void *self, unsigned number)
{
	const struct service *service = self;

	return corridor_leads_from(&service->corridor, number);
}

static int
on_pass(void *self, const struct visitor *visitor)
{
	struct service *service = self;

	return corridor_take(&service->corridor, visitor);
}

static const struct manners *
manners_at(void *self, unsigned number)
{
	const struct service *service = self;

	return fronts_manners(&service->fronts, number);
}

static uint64_t
crowd_max(void *self)
{
	const struct service *service = self;

	return (uint64_t)service->gateway.config->limits.connections_per_ip;
}

static void
on_accept(void *self)
{
	struct service *service = self;

	row_count(service->gateway.row, COUNTER_ACCEPTED, 1);
}

static void
on_stop(void *self, enum worker_stop how)
{
	struct service *service = self;

	door_shut(service->door);
	service->stop_ms = clock_ms();
	service->is_draining = how == WORKER_STOP_DRAIN;
	passages_end(&service->corridor.passages);
	if (service->is_draining) {
		drain_begin(&service->drain, service->gateway.lanes,
			(uint64_t)service->gateway.config->drain_seconds,
			service->stop_ms);
		return;
	}
	service->gateway.is_stopping = true;
	close_all(service);
}

static void
end_when_done(struct service *service, uint64_t now_ms)
{
	uint64_t end_ms = service->stop_ms + STOP_MS;
	bool is_empty = service->gateway.lanes->count == 0 &&
			corridor_is_empty(&service->corridor);

	if (service->is_draining) {
		drain_go_on(&service->drain, now_ms);
		end_ms = drain_end_ms(&service->drain);
		is_empty = is_empty && door_is_empty(service->door);
	}
	if ((!is_empty && now_ms < end_ms) || service->is_ending)
		return;
	service->is_ending = true;
	worker_end(service->worker);
}

static void
show_title(struct service *service, bool is_first)
{
	size_t count = service->gateway.lanes->count;

	if (count == service->shown && !is_first)
		return;
	service->shown = count;
	worker_set_title(
		service->worker, "%zu client%s", count, count == 1 ? "" : "s");
}

static void
on_letter(void *self, const struct letter *letter)
{
	struct service *service = self;

	gateway_on_letter(&service->gateway, letter);
}

/* What waits for others. The relay is told much and answers nothing, so no
 * client waits for it. */
static uint64_t
overflow(const struct service *service)
{
	unsigned relay = edge_relay(&service->gateway.edge);
	uint64_t waiting = worker_overflow(service->worker);

	if (relay == EDGE_NO_SLOT)
		return waiting;
	return waiting - worker_overflow_of(service->worker, relay);
}

/* Answers come before new requests: a gateway that reads more than it can hear
 * the answers of would have them pile up at the ledger, and be taken for stuck.
 * Not for ever, since deliveries may keep it busy. */
static void
rest_if_behind(struct service *service)
{
	bool has_begun =
		service->gateway.lanes->is_resting && service->rested == 0;
	bool is_behind = has_begun || worker_is_behind(service->worker) ||
			 overflow(service) > OVERFLOW_MAX;

	if (is_behind && service->rested < TURNS_OF_REST) {
		service->rested++;
		lanes_rest(service->gateway.lanes, true);
		return;
	}
	service->rested = 0;
	lanes_rest(service->gateway.lanes, false);
}

static void
on_turn(void *self)
{
	struct service *service = self;

	gateway_on_turn(&service->gateway);
	rest_if_behind(service);
}

static void
on_tick(void *self, uint64_t now_ms)
{
	struct service *service = self;

	gateway_on_tick(&service->gateway, now_ms);
	if (service->stop_ms)
		end_when_done(service, now_ms);
	show_title(service, false);
}

static bool
office_offer(void *self, unsigned to, struct letter *letter)
{
	return worker_offer(self, to, letter);
}

static void
office_send(void *self, unsigned to, struct letter *letter)
{
	worker_send(self, to, letter);
}

static bool
office_tell(void *self, struct text traced)
{
	return worker_tell(self, traced);
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
make_door(struct service *service)
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
		.connections_max = service->gateway.seated_capacity,
	};

	return door_new(worker_base(service->worker), &limits, &hooks, service);
}

static int
open_door(struct service *service)
{
	const struct heritage *heritage = worker_heritage(service->worker);
	const struct config *config = service->gateway.config;
	struct door_listener *listeners = base_alloc_zeroed(
		heritage->socket_count + 1, sizeof(*listeners));
	size_t count = 0;
	int result;

	for (size_t i = 0; i < heritage->socket_count; i++) {
		const struct heritage_socket *socket = &heritage->sockets[i];

		if (config->listeners[socket->listener].role !=
			LISTENER_WEBSOCKET)
			continue;
		if (socket->slot != service->gateway.slot &&
			socket->slot != HERITAGE_ANY_SLOT)
			continue;
		listeners[count++] = (struct door_listener){
			.fd = socket->fd,
			.listener = socket->listener,
		};
	}
	result = door_open(service->door, listeners, count);
	free(listeners);
	return result;
}

/* Nobody is disconnected but those whose tenant is gone; those at the door go
 * on under the new rules. */
static void
on_reload(void *self)
{
	struct service *service = self;
	struct gateway *gateway = &service->gateway;

	door_shut(service->door);
	fronts_renew(&service->fronts, gateway->config,
		arena_tickets(gateway->arena), service->door);
	if (open_door(service) < 0)
		log_error("some listeners are not open in this process");
	lanes_renew(gateway->lanes);
	keyring_free(&gateway->keyring);
	gateway->keyring = keyring_new(gateway->config);
	attendance_renew(gateway);
	tenants_reload(gateway);
}

static void
on_wish(void *self, struct text wish)
{
	struct service *service = self;

	wishes_take(&service->gateway, wish);
}

int
gateway_main(struct worker *worker)
{
	static const struct worker_hooks hooks = {
		.on_letter = on_letter,
		.on_turn = on_turn,
		.on_tick = on_tick,
		.on_stop = on_stop,
		.on_reload = on_reload,
		.on_wish = on_wish,
	};
	struct service service = {
		.worker = worker,
		.gateway = {
			.edge = {
				.config = worker_config(worker),
				.arena = worker_arena(worker),
				.slot = worker_slot(worker),
				.life = worker_life(worker),
				.office = { office_offer, office_send, worker,
					office_tell },
			},
		},
	};
	int code = 1;

	if (gateway_init(&service.gateway, worker_base(worker)) < 0)
		goto out;
	corridor_init(&service.corridor, &service.gateway, worker_base(worker),
		quarter_of_descriptors());
	service.door = make_door(&service);
	if (!service.door || open_door(&service) < 0)
		goto out;
	fronts_note(&service.fronts, service.gateway.config,
		arena_tickets(service.gateway.arena));
	show_title(&service, true);
	worker_run(worker, &hooks, &service);
	code = 0;
out:
	if (service.door)
		door_free(&service.door);
	corridor_fini(&service.corridor);
	fronts_fini(&service.fronts);
	gateway_fini(&service.gateway);
	return code;
}
