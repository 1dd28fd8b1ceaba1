/*
 * The routes: what the api answers to which method and path. One table; whoever
 * adds an address adds a row.
 */
#ifndef WORKER_API_ROUTES_H
#define WORKER_API_ROUTES_H

#include <stdbool.h>

struct evhttp_request;
struct listener;
struct pages;
struct worker;

/* What answers may depend on. */
struct route_scene {
	struct worker *worker;
	struct pages *pages;
	const struct listener *listener; /* where the request came in */
	const bool *is_stopping;
};

/* Answers the request; it was answered when this returns. */
void routes_answer(
	const struct route_scene *scene, struct evhttp_request *request);

#endif
