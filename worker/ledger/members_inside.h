/*
 * What the members*.c files share and nobody else sees.
 *
 * Users of a room stand in an order, which finds them by name and reads them
 * page by page. A seat is one connection in one room; seats stand in one table
 * for all rooms, and in a list for each slot, so that the loss of a process
 * costs what it held.
 */
#ifndef WORKER_LEDGER_MEMBERS_INSIDE_H
#define WORKER_LEDGER_MEMBERS_INSIDE_H

#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/ledger/order.h"

struct members_change;
struct members_event;
struct streams;

enum user_state {
	USER_THERE, /* seen by the others; has connections */
	USER_NEW,   /* others still have to be told; has connections */
	USER_GRACE, /* all connections lost, may come back until exit_ms */
	USER_DUE,   /* gone; others still have to be told */
	USER_STATES
};

struct seat {
	struct {
		struct room *room;
		uint64_t connection;
		uint32_t slot;
		uint32_t life;
	} key;
	struct user *user;
	struct seat *prev, *next;           /* of the user, oldest first */
	struct seat *slot_prev, *slot_next; /* of the slot */
	UT_hash_handle hh;
	uint64_t platform;
	uint64_t since; /* unix ms */
	size_t info_length;
	char info[];
};

struct user {
	struct room *room;
	struct seat *seats;
	struct seat *last;        /* without seats: the last one, kept */
	struct user *prev, *next; /* of all in the same state but THERE */
	uint64_t exit_ms;
	uint64_t platform; /* of the connection that came or went last */
	enum user_state state;
	bool is_seen; /* has entered, and not only for itself */
	size_t name_length;
	char name[];
};

struct room {
	struct stream *stream;
	struct order users; /* owner: struct user */
	uint64_t connections;
	uint64_t seen; /* users who are */

	/* Of a crowd; see members_counts.c. */
	struct room *prev, *next; /* of those that changed */
	bool has_changed;
	uint64_t due_ms;
	uint64_t told_users, told_connections; /* 0: nothing is told */
};

struct members {
	struct streams *streams;
	uint64_t grace_ms;
	bool is_settling;
	void (*told)(const struct members_event *event, void *self);
	void *self;
	void (*watched)(const struct members_change *change, void *self);
	void *watcher;
	struct seat *table;
	struct seat *slots[SLOTS_MAX];
	struct user *queues[USER_STATES]; /* oldest first */
	struct room *changed;             /* crowds, oldest first */
	uint64_t tick_ms;                 /* the last one */
	uint64_t rooms;
};

/* What the members of a room hear of. */
enum telling {
	TELL_NOTHING,
	TELL_USERS,
	TELL_COUNTS, /* it is a crowd */
};

/* With so many users. */
enum telling members_telling(
	const struct members *members, const struct room *room, uint64_t users);

/* Users or connections of the room are others than before. */
void members_counts_changed(struct members *members, struct room *room);

/* The room goes. */
void members_counts_forget(struct members *members, struct room *room);

/* Tells of crowds that changed a second ago, at most so many. */
void members_counts_tell(
	struct members *members, uint64_t now_ms, unsigned most);

#endif
