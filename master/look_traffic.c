#include <inttypes.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/address.h"
#include "shared/base.h"
#include "shared/client_id.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/overall.h"
#include "shared/traffic_total.h"

/*
 * How long things take, and what the gateways report of their traffic, see
 * shared/traffic.h.
 */

/* In each bucket of histogram.h, with commas between. */
static void
add_buckets(struct answer *answer, const struct histogram_sum *sum)
{
	struct buffer words = { 0 };

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		buffer_add_format(&words, "%s%" PRIu64, i > 0 ? "," : "",
			sum->buckets[i]);
	answer_cell_name(answer, buffer_text(&words));
	buffer_fini(&words);
}

void
look_latency(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "latency", "count", "mean_us",
		"p50_us", "p90_us", "p99_us", "p999_us", "buckets", "meaning",
		NULL };
	static const unsigned quantiles[] = { 500, 900, 990, 999 };

	(void)look;
	answer_begin_table(answer, columns);
	for (unsigned i = 0; i < HISTOGRAM_COUNT; i++) {
		const struct histogram_info *info = histogram_info(i);
		struct histogram_sum sum;

		overall_histogram(context->arena, i, &sum);
		answer_cell_text(answer, info->name);
		answer_cell_number(answer, sum.count);
		answer_cell_number(answer, sum.sum_us / MAX_OF(sum.count, 1));
		for (size_t k = 0; k < ARRAY_LEN(quantiles); k++)
			answer_cell_number(
				answer, histogram_quantile(&sum, quantiles[k]));
		add_buckets(answer, &sum);
		answer_cell_text(answer, info->help);
	}
	answer_end_table(answer);
}

/* All when none is given. */
static struct text
tenant_of(const struct look *look)
{
	return look->is_of_tenant ? look->tenant : TEXT_LITERAL("");
}

void
look_traffic(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "room", "tenant", "gateways",
		"messages", "pushes", "bytes", "seconds", NULL };
	struct traffic_total total;

	traffic_collect(&total, context->arena, tenant_of(look), clock_ms());
	answer_begin_table(answer, columns);
	for (size_t i = 0; i < total.room_count && i < look->limit; i++) {
		const struct traffic_room *room = &total.rooms[i];

		answer_cell_name(
			answer, (struct text){ room->room, room->room_length });
		answer_cell_name(answer,
			(struct text){ room->tenant, room->tenant_length });
		answer_cell_number(answer, room->gateways);
		answer_cell_number(answer, room->messages);
		answer_cell_number(answer, room->pushes);
		answer_cell_number(answer, room->bytes);
		answer_cell_number(answer, TRAFFIC_WINDOW_MS / 1000);
	}
	answer_end_table(answer);
	traffic_fini(&total);
}

static void
add_slow(const struct words_context *context, struct answer *answer,
	const struct traffic_slow *slow, uint64_t now_ms)
{
	const struct traffic_client *client = &slow->client;
	char id[CLIENT_ID_LENGTH + 1] = "", address[ADDRESS_PEER_BYTES];

	if (client->secret != 0)
		client_id_write(id, (unsigned)context->config->host_id,
			slow->slot, client->place, client->secret);
	address_write_peer(address, client->address, client->port);
	answer_cell_text(answer, id);
	answer_cell_name(
		answer, (struct text){ client->user, client->user_length });
	answer_cell_name(
		answer, (struct text){ client->tenant, client->tenant_length });
	answer_cell_number(answer, client->platform);
	answer_cell_number(answer, slow->slot);
	answer_cell_text(answer, client->closed_ms ? "closed" : "behind");
	answer_cell_number(answer, client->waiting_bytes);
	answer_cell_number(answer, client->dropped);
	answer_cell_number(
		answer, (now_ms - MIN_OF(now_ms, client->behind_ms)) / 1000);
	answer_cell_text(answer, address);
}

void
look_slow(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "client", "user", "tenant",
		"platform", "slot", "state", "waiting_bytes", "dropped",
		"seconds", "address", NULL };
	uint64_t now_ms = clock_ms();
	struct traffic_total total;

	traffic_collect(&total, context->arena, tenant_of(look), now_ms);
	answer_begin_table(answer, columns);
	for (size_t i = 0; i < total.client_count && i < look->limit; i++)
		add_slow(context, answer, &total.clients[i], now_ms);
	answer_end_table(answer);
	traffic_fini(&total);
}
