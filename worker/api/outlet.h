/*
 * The outlet of one tenant: its events come in, are kept in its spool, and go
 * out to its backend in their order, many at once, again and again until the
 * backend says that it has them (any status 2xx). So each comes at least once,
 * through the death of any process here and hours without a backend; what does
 * not fit into webhook_keep meanwhile is lost, oldest first, and counted.
 *
 * Without a URL events are only kept, for GET /v1/events.
 */
#ifndef WORKER_API_OUTLET_H
#define WORKER_API_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct config;
struct courier;
struct outlet;
struct row;
struct tenant;

/* Sources of events: rings by the slot of their sender, and journals. */
#define SOURCE_OF_RING(slot) ((uint32_t)(slot))
#define SOURCE_OF_JOURNAL(ledger) (0x10000U + (uint32_t)(ledger))

/* Where the spool of a tenant lies, as long as a path. */
void outlet_directory(
	char path[], size_t bytes, const char *data_dir, struct text tenant);

/* What all outlets of a process share. */
struct outlet_scene {
	const struct config *config;
	struct courier *courier;
	struct row *row;
	uint64_t arena; /* its id */
};

/* Borrows the scene; the tenant's name is copied. */
struct outlet *outlet_new(
	const struct outlet_scene *scene, const struct tenant *tenant);
void outlet_free(struct outlet **outlet);

struct text outlet_tenant(const struct outlet *outlet);

/* The configuration is another one. */
void outlet_renew(struct outlet *outlet, const struct tenant *tenant);

/* Takes an event that stood in a source before this position, copied; one that
 * was taken by an earlier life is passed over, now or later. */
void outlet_take(struct outlet *outlet, uint64_t time_ms, struct text members,
	uint32_t source, uint64_t position);

/* What was taken goes into the spool, and on its way. */
void outlet_commit(struct outlet *outlet, uint64_t now_ms);

/* Is all that was taken in the spool? */
bool outlet_is_settled(const struct outlet *outlet);

/* Often: opens the spool, tries again what failed. */
void outlet_tick(struct outlet *outlet, uint64_t now_ms);

/* Events that wait to be delivered. */
uint64_t outlet_waiting(const struct outlet *outlet);

#endif
