#include "worker/api/figures.h"

#include <inttypes.h>

#include "shared/address.h"
#include "shared/buffer.h"
#include "shared/client_id.h"
#include "shared/clock.h"
#include "shared/codes.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/json.h"
#include "shared/traffic_total.h"
#include "worker/api/exchange.h"
#include "worker/api/metrics.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/api/stats.h"
#include "worker/worker.h"

#define ROOMS_MAX 1000
#define ROOMS_USUAL 100

/* False: refused. */
static bool
may_see_all(struct exchange *exchange)
{
	if (exchange->caller.may_all)
		return true;
	reply_refuse(exchange, CODE_FORBIDDEN,
		"this is about all tenants, and the key is of one");
	return false;
}

static uint64_t
started_ms(const struct exchange *exchange)
{
	return worker_heritage(exchange->scene->worker)->started_ms;
}

void
figures_answer_metrics(struct exchange *exchange)
{
	struct buffer text = { 0 };
	struct reply reply = { 200, METRICS_TYPE, { NULL, 0 } };

	if (!may_see_all(exchange))
		return;
	metrics_write(&text, worker_arena(exchange->scene->worker),
		started_ms(exchange));
	reply.body = buffer_text(&text);
	reply_send(exchange, &reply);
	buffer_fini(&text);
}

void
figures_answer_stats(struct exchange *exchange)
{
	struct worker *worker = exchange->scene->worker;
	struct buffer json = { 0 };

	if (!may_see_all(exchange))
		return;
	stats_write(&json, worker_arena(worker), worker_config(worker),
		started_ms(exchange));
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&json);
}

static void
add_name(struct buffer *json, const char *member, const char *at, size_t length)
{
	buffer_add_format(json, "\"%s\":", member);
	json_write_string(json, (struct text){ at, length });
	buffer_add_byte(json, ',');
}

static void
add_room(struct buffer *json, const struct traffic_room *room)
{
	buffer_add_byte(json, '{');
	add_name(json, "room", room->room, room->room_length);
	add_name(json, "tenant", room->tenant, room->tenant_length);
	buffer_add_format(json,
		"\"gateways\":%u,\"messages\":%" PRIu64 ",\"pushes\":%" PRIu64
		",\"bytes\":%" PRIu64 "}",
		room->gateways, room->messages, room->pushes, room->bytes);
}

static void
add_slow(struct buffer *json, const struct traffic_slow *slow,
	const struct config *config, uint64_t now_ms)
{
	const struct traffic_client *client = &slow->client;
	char id[CLIENT_ID_LENGTH + 1] = "", address[ADDRESS_PEER_BYTES];

	if (client->secret != 0)
		client_id_write(id, (unsigned)config->host_id, slow->slot,
			client->place, client->secret);
	address_write_peer(address, client->address, client->port);
	buffer_add_format(json, "{\"client\":\"%s\",", id);
	add_name(json, "user", client->user, client->user_length);
	add_name(json, "tenant", client->tenant, client->tenant_length);
	buffer_add_format(json,
		"\"platform\":%u,\"slot\":%u,\"state\":\"%s\","
		"\"waiting_bytes\":%" PRIu64 ",\"dropped\":%" PRIu64
		",\"seconds\":%" PRIu64 ",\"address\":\"%s\"}",
		client->platform, slow->slot,
		client->closed_ms ? "closed" : "behind", client->waiting_bytes,
		client->dropped,
		(now_ms - MIN_OF(now_ms, client->behind_ms)) / 1000, address);
}

static void
write_traffic(struct buffer *json, const struct traffic_total *total,
	size_t limit, const struct config *config)
{
	uint64_t now_ms = clock_ms();

	buffer_add_format(
		json, "{\"seconds\":%d,\"rooms\":[", TRAFFIC_WINDOW_MS / 1000);
	for (size_t i = 0; i < total->room_count && i < limit; i++) {
		if (i > 0)
			buffer_add_byte(json, ',');
		add_room(json, &total->rooms[i]);
	}
	buffer_add_string(json, "],\"slow\":[");
	for (size_t i = 0; i < total->client_count; i++) {
		if (i > 0)
			buffer_add_byte(json, ',');
		add_slow(json, &total->clients[i], config, now_ms);
	}
	buffer_add_string(json, "]}");
}

void
figures_answer_traffic(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	struct text tenant =
		arguments_name(data, "tenant", TENANT_BYTES_MAX, false);
	uint64_t limit =
		arguments_number(data, "limit", 1, ROOMS_MAX, ROOMS_USUAL);
	struct buffer json = { 0 };
	struct traffic_total total;

	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	if (!exchange->caller.may_all)
		tenant = exchange->tenant;
	traffic_collect(&total, worker_arena(exchange->scene->worker), tenant,
		clock_ms());
	write_traffic(
		&json, &total, limit, worker_config(exchange->scene->worker));
	reply_send_json(exchange, buffer_text(&json));
	traffic_fini(&total);
	buffer_fini(&json);
}
