/*
 * What the token of a login allows, for as long as that lasts. A session that
 * came with a token has one grant and gives it back with its user; one that
 * came without has none, and all is as the configuration says.
 *
 * When a grant ends, its session is closed with the code of a kick, within a
 * second. The clock of people decides, so a session is looked at again from
 * time to time, should that clock be set.
 */
#ifndef WORKER_GATEWAY_GRANT_H
#define WORKER_GATEWAY_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"
#include "shared/wheel.h"

struct gateway;
struct session;
struct token;

struct grant {
	struct wheel_timer timer;
	struct session *session;
	uint64_t expires_ms, issued_ms; /* unix; issued 0: it does not say */
	uint32_t bytes_length;
	uint8_t id_length; /* jti */
	uint8_t user_length;
	bool may_say;
	bool has_rooms; /* these alone are allowed by it */
	char bytes[];   /* jti, user, then the rooms, packed */
};

/* Replaces what the session has. */
void grant_take(struct session *session, const struct token *token);
void grant_end(struct session *session);

/* Takes it away from the session, without its timer. */
struct grant *grant_detach(struct session *session);
void grant_free(struct grant **grant);

/* The other way; takes the grant. */
void grant_give(struct session *session, struct grant *grant);

/* The rooms that may be joined: without a list, all. */
bool grant_has_room(const struct grant *grant, struct text room);

/* jti; empty: it has none. grant may be NULL. */
struct text grant_id(const struct grant *grant);

/* Whom the token is of. A backend may have made somebody else of him. */
struct text grant_user(const struct grant *grant);

/* Each tick: closes those whose time is over. */
void grants_tick(struct gateway *gateway, uint64_t now_ms);

#endif
