/*
 * What clients do in rooms, as the core understands it: typed requests in,
 * letters to ledgers out, answers at once or by the letters that come back.
 * Everything here needs a login; the profile has checked names and limits.
 */
#ifndef WORKER_GATEWAY_TALK_H
#define WORKER_GATEWAY_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/records.h"
#include "shared/text.h"
#include "worker/gateway/seen_place.h"

#define TALK_TOO_MANY_ROOMS "this connection is in as many rooms as it may be"
#define TALK_NOT_A_MEMBER "you are not a member of this room: join it first"

struct draft;
struct kick;
struct membership;
struct pending;
struct session;

struct join_request {
	struct text room;
	bool events;   /* wants enter and exit */
	bool presence; /* is counted and listed */

	/* Wants what came after this place. */
	bool has_since;
	struct seen_place since;

	/* Or what came after what its user has read. */
	bool wants_unread;
};

enum say_to {
	SAY_TO_ROOM,
	SAY_TO_USERS,
	SAY_TO_CLIENTS,
	SAY_TO_ALL,
};

enum say_keep {
	SAY_AS_USUAL, /* rooms as their class says, users always */
	SAY_KEEP,
	SAY_PASS,
};

struct say_request {
	enum say_to to;
	struct text room;

	/* Users, or ids of clients: ascending, each once. */
	const struct text *names;
	size_t count;
	bool must_be_known;     /* the client: else it is not found */
	uint64_t only_platform; /* of the users: one more than it; 0: all */

	struct text type;
	struct text body; /* JSON */
	struct text key;  /* empty: none */
	enum say_keep keep;
	uint64_t ttl_ms; /* 0: for ever */
	bool echo;
};

/* Where something was said. */
struct conversation {
	struct text room; /* empty: in the inbox of the session's user */
	struct text with; /* there, with this user alone; empty: with all */
};

struct history_request {
	struct conversation of;
	enum lookup_mode mode;
	uint64_t anchor, anchor_origin; /* as in struct lookup */
	uint64_t limit;
};

struct search_request {
	struct conversation of;
	struct text text;
	struct text from;      /* empty: anybody */
	uint64_t from_time_ms; /* unix */
	uint64_t before;       /* offset */
	uint64_t limit;
};

/* Gives a message of one's own another body, or takes it away. */
struct change_request {
	struct conversation of; /* with: one of those who have the message */
	uint64_t id_time, id_origin;
	bool is_deletion;
	struct text body; /* JSON; of a deletion empty */
};

/* The user has read up to here. */
struct read_request {
	struct conversation of;
	uint64_t offset;
};

struct members_request {
	struct text room;
	struct text after;
	uint64_t limit;
};

/* Of messages outside rooms. */
struct types_request {
	const struct text *types;
	size_t count; /* 0: every type */
};

struct online_request {
	const struct text *users; /* each once */
	size_t count;
};

void talk_join(struct session *session, struct text tag,
	const struct join_request *request);
void talk_leave(struct session *session, struct text tag, struct text room);

/* In a room. */
void talk_say(struct session *session, struct text tag,
	const struct say_request *request);

/* To anybody but a room. */
void talk_mail(struct session *session, struct text tag,
	const struct say_request *request);
void talk_history(struct session *session, struct text tag,
	const struct history_request *request);
void talk_search(struct session *session, struct text tag,
	const struct search_request *request);
void talk_change(struct session *session, struct text tag,
	const struct change_request *request);
void talk_read(struct session *session, struct text tag,
	const struct read_request *request);
void talk_members(struct session *session, struct text tag,
	const struct members_request *request);
/* The user belongs to the room for good; empty: he is only asked about. The
 * answer has the rooms to which he belongs. */
void talk_enrol(struct session *session, struct text tag, struct text room);
void talk_online(struct session *session, struct text tag,
	const struct online_request *request);

/* The message that is to be changed, if there is one; takes the pending
 * request. */
void talk_change_found(struct pending *pending, const struct page *page);

/* The message up to which was read, if there is one; takes the pending request.
 */
void talk_read_found(struct pending *pending, const struct page *page);

/* A backend wants the session in the room; takes the draft. */
void talk_enlist(struct session *session, struct draft *draft, struct text room,
	unsigned flags);

/* An operator or a backend wants the session out of kick->room; who is not in
 * it stays as he is, whose join is open is let in and sent out. */
void talk_send_out(struct session *session, const struct kick *kick);

/* The user goes, the connection stays; no join is open. */
void talk_leave_all(struct session *session);

/* Which types are pushed: these too, or from every type these alone. */
void talk_subscribe(struct session *session, struct text tag,
	const struct types_request *request);
void talk_unsubscribe(struct session *session, struct text tag,
	const struct types_request *request);

/* The connection is gone; so is this membership. */
void talk_lose(struct membership *membership);

/* A ledger has answered the join; takes the pending request. */
void talk_joined(struct pending *pending, const struct joined *joined);
void talk_join_refused(struct pending *pending, const struct refused *refused);

/* What it missed cannot be looked up now: there is no join. */
void talk_join_given_up(struct pending *pending, const struct refused *refused);

#endif
