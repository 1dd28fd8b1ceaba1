/*
 * What worker.c and worker_letters.c share and nobody else sees.
 */
#ifndef WORKER_WORKER_INSIDE_H
#define WORKER_WORKER_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/heritage.h"
#include "worker/prologue.h"

struct event;
struct event_base;
struct holds;
struct inbox;
struct peers;
struct post;
struct reload;
struct row;
struct worker_hooks;

enum asked {
	ASKED_NOTHING,
	ASKED_DRAIN,
	ASKED_NOW,
};

struct worker {
	struct heritage own;       /* what was inherited, kept up to date */
	struct heritage *heritage; /* the same */
	struct reload *reload;
	const struct worker_hooks *hooks;
	void *self; /* of the hooks */
	struct row *row;
	struct event_base *base;
	struct inbox *inbox;
	struct post *post;
	struct holds *holds;
	struct peers *peers;
	uint64_t now_ms;
	uint64_t orphan_since_ms; /* 0: the master lives */
	uint64_t ended_ms;        /* worker_end() was called; 0: not yet */
	enum asked asked;
	bool look_at_peers;
	struct event *retry;
	struct event *line; /* to the master */
	char name[PROLOGUE_NAME_BYTES];
};

#endif
