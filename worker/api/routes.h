/*
 * The routes: what the api answers to which method and path. One table; whoever
 * adds an address adds a row.
 */
#ifndef WORKER_API_ROUTES_H
#define WORKER_API_ROUTES_H

struct evhttp_request;
struct route_scene;

/* Answers the request; it was answered when this returns. */
void routes_answer(
	const struct route_scene *scene, struct evhttp_request *request);

#endif
