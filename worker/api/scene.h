/*
 * What answers of the api may depend on besides the request.
 */
#ifndef WORKER_API_SCENE_H
#define WORKER_API_SCENE_H

#include <stdbool.h>

struct errands;
struct listener;
struct pages;
struct worker;

struct route_scene {
	struct worker *worker;
	struct pages *pages;
	struct errands *errands;         /* what goes by letter */
	const struct listener *listener; /* where the request came in */
	const bool *is_stopping;
};

#endif
