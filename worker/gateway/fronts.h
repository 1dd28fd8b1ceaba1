/*
 * The listeners of this process as they were when it opened them: by name,
 * which tells which is which before and after a reload, and how one speaks
 * there.
 */
#ifndef WORKER_GATEWAY_FRONTS_H
#define WORKER_GATEWAY_FRONTS_H

#include <stddef.h>

struct config;
struct door;
struct manners;
struct tickets;

struct fronts {
	char **names;
	struct manners *manners;
	size_t count;
};

void fronts_note(struct fronts *fronts, const struct config *config,
	const struct tickets *tickets);
void fronts_fini(struct fronts *fronts);

/* NULL: there is no such number. */
const struct manners *fronts_manners(
	const struct fronts *fronts, unsigned number);

/* The configuration is another one: who stands at the door is told. */
void fronts_renew(struct fronts *fronts, const struct config *config,
	const struct tickets *tickets, struct door *door);

#endif
