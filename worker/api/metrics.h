/*
 * What /metrics says: the scoreboard in the text format of Prometheus (0.0.4).
 * Names are made of those of counters and histograms, so a new row of their
 * tables is a new metric.
 */
#ifndef WORKER_API_METRICS_H
#define WORKER_API_METRICS_H

#include <stdint.h>

struct arena;
struct buffer;

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* started_ms: clock_ms() when the server was started. */
void metrics_write(
	struct buffer *out, const struct arena *arena, uint64_t started_ms);

#endif
