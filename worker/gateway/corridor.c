#include "worker/gateway/corridor.h"

#include <string.h>
#include <sys/resource.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/scoreboard.h"
#include "worker/gateway/admission.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/visitor.h"

#define PASSAGES_MAX 16384

/* All gateways together leave an api descriptors for its own listeners, and
 * each has some for its clients, since a passage takes two. */
static size_t
most_passages(const struct config *config)
{
	struct rlimit limit = { 0 };
	size_t most = PASSAGES_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		most = MIN_OF(most, (size_t)limit.rlim_max / 8);
	return MAX_OF(most / config_gateways(config), 1u);
}

static void
on_end(void *self, const uint8_t address[16])
{
	const struct corridor *corridor = self;

	admission_leave(corridor->gateway, address);
}

void
corridor_init(struct corridor *corridor, struct gateway *gateway,
	struct event_base *base, unsigned descriptor_min)
{
	*corridor = (struct corridor){
		.gateway = gateway,
		.passages = {
			.count_max = most_passages(gateway->config),
			.descriptor_min = (int)descriptor_min,
			.on_end = on_end,
			.self = corridor,
		},
	};
	passages_init(&corridor->passages, base);
}

void
corridor_fini(struct corridor *corridor)
{
	passages_fini(&corridor->passages);
}

static const struct listener *
passage_behind(const struct corridor *corridor, unsigned number)
{
	const struct config *config = corridor->gateway->config;

	return config_passage(config, &config->listeners[number]);
}

bool
corridor_leads_from(const struct corridor *corridor, unsigned listener)
{
	return passage_behind(corridor, listener) != NULL;
}

/* A connection of a proxy that names its clients counts for none of them: it
 * may bring the next request of another. */
static bool
is_counted_for(const struct visitor *visitor)
{
	return memcmp(&visitor->peer, &visitor->speaker,
		       sizeof(visitor->peer)) == 0;
}

int
corridor_take(struct corridor *corridor, const struct visitor *visitor)
{
	struct gateway *gateway = corridor->gateway;
	const struct listener *passage =
		passage_behind(corridor, visitor->listener);

	if (bouncer_bars(gateway, &visitor->peer))
		return 403;
	if (is_counted_for(visitor) && !admission_take(gateway, &visitor->peer))
		return 503;
	if (!passage || !passages_open(&corridor->passages, visitor,
				strchr(passage->address, ':') + 1,
				gateway->is_counted)) {
		admission_undo(gateway, &visitor->peer);
		return 503;
	}
	admission_keep(gateway);
	row_count(gateway->row, COUNTER_PASSED, 1);
	return 0;
}

bool
corridor_is_empty(const struct corridor *corridor)
{
	return corridor->passages.count == 0;
}
