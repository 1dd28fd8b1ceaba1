#include "worker/gateway/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/index.h"
#include "shared/traffic.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/sketch.h"

/*
 * Sockets are full for a moment all the time. So a client that falls behind is
 * only noted, and reported when something still waits for it at the end of a
 * window, or when it lost something; of too many, those stay for whom most
 * waits. Who was closed for being slow is told of for a while.
 */

#define FORGET_LIVING_MS 10000
#define FORGET_CLOSED_MS 60000

struct slow {
	struct session *session; /* NULL: closed; its copy is all there is */
	uint64_t behind_ms;      /* when it was behind last */
	struct traffic_client client;
};

struct traffic {
	struct sketch sketch;
	struct slow slow[TRAFFIC_SLOW];
	uint32_t slow_count;
	struct traffic_report report; /* is made here */
};

struct traffic *
traffic_new(void)
{
	return base_alloc_zeroed(1, sizeof(struct traffic));
}

void
traffic_free(struct traffic **traffic)
{
	free(*traffic);
	*traffic = NULL;
}

void
traffic_pushed(struct gateway *gateway, const struct room *room,
	const struct traffic_room *pushed)
{
	sketch_add(&gateway->traffic->sketch, room->number, room_tenant(room),
		room_name(room), pushed);
}

static struct slow *
find_slow(struct traffic *traffic, const struct session *session)
{
	for (uint32_t i = 0; i < traffic->slow_count; i++)
		if (traffic->slow[i].session == session)
			return &traffic->slow[i];
	return NULL;
}

static uint64_t
waiting_for(const struct slow *slow)
{
	return slow->session ? lane_waiting(&slow->session->lane) : 0;
}

/* A place for one more: a new one, or that of somebody for whom less waits. */
static struct slow *
find_place(struct traffic *traffic, uint64_t waiting)
{
	struct slow *least = &traffic->slow[0];

	if (traffic->slow_count < TRAFFIC_SLOW)
		return &traffic->slow[traffic->slow_count++];
	for (uint32_t i = 1; i < TRAFFIC_SLOW; i++)
		if (waiting_for(&traffic->slow[i]) < waiting_for(least))
			least = &traffic->slow[i];
	return waiting_for(least) < waiting ? least : NULL;
}

static void
copy_name(char *to, uint8_t *length, struct text name)
{
	*length = (uint8_t)name.length;
	memcpy(to, name.at, name.length);
}

static void
describe(struct traffic_client *client, const struct session *session)
{
	struct index_entry entry;

	copy_name(client->tenant, &client->tenant_length,
		session_tenant(session));
	copy_name(client->user, &client->user_length, session_user(session));
	memcpy(client->address, session->address, sizeof(client->address));
	client->port = session->port;
	client->platform = session->platform;
	client->place = session->place;
	if (session->identity &&
		index_read(session->gateway->arena, session->gateway->slot,
			session->place, &entry))
		client->secret = entry.secret;
}

void
traffic_behind(struct session *session, uint64_t dropped)
{
	struct traffic *traffic = session->gateway->traffic;
	uint64_t now_ms = session->lane.lanes->now_ms;
	struct slow *slow = find_slow(traffic, session);

	if (!slow) {
		slow = find_place(traffic, lane_waiting(&session->lane));
		if (!slow)
			return;
		*slow = (struct slow){ .session = session,
			.client = { .behind_ms = now_ms } };
	}
	slow->behind_ms = now_ms;
	slow->client.dropped += dropped;
}

static void
remove_slow(struct traffic *traffic, struct slow *slow)
{
	*slow = traffic->slow[--traffic->slow_count];
}

void
traffic_end(struct session *session)
{
	struct traffic *traffic = session->gateway->traffic;
	struct slow *slow = find_slow(traffic, session);

	if (!slow)
		return;
	if (!session->lane.is_slow) {
		remove_slow(traffic, slow);
		return;
	}
	describe(&slow->client, session);
	slow->client.waiting_bytes = lane_waiting(&session->lane);
	slow->client.closed_ms = session->lane.lanes->now_ms;
	slow->session = NULL;
}

static bool
is_over(const struct slow *slow, uint64_t now_ms)
{
	if (!slow->session)
		return now_ms >= slow->client.closed_ms + FORGET_CLOSED_MS;
	return waiting_for(slow) == 0 &&
	       now_ms >= slow->behind_ms + FORGET_LIVING_MS;
}

static void
report_slow(struct traffic *traffic, uint64_t now_ms)
{
	struct traffic_report *report = &traffic->report;

	for (uint32_t i = traffic->slow_count; i-- > 0;)
		if (is_over(&traffic->slow[i], now_ms))
			remove_slow(traffic, &traffic->slow[i]);
	report->client_count = 0;
	for (uint32_t i = 0; i < traffic->slow_count; i++) {
		struct slow *slow = &traffic->slow[i];

		if (slow->session) {
			describe(&slow->client, slow->session);
			slow->client.waiting_bytes = waiting_for(slow);
		}
		if (slow->client.waiting_bytes > 0 || slow->client.dropped > 0)
			report->clients[report->client_count++] = slow->client;
	}
}

void
traffic_tick(struct gateway *gateway, uint64_t now_ms)
{
	struct traffic *traffic = gateway->traffic;
	struct traffic_report *report = &traffic->report;

	if (now_ms < report->until_ms + TRAFFIC_WINDOW_MS)
		return;
	report->from_ms = report->until_ms > 0 ? report->until_ms : now_ms;
	report->until_ms = now_ms;
	sketch_take(&traffic->sketch, report);
	report_slow(traffic, now_ms);
	traffic_publish(arena_traffic(gateway->arena, gateway->slot), report);
}
