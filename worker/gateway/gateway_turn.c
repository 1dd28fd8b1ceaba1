#include "worker/gateway/gateway_turn.h"

#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "shared/wheel.h"
#include "worker/gateway/announcer.h"
#include "worker/gateway/answers.h"
#include "worker/gateway/client.h"
#include "worker/gateway/deliver.h"
#include "worker/gateway/draft.h"
#include "worker/gateway/fanout.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/grant.h"
#include "worker/gateway/hooking.h"
#include "worker/gateway/keyring.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/tracer.h"
#include "worker/gateway/traffic.h"

#define GRANT_WHEEL_SLOTS 1024
#define GRANT_WHEEL_TICK_MS 500

static void
deliver_here(void *self, const struct message *message)
{
	deliver_message(self, message, (uint32_t)clock_us());
}

static void
on_full(void *self)
{
	struct gateway *gateway = self;

	lanes_rest(gateway->lanes, true);
}

static void
open_edge(struct gateway *gateway)
{
	struct edge *edge = &gateway->edge;

	edge->deliver_here = deliver_here;
	edge->on_full = on_full;
	edge->self = gateway;
	edge_init(edge);
	gateway->config = edge->config;
	gateway->arena = edge->arena;
	gateway->row = edge->row;
	gateway->slot = edge->slot;
	gateway->life = edge->life;
}

int
gateway_init(struct gateway *gateway, struct event_base *base)
{
	static const enum counter gauges[] = {
		COUNTER_CONNECTIONS,
		COUNTER_SESSIONS,
		COUNTER_ROOMS,
	};

	open_edge(gateway);
	for (size_t i = 0; i < ARRAY_LEN(gauges); i++)
		row_set(gateway->row, gauges[i], 0);
	index_open(gateway->arena, gateway->slot, gateway->life);
	gateway->seated_capacity =
		arena_shape(gateway->arena)->index_connections;
	gateway->seated = base_alloc_zeroed(
		gateway->seated_capacity, sizeof(gateway->seated[0]));
	gateway->give_way = client_give_way;
	gateway->rooms = rooms_new();
	gateway->pendings = pendings_new(gateway->life);
	gateway->announcer = announcer_new(base);
	gateway->keyring = keyring_new(gateway->config);
	gateway->grants =
		wheel_new(GRANT_WHEEL_SLOTS, GRANT_WHEEL_TICK_MS, clock_ms());
	gateway->traffic = traffic_new();
	gateway->lanes =
		lanes_new(base, gateway->config, gateway->row, &client_hooks);
	return gateway->lanes ? 0 : -1;
}

void
gateway_fini(struct gateway *gateway)
{
	gateway->is_stopping = true;
	drafts_free(gateway);
	lanes_free(&gateway->lanes);
	fanout_flush(gateway);
	announcer_free(&gateway->announcer);
	keyring_free(&gateway->keyring);
	wheel_free(&gateway->grants);
	tracer_free(&gateway->tracer);
	traffic_free(&gateway->traffic);
	pendings_free(&gateway->pendings);
	rooms_free(&gateway->rooms);
	free(gateway->seated);
	gateway->seated = NULL;
	buffer_fini(&gateway->body);
	buffer_fini(&gateway->tag);
	buffer_fini(&gateway->payload);
	buffer_fini(&gateway->named);
	buffer_fini(&gateway->sessions);
	buffer_fini(&gateway->others);
	buffer_fini(&gateway->begun);
	buffer_fini(&gateway->claimed);
	edge_fini(&gateway->edge);
}

void
gateway_on_letter(struct gateway *gateway, const struct letter *letter)
{
	answers_on_letter(gateway, letter);
}

void
gateway_on_turn(struct gateway *gateway)
{
	announcer_go_on(gateway);
	session_resume_due(gateway);
	drafts_go_on(gateway);
	fanout_flush(gateway);
	lanes_settle(gateway->lanes);
	deliver_settle(gateway);
}

void
gateway_on_tick(struct gateway *gateway, uint64_t now_ms)
{
	lanes_tick(gateway->lanes, now_ms);
	grants_tick(gateway, now_ms);
	traffic_tick(gateway, now_ms);
	hooking_tick(gateway, now_ms);
}
