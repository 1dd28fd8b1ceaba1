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

/* An upgrade that goes on; see upgrade.h and renewal.h. */
struct upgrade {
	pid_t asked;       /* the program that is asked; 0: none */
	int words;         /* what it said */
	bool is_anew;      /* after the drain it starts from nothing */
	bool is_renewing;  /* children of the old program are replaced */
	uint64_t begun_ms; /* when new gateways were started; 0: not yet */
};

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
	uint64_t reload_by_ms;   /* the children are told; 0: nothing new */
	uint64_t figures_ms;     /* when they are announced again */
	bool has_taken_over;     /* nobody of an earlier server writes */
	bool is_complete;        /* all have served */
	struct ending ending;
	struct upgrade upgrade;
	unsigned configured_gateways; /* how many the file wants */
	int exit_code;
	unsigned count;
	struct child children[];
};

void supervisor_start(struct supervisor *supervisor, struct child *child);

void supervisor_reap(struct supervisor *supervisor);
void supervisor_ring_all_bells(const struct supervisor *supervisor);

/* For reload.h: what there is to reload. */
struct reload supervisor_reload(struct supervisor *supervisor);

/* The list of sockets has changed. */
void supervisor_take_sockets(struct supervisor *supervisor);

/* Leaves the loop when all has ended. */
void supervisor_go_on_ending(struct supervisor *supervisor);

#endif
