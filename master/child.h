/*
 * One child: the process in one slot, and its state. Only child.c moves the
 * state, and writes the master's half of the slot's row.
 */
#ifndef MASTER_CHILD_H
#define MASTER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/backoff.h"
#include "shared/scoreboard.h"

struct heritage;

#define CHILD_NAME_BYTES 32

struct child {
	struct row *row;
	unsigned slot;
	char name[CHILD_NAME_BYTES]; /* "gateway 1" */
	enum child_state state;
	pid_t pid; /* 0: none */
	int line;  /* to it, see line.h; -1: none */
	uint32_t life;
	bool was_healthy;  /* this life has served */
	bool is_old;       /* of the program before an upgrade */
	bool is_leaving;   /* is about to be asked to end */
	bool is_replaced;  /* ends to make place for the next life */
	uint64_t since_ms; /* of the state */
	uint64_t started_ms;
	uint64_t due_ms; /* CHILD_RESTING: when to start again */
	struct backoff backoff;
};

/* The row's role and number are set. */
void child_init(struct child *child, struct row *row, unsigned slot);

/* Takes over a process that another program of this pid has started. */
struct handover_child;
void child_adopt(struct child *child, const struct handover_child *from);

/* Is a process to serve in this slot? Everybody may know. */
void child_want(struct child *child, bool is_wanted);
bool child_is_wanted(const struct child *child);

/* Forks the next life. heritage is completed with slot, life and line; shed
 * runs in the child first, to let go of what is the master's. When the machine
 * has no process to give, the child rests (logged). */
void child_start(struct child *child, struct heritage *heritage,
	void (*shed)(void *self), void *self);

/* Moves a starting child that serves by now. Returns whether it moved. */
bool child_notice_ready(struct child *child);

/* Asks by a signal and expects an end. */
void child_ask_to_end(struct child *child, int signal);

/* Asks it to end for the next life, which the caller starts. */
void child_replace(struct child *child);

/* Asks one that was asked before, with a signal that says more. */
void child_press(struct child *child, int signal);
void child_kill(struct child *child);

/* The process has ended with this status of wait(). is_wanted: the slot is to
 * be filled again. */
void child_on_end(struct child *child, int status, bool is_wanted);

/* Closes our end of its line, if any. */
void child_hang_up(struct child *child);

/* Gives up waiting for the next start. */
void child_cancel(struct child *child);

#endif
