/*
 * Traffic: what each gateway tells of the rooms that most is pushed to and of
 * the clients that do not follow, in the arena, so that it can be shown without
 * asking anybody. A gateway gathers it in its own memory and puts up a report
 * every few seconds; the report stays when the process dies, and is old then.
 *
 * Of very many rooms that are equally busy a report has any: it is bounded.
 */
#ifndef SHARED_TRAFFIC_H
#define SHARED_TRAFFIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base.h"
#include "shared/message.h"

#define TRAFFIC_ROOMS 64
#define TRAFFIC_SLOW 32

/* What a report is about. */
#define TRAFFIC_WINDOW_MS 5000

/* At least so much: what was there before it got its place is not counted. */
struct traffic_room {
	uint64_t messages;
	uint64_t pushes;   /* to how many clients, each frame */
	uint64_t bytes;    /* of these */
	uint32_t gateways; /* of a total: how many report it */
	uint8_t tenant_length, room_length;
	uint8_t reserved[2];
	char tenant[TENANT_BYTES_MAX];
	char room[ROOM_BYTES_MAX];
};

_Static_assert(sizeof(struct traffic_room) == 224, "crosses processes");

/* A client whose socket is full, or was when it was closed for that. */
struct traffic_client {
	uint64_t secret; /* with place and slot, its id; 0: not logged in */
	uint64_t waiting_bytes;
	uint64_t dropped;   /* frames that it never gets */
	uint64_t behind_ms; /* clock_ms() since when */
	uint64_t closed_ms; /* 0: it is connected */
	uint32_t place;
	uint32_t platform;
	uint8_t address[16]; /* as in index_entry.h */
	uint16_t port;
	uint8_t tenant_length, user_length;
	char tenant[TENANT_BYTES_MAX];
	char user[USER_BYTES_MAX];
	uint8_t reserved[4];
};

_Static_assert(sizeof(struct traffic_client) == 200, "crosses processes");

struct traffic_report {
	uint64_t from_ms, until_ms; /* clock_ms() */
	uint32_t room_count, client_count;
	struct traffic_room rooms[TRAFFIC_ROOMS];
	struct traffic_client clients[TRAFFIC_SLOW];
};

#define TRAFFIC_WORDS (sizeof(struct traffic_report) / 8)

/* Written by the process in the slot. stamp: odd while the words change. */
struct traffic_board {
	_Alignas(CACHE_LINE) _Atomic uint64_t stamp;
	_Atomic uint64_t words[TRAFFIC_WORDS];
};

void traffic_publish(
	struct traffic_board *own, const struct traffic_report *report);

/* Anyone: a copy; false when there is none, or none that is whole. */
bool traffic_read(
	const struct traffic_board *board, struct traffic_report *report);

#endif
