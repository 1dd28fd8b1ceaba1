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

#include "shared/profiles.h"
#include "shared/text.h"
#include "worker/gateway/lane.h"

struct answer;
struct buffer;
struct kick;
struct message;
struct presence;
struct lost_push;
struct read_push;
struct session;

/* How servers close that give no reasons: they go away, or are through. */
#define PROFILE_PLAIN_CLOSES                                                   \
	{                                                                      \
		[CLOSE_WHY_STOP] = 1001, [CLOSE_WHY_DRAIN] = 1001,             \
		[CLOSE_WHY_NOISE] = 1000, [CLOSE_WHY_SILENT] = 1000,           \
		[CLOSE_WHY_IDLE] = 1000, [CLOSE_WHY_SLOW] = 1000,              \
		[CLOSE_WHY_KICKED] = 1000, [CLOSE_WHY_REPLACED] = 1000,        \
		[CLOSE_WHY_TOO_MANY] = 1000,                                   \
	}

struct profile {
	enum profile_number number;
	const char *path; /* of its WebSockets */

	/* Where several profiles have the path, it is for those whose query has
	 * this parameter; NULL: for all others. */
	const char *parameter;
	uint16_t close_codes[CLOSE_WHY_COUNT];

	/* How it is spoken; ping_ms and message_bytes_max 0: as configured. */
	struct lane_style style;
	bool never_pings;

	/* Not as login_policy has it: of one user on one platform the newest
	 * login alone is heard and told; those before stay connected. */
	bool replaces_silently;
	bool has_many; /* nor this: any number of logins stay */

	/* The own connections of a sender get what write_message says with
	 * with_key, or nothing, though there is no key. */
	bool tells_own_apart;

	/* Its users are gone as soon as their connection is. */
	bool has_no_grace;

	/* A connection has come; query as in visitor. NULL: nothing is done. */
	void (*on_open)(struct session *session, struct text query);

	/* It ends; who is logged in still is. NULL: nothing is done. */
	void (*on_end)(struct session *session);

	/* One frame from a client: at most one request. */
	void (*on_text)(struct session *session, struct text text);

	/* The answer to a request, to be sent by session_send(). tag: what the
	 * profile gave along with the request, to know it again. */
	void (*answer)(struct session *session, struct text tag,
		const struct answer *answer);

	/* Append the payload of one frame; nothing is sent where nothing is
	 * appended, and no writer but write_message is needed. with_key: for
	 * connections of the user who sent it. */
	void (*write_message)(struct buffer *out, const struct message *message,
		bool with_key);
	void (*write_presence)(
		struct buffer *out, const struct presence *presence);
	void (*write_read)(struct buffer *out, const struct read_push *push);
	void (*write_lost)(struct buffer *out, const struct lost_push *push);

	/* What write_message and write_presence append may have one
	 * ADDRESSEE_MARK, for the name of the user who gets it. */
	bool names_addressee;

	/* The connection will be closed; NULL: the protocol has no such word.
	 */
	void (*write_drain)(struct buffer *out, uint64_t in_ms);
	void (*write_kick)(struct buffer *out, const struct kick *kick);

	/* A backend has made this user join (ANSWER_JOIN) or leave. */
	void (*write_moved)(struct buffer *out, const struct session *session,
		const struct answer *answer);

	/* Its tenants are those of systems, which nobody else may log in with.
	 */
	bool has_systems;
};

struct listener;

/* By path and query, of those of the listener; or NULL. */
const struct profile *profile_find(
	const struct listener *listener, struct text path, struct text query);

const struct profile *profile_by_number(enum profile_number number);

extern const struct profile profile_client;
extern const struct profile profile_confab;
extern const struct profile profile_im;
extern const struct profile profile_groupchat;
extern const struct profile profile_push;

#endif
