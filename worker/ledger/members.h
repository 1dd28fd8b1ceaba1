/*
 * The members of rooms, as the gateways tell them: which connections, which
 * users they belong to, and when others are to be told that a user came or
 * went.
 *
 * A user enters with the first connection and exits with the last. When the
 * last one was lost rather than left, the user stays for grace_ms: counted and
 * listed, without connections. Only members that want presence are told to
 * this module; others are nobody's business.
 *
 * A room with more users than events_max of its class is a crowd: nobody is
 * told of single users there, but of the counts, once a second and only when
 * they are others than before. So what a crowd costs grows with those who come
 * and go, not with those who would have to hear of each of them.
 *
 * A new ledger knows nobody and asks the gateways to say again who is there.
 * Until they have, it is settling: nobody is seen to enter or exit. Then those
 * have entered who came new and whom no gateway had announced, and those have
 * gone who left and are in the room by no other connection.
 *
 * Whoever watches the members hears of every single user who enters or goes,
 * however large the room is and whatever its class tells the others.
 */
#ifndef WORKER_LEDGER_MEMBERS_H
#define WORKER_LEDGER_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct join;
struct leave;
struct members;
struct members_page;
struct members_wanted;
struct stream;
struct streams;

/* Who says so: a process, by its slot and life. */
struct teller {
	unsigned slot;
	uint32_t life;
};

/* A user who entered or went while no letter about it was at hand; or, with an
 * empty user, the counts of a crowd. Borrowed. */
struct members_event {
	const struct stream *stream;
	struct text user;
	uint64_t platform;
	bool has_entered;
	uint64_t users; /* after it */
	uint64_t connections;
	struct text info; /* of the user's newest connection */
};

typedef void members_told(const struct members_event *event, void *self);

/* For who watches. users: seen by the others after it, so that the first one to
 * enter finds 1 and the last one to go leaves 0. Borrowed. */
struct members_change {
	const struct stream *stream;
	struct text user;
	uint64_t platform;
	bool has_entered;
	uint64_t users;
	unsigned slot; /* of who told of the connection; SLOTS_MAX: nobody */
};

typedef void members_watched(const struct members_change *change, void *self);

/* told may be NULL: then nobody is told. */
struct members *members_new(struct streams *streams, uint64_t grace_ms,
	members_told *told, void *self);
void members_free(struct members **members);

void members_watch(
	struct members *members, members_watched *watched, void *self);

/* The connection is in the room from now on. true: its user has entered, and
 * the others are to be told. */
bool members_join(struct members *members, struct stream *stream,
	const struct join *join, struct teller teller);

/* The connection is in the room no more. true: its user has gone, and the
 * others are to be told. The stream is forgotten when it has become empty. */
bool members_leave(struct members *members, struct stream *stream,
	const struct leave *leave, struct teller teller, uint64_t now_ms);

/* All connections of this slot up to this life are lost. */
void members_lose(
	struct members *members, struct teller teller, uint64_t now_ms);

void members_set_grace(struct members *members, uint64_t grace_ms);

/* Not more, or again, than settling; see above. */
void members_set_settling(struct members *members, bool is_settling);

/* Tells of users whose time is over, and of crowds, at most so many; of a crowd
 * ten times as many go untold. Call it often. */
void members_tick(struct members *members, uint64_t now_ms, unsigned most);

/* Fills in the counts and the members behind wanted->after. list takes the
 * packed members, at most bytes_max. stream may be NULL. */
void members_list(const struct stream *stream,
	const struct members_wanted *wanted, size_t bytes_max,
	struct buffer *list, struct members_page *page);

/* Is the user there, or may it still come back? stream may be NULL. */
bool members_have(const struct stream *stream, struct text user);

/* Of one room; stream may be NULL. */
uint64_t members_users(const struct stream *stream);
uint64_t members_connections(const struct stream *stream);

/* Of all rooms. */
uint64_t members_count(const struct members *members);
uint64_t members_rooms(const struct members *members);

#endif
