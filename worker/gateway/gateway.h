/*
 * The gateway: speaks with WebSocket clients, knows its own connections and
 * nothing else. This is what its files share: one struct per process.
 */
#ifndef WORKER_GATEWAY_GATEWAY_H
#define WORKER_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/scoreboard.h"
#include "shared/text.h"
#include "worker/edge/edge.h"

struct announcer;
struct draft;
struct arena;
struct config;
struct hooking;
struct keyring;
struct lanes;
struct pendings;
struct rooms;
struct session;
struct tracer;
struct traffic;
struct wheel;

struct gateway {
	struct edge edge;

	/* Of the edge, for short. */
	const struct config *config;
	struct arena *arena;
	struct row *row;
	unsigned slot;
	uint32_t life;

	struct lanes *lanes;
	struct rooms *rooms;
	struct pendings *pendings;
	struct announcer *announcer;
	struct hooking *hookings; /* oldest first; see hooking.h */
	struct tracer *tracer;    /* NULL: nobody traces */
	struct traffic *traffic;
	struct keyring *keyring;
	struct wheel *grants; /* when they end */

	/* Who is logged in, by his place in the index. */
	struct session **seated;
	uint32_t seated_capacity;
	uint32_t seated_end;  /* behind the highest place that was ever taken */
	uint32_t last_serial; /* of a login; with the place it names a
				 connection */

	uint64_t arrived; /* for guestbook.h */
	bool is_stopping; /* the process goes: who is in rooms is told by that
			   */
	bool is_counted;  /* who is about to enter; see admission.h */
	bool has_logged_gap, has_logged_full;

	/* The session stays connected, without its user: client_give_way(),
	 * which kicks cannot know. */
	void (*give_way)(struct session *session);
	struct session *due;  /* their waiting is over */
	struct text reading;  /* the frame being read, for session_keep() */
	struct draft *drafts; /* not yet begun, see draft.h */

	/* Kept from one use to the next. */
	struct buffer body;     /* of the message being said */
	struct buffer tag;      /* of the request being read */
	struct buffer payload;  /* of the frame being written */
	struct buffer named;    /* the same, with the name of who gets it */
	struct buffer sessions; /* of a user */
	struct buffer others;   /* of a message as one user sees it */
	struct buffer begun;    /* for deliver.h */
	struct buffer claimed;  /* by a token: its tenant */
};

#endif
