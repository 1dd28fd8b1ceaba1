/*
 * How the directory keeps sessions; for directory*.c alone.
 */
#ifndef WORKER_RELAY_DIRECTORY_INSIDE_H
#define WORKER_RELAY_DIRECTORY_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/edge/edge.h"
#include "worker/relay/wire.h"

#define HOSTS_MAX (WIRE_HOST_MAX + 1)

/* Rooms of one session, and of all sessions for each place of the index: who
 * has more is not told of in the others. */
#define STAYS_MAX 10000
#define STAYS_A_PLACE 64
#define STAYS_LEAST 100000

/* Live items of one host while its snapshot runs. */
#define HELD_BYTES_MAX (16U << 20)

/* A room that a session is in. */
struct stay {
	uint64_t since;
	uint64_t info_hash;
	uint32_t round; /* as of a session */
	uint8_t flags;
	uint8_t name_length;
	char name[];
};

struct remote_key {
	uint64_t host;
	uint64_t secret;
};

struct remote {
	UT_hash_handle hh;
	struct remote_key key;
	struct remote *next, *prev; /* of its host */
	uint32_t round;             /* in which it was told of last */
	uint32_t number;            /* in directory->numbered */
	uint64_t connection;
	uint32_t place; /* in the index, or INDEX_NO_PLACE */
	uint32_t home_slot, home_place;
	uint32_t platform;
	uint64_t since;
	struct stay **stays;
	uint32_t *stay_hashes; /* of their names: stays are many */
	uint32_t stay_count, stay_room;
	uint16_t port;
	uint8_t tenant_length, user_length;
	uint8_t address[16];
	struct buffer info; /* of its newest join */
	char names[];       /* tenant, user */
};

struct host {
	unsigned number;
	struct remote *sessions;
	uint32_t round;
	bool is_new;        /* a snapshot runs */
	bool is_spoilt;     /* it has to begin again */
	bool is_ending;     /* its sessions end, some a turn */
	bool is_lost;       /* it is not heard */
	bool is_forgotten;  /* until a snapshot begins */
	uint64_t lost_ms;   /* since then */
	struct buffer held; /* live items that a page may not know: number,
			       packed item */
};

/* A ledger that asks, and how far it has been told. */
struct inquiry {
	bool is_asking;
	uint64_t life;
	uint32_t next; /* number of a session */
};

struct directory {
	struct edge *edge;
	struct remote *table;
	struct host *hosts[HOSTS_MAX];
	struct remote **numbered; /* some NULL */
	uint32_t *free_numbers;
	uint32_t number_count, free_count, number_room;
	uint32_t last_serial;
	struct remote **seated; /* by place in the index */
	uint32_t places;
	size_t stays; /* of all sessions */
	struct inquiry inquiries[LEDGERS_MAX];
	bool has_logged_full, has_logged_rooms;
};

static inline struct text
remote_tenant(const struct remote *remote)
{
	return (struct text){ remote->names, remote->tenant_length };
}

static inline struct text
remote_user(const struct remote *remote)
{
	return (struct text){ remote->names + remote->tenant_length,
		remote->user_length };
}

static inline struct text
stay_name(const struct stay *stay)
{
	return (struct text){ stay->name, stay->name_length };
}

struct host *directory_host(struct directory *directory, unsigned host);

/* Does what an item says; false: it makes no sense. */
bool directory_apply(struct directory *directory, struct host *host,
	const struct wire_live_item *item);

/* It is gone from everywhere; lost: its user may come back. */
void remote_end(
	struct directory *directory, struct remote **remote, bool is_lost);

/* directory_snapshot.c: ends some sessions of hosts that are forgotten; true:
 * there are more. */
bool directory_end_some(struct directory *directory);

/* It is not in this room any more. */
void remote_leave(struct directory *directory, struct remote *remote,
	uint32_t stay, const struct leave *leave);

/* directory_tell.c: letters to the ledger of a room. */
void directory_tell_join(struct directory *directory,
	const struct remote *remote, const struct stay *stay);
void directory_tell_leave(struct directory *directory,
	const struct remote *remote, const struct stay *stay,
	const struct leave *leave);

/* A login at another host is in the index: those gateways that have the user,
 * too, look whether that is right. */
void directory_tell_arrival(struct directory *directory,
	const struct remote *remote, uint64_t order);

#endif
