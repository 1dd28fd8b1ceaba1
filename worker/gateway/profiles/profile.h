/*
 * A profile is one protocol that clients speak through WebSocket text frames.
 * It turns frames into requests to the core (session.h, talk.h, listing.h), and
 * answers and pushes into words. The core knows no profile's words, a profile
 * knows no ring and no socket. A room may have members of several profiles; a
 * push is put into words once for each of them.
 */
#ifndef WORKER_GATEWAY_PROFILES_PROFILE_H
#define WORKER_GATEWAY_PROFILES_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"
#include "worker/gateway/lane.h"

struct answer;
struct buffer;
struct kick;
struct message;
struct presence;
struct read_push;
struct session;

enum profile_number {
	PROFILE_CONFAB,
	PROFILE_COUNT
};

struct profile {
	const char *name; /* in listener.profiles */
	const char *path; /* of its WebSockets */
	enum profile_number number;
	uint16_t close_codes[CLOSE_WHY_COUNT];

	/* One frame from a client: at most one request. */
	void (*on_text)(struct session *session, struct text text);

	/* The answer to a request, to be sent by session_send(). tag: what the
	 * profile gave along with the request, to know it again. */
	void (*answer)(struct session *session, struct text tag,
		const struct answer *answer);

	/* Append the payload of one frame. with_key: for connections of the
	 * user who sent it. */
	void (*write_message)(struct buffer *out, const struct message *message,
		bool with_key);
	void (*write_presence)(
		struct buffer *out, const struct presence *presence);
	void (*write_read)(struct buffer *out, const struct read_push *push);

	/* The connection will be closed; NULL: the protocol has no such word.
	 */
	void (*write_drain)(struct buffer *out, uint64_t in_ms);
	void (*write_kick)(struct buffer *out, const struct kick *kick);

	/* A backend has made this user join (ANSWER_JOIN) or leave. */
	void (*write_moved)(struct buffer *out, struct text user,
		const struct answer *answer);
};

/* By its path, if the names contain it; or NULL. */
const struct profile *profile_find(
	struct text path, char *const *names, size_t name_count);

const struct profile *profile_by_number(enum profile_number number);

extern const struct profile profile_confab;

#endif
