#include "worker/gateway/deliver.h"

#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "worker/gateway/fanout.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/mailman.h"

#define KEEP_BYTES 16384

/* Times of 32 bits say nothing of what took longer than this. */
#define TOOK_US_MAX (UINT32_MAX / 2)

void
deliver_message(struct gateway *gateway, const struct message *message,
	uint32_t begun_us)
{
	if (begun_us != 0)
		buffer_add(&gateway->begun, &begun_us, sizeof(begun_us));
	if (message->kind == STREAM_ROOM)
		fanout_message(gateway, message);
	else
		mailman_deliver(gateway, message);
}

void
deliver_settle(struct gateway *gateway)
{
	struct histogram *histogram =
		&gateway->row->histograms[HISTOGRAM_DELIVERY];
	const uint32_t *begun =
		(const uint32_t *)(const void *)gateway->begun.data;
	size_t count = gateway->begun.length / sizeof(*begun);
	uint32_t now_us;

	if (count == 0)
		return;
	now_us = (uint32_t)clock_us();
	for (size_t i = 0; i < count; i++)
		if (now_us - begun[i] <= TOOK_US_MAX)
			histogram_add(histogram, now_us - begun[i]);
	buffer_clear(&gateway->begun, KEEP_BYTES);
}
