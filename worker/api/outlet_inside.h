/*
 * What outlet.c (in: up to the spool) and outlet_post.c (out: to the backend)
 * share and nobody else sees.
 */
#ifndef WORKER_API_OUTLET_INSIDE_H
#define WORKER_API_OUTLET_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"

struct trip;
struct outlet_scene;
struct spool;

struct outlet {
	const struct outlet_scene *scene;
	char *name;
	char *url; /* empty: events are only kept */
	struct buffer secret;
	unsigned event_mask;
	uint64_t keep_bytes;

	struct spool *spool; /* NULL: not open yet */
	unsigned failed_opens;
	uint64_t open_ms;     /* when it is tried again */
	struct buffer staged; /* events not in the spool yet */
	uint64_t told_dropped;

	struct trip *trip; /* on its way, with events up to `posted` */
	uint64_t posted;
	unsigned posted_count;
	unsigned smaller;  /* how often a backend has wanted half as many */
	unsigned failures; /* in a row */
	uint64_t post_ms;  /* not before */
	struct buffer body;
};

/* Sends what waits, unless something is on its way or it is too early. */
void outlet_post(struct outlet *outlet, uint64_t now_ms);

/* Nothing that is on its way counts any more. */
void outlet_stop_posting(struct outlet *outlet);

#endif
