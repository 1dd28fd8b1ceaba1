/*
 * Requests of clients that wait for an answer from a ledger or the historian.
 * A letter names one by a number that is never used again on this host, so an
 * answer that comes too late, or for an earlier life, finds nobody. There is no
 * timeout: letters survive the death of who is to answer them. Only what a
 * ledger puts off because it does not know the members yet is lost with it;
 * that is kept here, and asked again when another one comes (asking.h).
 */
#ifndef WORKER_GATEWAY_PENDING_H
#define WORKER_GATEWAY_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"
#include "worker/gateway/answer.h"

struct buffer;
struct change;
struct draft;
struct hooking;
struct membership;
struct outcome;
struct pendings;
struct reading;
struct question;
struct recovery;
struct room_list;
struct session;

enum pending_kind {
	PENDING_JOIN,
	PENDING_JOIN_SINCE, /* wants to know what was missed */
	PENDING_MISSED,     /* of such a join, or a login: a page of that */
	PENDING_JOIN_AGAIN, /* of one who is a member already */
	PENDING_SAY,
	PENDING_PAGE,
	PENDING_SEARCH,
	PENDING_MEMBERS,
	PENDING_ROOMS,
	PENDING_READ,
	PENDING_READ_WITH, /* looks up what the other of two calls it */
	PENDING_CHANGE,    /* looks up what is to be changed */
	PENDING_CHANGED,   /* the change is on its way */
	PENDING_LOGIN,
	PENDING_HOOK, /* a backend is asked whether it may */
	PENDING_ENROL,
};

struct pending {
	uint64_t request;
	struct session *session;
	struct pending *next, *previous; /* of the session, oldest first */
	union {
		/* Of a join but JOIN_AGAIN; NULL: a login, see entry.h. */
		struct membership *membership;
		struct room_list *listing; /* PENDING_ROOMS; owned */
		struct change *change;     /* PENDING_CHANGE; owned */
		struct reading *reading;   /* PENDING_READ_WITH; owned */
		struct hooking *hooking;   /* PENDING_HOOK; owned */
	};
	struct recovery *recovery; /* of a join or login; owned, or NULL */
	struct question *question; /* to be asked again; owned, or NULL */
	struct buffer *rooms;      /* to be entered behind a login; owned */
	struct draft *draft;       /* of a join by a backend; owned, or NULL */
	void (*on_free)(struct pending *pending); /* frees what is owned */

	/* PENDING_SAY: the answer is known and only waits for its turn. */
	struct outcome *outcome; /* owned */
	uint8_t kind;            /* enum pending_kind */
	uint16_t tag_length;
	char tag[];
};

struct pendings *pendings_new(uint32_t life);
void pendings_free(struct pendings **pendings);

/* Adds one at the end of the session's list. */
struct pending *pending_new(struct pendings *pendings, struct session *session,
	enum pending_kind kind, struct text tag);

/* NULL when nobody waits for it any more. */
struct pending *pending_find(const struct pendings *pendings, uint64_t request);

/* The next one from this place on, which is moved behind it; NULL: no more. */
struct pending *pendings_next(const struct pendings *pendings, uint32_t *place);

/* Takes it from the session's list and frees it. */
void pending_free(struct pendings *pendings, struct pending **pending);

struct text pending_tag(const struct pending *pending);

/* Answers a say (ANSWER_SAY or a refusal), but not before those said earlier
 * are answered. */
void pending_answer_in_turn(struct pendings *pendings, struct session *session,
	struct text tag, const struct answer *answer);
void pending_refuse_in_turn(struct pendings *pendings, struct session *session,
	struct text tag, const struct refusal *refusal);
void pending_refuse_say(struct pendings *pendings, struct session *session,
	struct text tag, enum answer_code code, const char *error);

/* After the answer to a say: the answers that waited for it. */
void pending_answer_due(struct pendings *pendings, struct session *session);

#endif
