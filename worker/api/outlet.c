/*
 * Events wait outside the spool from when they are taken to the end of the
 * turn, and longer when the spool is not open or its disk is full: bounded, and
 * news that come when that is reached are lost and counted. Who follows a
 * journal waits instead, see outlet_is_settled().
 */
#include "worker/api/outlet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/log.h"
#include "shared/pack.h"
#include "shared/scoreboard.h"
#include "worker/api/courier.h"
#include "worker/api/outlet_inside.h"
#include "worker/api/report.h"
#include "worker/api/spool.h"

#define STAGED_BYTES_MAX (16U * 1024 * 1024)
#define KEEP_BYTES (1024U * 1024)
#define OPEN_EVERY_MS 1000

/* After so many failures a spool that nobody else writes is set aside. */
#define OPENS_UNTIL_ASIDE 3

#define EVENTS_OF_PRESENCE ((1U << EVENT_MESSAGE) - 1)

/* Two digits for each byte of the name, so that any name is one of a file. */
void
outlet_directory(
	char path[], size_t bytes, const char *data_dir, struct text tenant)
{
	int length = snprintf(path, bytes, "%s/events/", data_dir);

	must(length >= 0 && (size_t)length + 2 * tenant.length < bytes);
	for (size_t i = 0; i < tenant.length; i++)
		length += snprintf(path + length, bytes - (size_t)length,
			"%02x", (uint8_t)tenant.at[i]);
}

struct outlet *
outlet_new(const struct outlet_scene *scene, const struct tenant *tenant)
{
	struct outlet *outlet = base_alloc_zeroed(1, sizeof(*outlet));

	outlet->scene = scene;
	outlet->name = base_strdup(tenant->name);
	outlet->url = base_strdup("");
	outlet_renew(outlet, tenant);
	return outlet;
}

void
outlet_free(struct outlet **outlet)
{
	struct outlet *old = *outlet;

	*outlet = NULL;
	if (old == NULL)
		return;
	outlet_stop_posting(old);
	spool_close(&old->spool);
	buffer_fini(&old->secret);
	buffer_fini(&old->staged);
	buffer_fini(&old->body);
	free(old->name);
	free(old->url);
	free(old);
}

struct text
outlet_tenant(const struct outlet *outlet)
{
	return text_of(outlet->name);
}

static void
set_secret(struct outlet *outlet, const struct tenant *tenant)
{
	const struct secret *secret = NULL;

	buffer_clear(&outlet->secret, 0);
	if (tenant->webhook_secret_file[0])
		secret = config_secret(
			outlet->scene->config, tenant->webhook_secret_file);
	if (secret != NULL)
		buffer_add(&outlet->secret, secret->bytes, secret->length);
}

/* What was sent to another address is sent again to the new one. */
void
outlet_renew(struct outlet *outlet, const struct tenant *tenant)
{
	if (strcmp(outlet->url, tenant->webhook_url) != 0) {
		outlet_stop_posting(outlet);
		outlet->smaller = 0;
		free(outlet->url);
		outlet->url = base_strdup(tenant->webhook_url);
	}
	set_secret(outlet, tenant);
	outlet->event_mask = tenant->event_mask;
	outlet->keep_bytes = (uint64_t)tenant->webhook_keep;
	if (outlet->spool == NULL)
		return;
	spool_set_keep(outlet->spool, outlet->keep_bytes);
	spool_set_sync(outlet->spool,
		outlet->scene->config->durability == DURABILITY_FSYNC);
}

void
outlet_take(struct outlet *outlet, uint64_t time_ms, struct text members,
	uint32_t source, uint64_t position)
{
	if (outlet->staged.length + members.length > STAGED_BYTES_MAX &&
		source < SOURCE_OF_JOURNAL(0)) {
		row_count(outlet->scene->row, COUNTER_EVENTS_DROPPED, 1);
		return;
	}
	pack_number(&outlet->staged, time_ms);
	pack_number(&outlet->staged, source);
	pack_number(&outlet->staged, position);
	pack_text(&outlet->staged, members);
}

bool
outlet_is_settled(const struct outlet *outlet)
{
	return outlet->staged.length == 0;
}

uint64_t
outlet_waiting(const struct outlet *outlet)
{
	if (outlet->spool == NULL || outlet->url[0] == 0)
		return 0;
	return spool_last(outlet->spool) - spool_delivered(outlet->spool);
}

static void
count_dropped(struct outlet *outlet)
{
	uint64_t dropped = spool_dropped(outlet->spool);

	row_count(outlet->scene->row, COUNTER_EVENTS_DROPPED,
		(int64_t)(dropped - outlet->told_dropped));
	outlet->told_dropped = dropped;
}

/* Into the batch of the spool, but for what stands there already. */
static void
add_staged(struct outlet *outlet)
{
	struct unpack in = unpack_of(buffer_text(&outlet->staged));

	while (in.at < in.end && !in.failed) {
		uint64_t time_ms = unpack_number(&in);
		uint32_t source = (uint32_t)unpack_number(&in);
		uint64_t position = unpack_number(&in);
		struct text members = unpack_text(&in);

		if (position <= spool_cursor(outlet->spool, source))
			continue;
		spool_add(outlet->spool, time_ms, members);
		spool_set_cursor(outlet->spool, source, position);
	}
	must(!in.failed);
}

void
outlet_commit(struct outlet *outlet, uint64_t now_ms)
{
	size_t count;

	if (outlet->spool == NULL || outlet->staged.length == 0)
		return;
	add_staged(outlet);
	count = spool_pending(outlet->spool);
	if (!spool_commit(outlet->spool, outlet->scene->arena))
		return;
	buffer_clear(&outlet->staged, KEEP_BYTES);
	row_count(outlet->scene->row, COUNTER_EVENTS, (int64_t)count);
	count_dropped(outlet);
	outlet_post(outlet, now_ms);
}

/* Of another arena: the server began anew, and with it all rooms and logins.
 * That stands in front of what it does. */
static void
begin_anew(struct outlet *outlet)
{
	struct buffer start = { 0 };

	if (spool_arena(outlet->spool) == outlet->scene->arena)
		return;
	spool_forget_cursors(outlet->spool, SOURCE_OF_JOURNAL(0) - 1);
	if (spool_last(outlet->spool) == 0 ||
		!(outlet->event_mask & EVENTS_OF_PRESENCE))
		return;
	report_start(&start);
	spool_add(outlet->spool, clock_unix_ms(), buffer_text(&start));
	if (spool_commit(outlet->spool, outlet->scene->arena))
		row_count(outlet->scene->row, COUNTER_EVENTS, 1);
	buffer_fini(&start);
}

static void
open_spool(struct outlet *outlet, uint64_t now_ms)
{
	const struct config *config = outlet->scene->config;
	char path[PATH_MAX];
	struct spool_options options = {
		.directory = path,
		.keep_bytes = outlet->keep_bytes,
		.sync = config->durability == DURABILITY_FSYNC,
		.may_set_aside = outlet->failed_opens >= OPENS_UNTIL_ASIDE,
	};

	if (now_ms < outlet->open_ms)
		return;
	outlet->open_ms = now_ms + OPEN_EVERY_MS;
	outlet_directory(
		path, sizeof(path), config->data_dir, text_of(outlet->name));
	outlet->spool = spool_open(&options);
	if (outlet->spool == NULL) {
		outlet->failed_opens++;
		return;
	}
	outlet->failed_opens = 0;
	begin_anew(outlet);
}

void
outlet_tick(struct outlet *outlet, uint64_t now_ms)
{
	if (outlet->spool == NULL)
		open_spool(outlet, now_ms);
	outlet_commit(outlet, now_ms);
	outlet_post(outlet, now_ms);
}
