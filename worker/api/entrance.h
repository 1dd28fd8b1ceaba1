/*
 * Where HTTP comes in: one evhttp for each listening socket, so that every
 * request knows its listener. A reload opens and shuts entrances; who came in
 * by one that is shut gets the replies that are on their way.
 */
#ifndef WORKER_API_ENTRANCE_H
#define WORKER_API_ENTRANCE_H

#include <stdbool.h>

struct entrance;
struct pages;
struct worker;

struct entrances {
	struct worker *worker;
	struct pages *pages;
	bool is_stopping;
	struct entrance *all;
	unsigned replies; /* on their way */
};

/* One for each of the worker's sockets. -1: one cannot be used (logged). */
int entrances_open(struct entrances *entrances);

/* The worker has other sockets: those that it had before stay in use. */
void entrances_renew(struct entrances *entrances);

/* Frees those that were shut by that and have no reply on its way; often. */
void entrances_sweep(struct entrances *entrances);

/* Accepts no more. */
void entrances_shut(struct entrances *entrances);
void entrances_fini(struct entrances *entrances);

#endif
