/*
 * Whether a child still does its work: it becomes ready in time, its heart
 * beats, and the others do not report it. One that fails is killed (logged);
 * its end and its replacement come the usual way.
 */
#ifndef MASTER_HEALTH_H
#define MASTER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct child;

/* For one that starts. from_ms: no time before it counts, because the master
 * itself did not run then and the children need not have. */
void health_check_start(struct child *child, uint64_t now_ms, uint64_t from_ms);

/* For one that serves. */
void health_check_heart(struct child *child, uint64_t now_ms, uint64_t from_ms);

/* Whom does this child report in its row? children: by slot. */
void health_check_report(
	const struct child *reporter, struct child *children, unsigned count);

/* Was it killed, and does not go? Nobody here can help then. stop_ms: what an
 * end may take. */
bool health_is_lost(const struct child *child, uint64_t now_ms,
	uint64_t from_ms, uint64_t stop_ms);

#endif
