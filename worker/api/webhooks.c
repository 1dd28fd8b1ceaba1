#include "worker/api/webhooks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/message.h"
#include "shared/scoreboard.h"
#include "worker/api/outlet.h"
#include "worker/api/report.h"
#include "worker/worker.h"

#define KEEP_BYTES (64U * 1024)

struct webhooks {
	struct worker *worker;
	struct outlet_scene scene;
	struct outlet **outlets;
	size_t count;
	struct buffer members; /* of the event being told */
};

static struct outlet *
find(const struct webhooks *webhooks, struct text tenant)
{
	for (size_t i = 0; i < webhooks->count; i++)
		if (text_equal(outlet_tenant(webhooks->outlets[i]), tenant))
			return webhooks->outlets[i];
	return NULL;
}

/* Of a tenant that wants this event; NULL when it does not. */
static struct outlet *
find_for(const struct webhooks *webhooks, struct text tenant,
	enum webhook_event what)
{
	const struct tenant *found =
		config_tenant(webhooks->scene.config, tenant);

	if (found == NULL || !(found->event_mask & 1U << what))
		return NULL;
	return find(webhooks, tenant);
}

/* One that wants nothing more may have events to deliver. */
static bool
is_needed(const struct tenant *tenant)
{
	return tenant->event_mask != 0 || tenant->webhook_url[0] != 0;
}

static void
drop_unneeded(struct webhooks *webhooks)
{
	size_t left = 0;

	for (size_t i = 0; i < webhooks->count; i++) {
		struct outlet *outlet = webhooks->outlets[i];
		const struct tenant *tenant = config_tenant(
			webhooks->scene.config, outlet_tenant(outlet));

		if (tenant != NULL && is_needed(tenant))
			webhooks->outlets[left++] = outlet;
		else
			outlet_free(&outlet);
	}
	webhooks->count = left;
}

static void
add(struct webhooks *webhooks, const struct tenant *tenant)
{
	webhooks->outlets = base_realloc(webhooks->outlets,
		(webhooks->count + 1) * sizeof(*webhooks->outlets));
	webhooks->outlets[webhooks->count++] =
		outlet_new(&webhooks->scene, tenant);
}

static void
make_directories(const struct config *config)
{
	char path[PATH_MAX];

	must(snprintf(path, sizeof(path), "%s/events", config->data_dir) <
		PATH_MAX);
	if ((mkdir(config->data_dir, 0750) < 0 && errno != EEXIST) ||
		(mkdir(path, 0750) < 0 && errno != EEXIST))
		log_error("events: cannot make %s: %s", path, strerror(errno));
}

void
webhooks_renew(struct webhooks *webhooks)
{
	const struct config *config = webhooks->scene.config;

	drop_unneeded(webhooks);
	for (size_t i = 0; i < config->tenant_count; i++) {
		const struct tenant *tenant = &config->tenants[i];
		struct outlet *outlet = find(webhooks, text_of(tenant->name));

		if (outlet != NULL)
			outlet_renew(outlet, tenant);
		else if (is_needed(tenant))
			add(webhooks, tenant);
	}
	if (webhooks->count > 0 || config->bot_count > 0)
		make_directories(config);
	webhooks_tick(webhooks);
}

struct webhooks *
webhooks_new(struct worker *worker, struct courier *courier)
{
	struct webhooks *webhooks = base_alloc_zeroed(1, sizeof(*webhooks));

	webhooks->worker = worker;
	webhooks->scene = (struct outlet_scene){
		.config = worker_config(worker),
		.courier = courier,
		.row = worker_row(worker),
		.arena = arena_id(worker_arena(worker)),
	};
	webhooks_renew(webhooks);
	return webhooks;
}

void
webhooks_free(struct webhooks **webhooks)
{
	struct webhooks *old = *webhooks;

	*webhooks = NULL;
	if (old == NULL)
		return;
	for (size_t i = 0; i < old->count; i++)
		outlet_free(&old->outlets[i]);
	buffer_fini(&old->members);
	free(old->outlets);
	free(old);
}

void
webhooks_take(struct webhooks *webhooks, const struct letter *letter,
	uint64_t position)
{
	struct unpack in = letter_open(letter);
	struct outlet *outlet;
	struct news news;

	if (!news_unpack(&in, &news) || news.what >= EVENT_MESSAGE) {
		row_count(webhooks->scene.row, COUNTER_LETTERS_BAD, 1);
		return;
	}
	outlet = find_for(webhooks, news.tenant, (enum webhook_event)news.what);
	if (outlet == NULL)
		return;
	buffer_clear(&webhooks->members, KEEP_BYTES);
	report_news(&webhooks->members, &news);
	outlet_take(outlet, news.time, buffer_text(&webhooks->members),
		SOURCE_OF_RING(letter->from), position);
}

void
webhooks_hear(struct webhooks *webhooks, unsigned ledger, uint64_t end,
	const struct message *message)
{
	struct outlet *outlet =
		find_for(webhooks, message->tenant, EVENT_MESSAGE);

	if (outlet == NULL)
		return;
	buffer_clear(&webhooks->members, KEEP_BYTES);
	report_message(&webhooks->members, message);
	outlet_take(outlet, message_unix_ms(message->id_time),
		buffer_text(&webhooks->members), SOURCE_OF_JOURNAL(ledger),
		end);
}

bool
webhooks_want_messages(const struct webhooks *webhooks)
{
	const struct config *config = webhooks->scene.config;

	for (size_t i = 0; i < config->tenant_count; i++)
		if (config->tenants[i].event_mask & 1U << EVENT_MESSAGE)
			return true;
	return false;
}

bool
webhooks_commit(struct webhooks *webhooks)
{
	uint64_t now_ms = worker_now_ms(webhooks->worker);
	bool is_settled = true;

	for (size_t i = 0; i < webhooks->count; i++) {
		outlet_commit(webhooks->outlets[i], now_ms);
		is_settled &= outlet_is_settled(webhooks->outlets[i]);
	}
	return is_settled;
}

void
webhooks_tick(struct webhooks *webhooks)
{
	uint64_t now_ms = worker_now_ms(webhooks->worker), waiting = 0;

	for (size_t i = 0; i < webhooks->count; i++) {
		outlet_tick(webhooks->outlets[i], now_ms);
		waiting += outlet_waiting(webhooks->outlets[i]);
	}
	row_set(webhooks->scene.row, COUNTER_EVENTS_WAITING, waiting);
}
