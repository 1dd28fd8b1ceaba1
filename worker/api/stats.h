/*
 * What GET /v1/stats says: what the status socket shows as info, counters,
 * workers and ledger, and how long things take, as one JSON object.
 */
#ifndef WORKER_API_STATS_H
#define WORKER_API_STATS_H

#include <stdint.h>

struct arena;
struct buffer;
struct config;

/* started_ms: clock_ms() when the server was started. */
void stats_write(struct buffer *out, const struct arena *arena,
	const struct config *config, uint64_t started_ms);

#endif
