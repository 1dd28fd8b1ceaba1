/*
 * Where HTTP comes in: one evhttp for each listening socket, so that every
 * request knows its listener. A reload opens and shuts entrances; who came in
 * by one that is shut gets the replies that are on their way.
 */
#ifndef WORKER_API_ENTRANCE_H
#define WORKER_API_ENTRANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/api/approach.h"

struct entrance;
struct errands;
struct manners;
struct pages;
struct worker;

struct entrances {
	struct worker *worker;
	struct pages *pages;
	struct errands *errands;
	struct manners *manners; /* of the listeners */
	size_t manners_count;
	struct porch porch;
	bool is_stopping;
	struct entrance *all;
};

/* One for each of the worker's sockets. -1: one cannot be used (logged). */
int entrances_open(struct entrances *entrances);

/* The worker has other sockets: those that it had before stay in use. */
void entrances_renew(struct entrances *entrances);

/* Refuses requests that take too long to come, and frees entrances that were
 * shut and owe no reply; often. */
void entrances_sweep(struct entrances *entrances, uint64_t now_ms);

/* How many exchanges are not over. */
unsigned entrances_busy(const struct entrances *entrances);

/* Accepts no more. */
void entrances_shut(struct entrances *entrances);

/* Whoever still holds an exchange must not touch it from here on. */
void entrances_fini(struct entrances *entrances);

#endif
