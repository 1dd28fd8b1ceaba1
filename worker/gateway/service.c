/*
 * The process of a gateway: its turns, its title, and how it ends. A stop
 * closes everyone at once with 1001 and waits a moment for those who answer; a
 * drain sends them away one by one (drain.h).
 */
#include "shared/clock.h"
#include "shared/config.h"
#include "worker/gateway/attendance.h"
#include "worker/gateway/doorway.h"
#include "worker/gateway/drain.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/gateway_turn.h"
#include "worker/gateway/keyring.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/tenants.h"
#include "worker/gateway/wishes.h"
#include "worker/worker.h"

/* With this much on its way to ledgers, clients are heard less often. */
#define OVERFLOW_MAX (1u << 20)
#define TURNS_OF_REST 8

/* How long a stop waits for clients to answer the close. */
#define STOP_MS 1500

struct service {
	struct gateway gateway;
	struct worker *worker;
	struct doorway doorway;
	bool is_draining;
	bool is_ending;
	uint64_t stop_ms; /* when the stop or the drain began */
	struct drain drain;
	size_t shown;    /* clients in the title */
	unsigned rested; /* turns in which the clients were not heard */
};

static void
on_stop(void *self, enum worker_stop how)
{
	struct service *service = self;

	doorway_shut(&service->doorway);
	service->stop_ms = clock_ms();
	service->is_draining = how == WORKER_STOP_DRAIN;
	if (service->is_draining) {
		drain_begin(&service->drain, service->gateway.lanes,
			(uint64_t)service->gateway.config->drain_seconds,
			service->stop_ms);
		return;
	}
	service->gateway.is_stopping = true;
	lanes_close_all(service->gateway.lanes);
}

static void
end_when_done(struct service *service, uint64_t now_ms)
{
	uint64_t end_ms = service->stop_ms + STOP_MS;
	bool is_empty = service->gateway.lanes->count == 0 &&
			!doorway_has_passages(&service->doorway);

	if (service->is_draining) {
		drain_go_on(&service->drain, now_ms);
		end_ms = drain_end_ms(&service->drain);
		is_empty = is_empty && !doorway_has_visitors(&service->doorway);
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

/* Nobody is disconnected but those whose tenant is gone; those at the door go
 * on under the new rules. */
static void
on_reload(void *self)
{
	struct service *service = self;
	struct gateway *gateway = &service->gateway;

	doorway_renew(&service->doorway);
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

	if (gateway_init(&service.gateway, worker_base(worker)) < 0 ||
		doorway_open(&service.doorway, &service.gateway, worker) < 0)
		goto out;
	show_title(&service, true);
	worker_run(worker, &hooks, &service);
	code = 0;
out:
	doorway_close(&service.doorway);
	gateway_fini(&service.gateway);
	return code;
}
