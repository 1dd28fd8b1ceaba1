/*
 * The rooms of which this gateway has members, and who these are. A membership
 * is joining until the ledger has answered; from then on it has a seat: a place
 * in the room's dense array, over which the fan-out walks.
 */
#ifndef WORKER_GATEWAY_ROOMS_H
#define WORKER_GATEWAY_ROOMS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/table.h"
#include "shared/text.h"
#include "worker/gateway/profiles/profile.h"

struct gateway;
struct gathering;
struct kept;
struct lane;
struct room;
struct session;

enum membership_state {
	MEMBERSHIP_JOINING,
	MEMBERSHIP_ACTIVE,
};

struct membership {
	struct session *session;
	struct room *room;
	struct membership *next; /* of the session */
	struct kept *kept;       /* frames that wait for the answer */
	uint64_t since_ms;       /* unix */
	uint64_t read;           /* up to where its user has read */
	uint32_t seat;           /* when active */
	uint8_t state;           /* enum membership_state */
	uint8_t flags;           /* JOIN_EVENTS, JOIN_PRESENCE */
	uint8_t unwanted;        /* joining, and was sent out: enum kick_why */
};

struct seat {
	struct lane *lane;
	struct membership *membership;
	uint32_t start;    /* its first byte in what is being gathered */
	uint8_t profile;   /* enum profile_number */
	bool wants_events; /* enter and exit */
	bool is_special;   /* gets other bytes than most of what is gathered */
};

struct room {
	UT_hash_handle hh;
	struct seat *seats;
	uint32_t seat_count, seat_capacity;
	uint32_t seats_of[PROFILE_COUNT];
	uint32_t gathered[PROFILE_COUNT]; /* bytes in their gatherings */
	uint32_t membership_count;        /* seats and those that are joining */
	uint64_t number; /* of no other room that this process ever had */
	uint64_t epoch;
	uint64_t offset; /* the last one seen, if knows_offset */
	struct room *next_dirty;
	struct gathering *gatherings; /* of those in it; see fanout.c */
	bool knows_offset;
	bool is_dirty;
	uint8_t tenant_length, name_length;
	char key[]; /* tenant, 0x1f, name */
};

struct rooms {
	struct room *table;
	uint64_t last_number;
	struct room *dirty; /* something is gathered for them */
};

struct rooms *rooms_new(void);

/* All members must have left. */
void rooms_free(struct rooms **rooms);

/* NULL when nobody here is in it. */
struct room *rooms_find(
	const struct gateway *gateway, struct text tenant, struct text name);
struct text room_tenant(const struct room *room);
struct text room_name(const struct room *room);

/* Frees the room when nobody needs it any more. */
void room_release(struct gateway *gateway, struct room *room);

/* Is this message the next one? Notes its offset; one that was seen before is
 * not, one that leaves a gap is, and counted. A message that need not be
 * remembered has no offset. */
bool room_take_offset(struct gateway *gateway, struct room *room,
	uint64_t epoch, uint64_t offset);

/* One member more of the room here: from now on the index says so. */
void rooms_count_in(
	struct gateway *gateway, struct text tenant, struct text name);

/* The membership of this session in a room, or NULL. */
struct membership *membership_find(
	const struct session *session, const struct room *room);

/* Joining; from here on the index says that the room has a member here. */
struct membership *membership_new(
	struct session *session, struct text name, unsigned flags);

/* The ledger has answered with the room's epoch and offset. Takes a seat;
 * what is gathered so far is not for it. */
void membership_activate(
	struct membership *membership, uint64_t epoch, uint64_t offset);

/* Gives the seat up, if any, and frees the membership; its kept frames are
 * dropped. */
void membership_end(struct membership **membership);

#endif
