/*
 * What supervisor.c and acts.c share and nobody else sees.
 */
#ifndef MASTER_SUPERVISOR_INSIDE_H
#define MASTER_SUPERVISOR_INSIDE_H

#include "master/child.h"
#include "master/ending.h"
#include "master/needs.h"
#include "shared/heritage.h"

#define SIGNALS_MAX 10

struct event;
struct reload;
struct event_base;
struct status;

struct supervisor {
	struct supervisor_needs needs;
	struct heritage heritage;
	struct event_base *base;
	struct event *signals[SIGNALS_MAX];
	struct event *tick;
	struct status *status;
	uint64_t started_ms;
	uint64_t ticked_ms;
	uint64_t hearts_from_ms; /* silence counts from here */
	bool has_taken_over;     /* nobody of an earlier server writes */
	bool is_complete;        /* all have served */
	struct ending ending;
	unsigned configured_gateways; /* how many the file wants */
	int exit_code;
	unsigned count;
	struct child children[];
};

void supervisor_start(struct supervisor *supervisor, struct child *child);

/* For reload.h: what there is to reload. */
struct reload supervisor_reload(struct supervisor *supervisor);

/* The list of sockets has changed. */
void supervisor_take_sockets(struct supervisor *supervisor);

/* Leaves the loop when all has ended. */
void supervisor_go_on_ending(struct supervisor *supervisor);

#endif
