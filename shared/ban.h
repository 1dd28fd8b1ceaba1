/*
 * One ban: what it is of, whom it concerns. See bans.h for all that there are.
 *
 * A ban is of a user, of the addresses of a network, of one token by its jti,
 * or of all tokens that were issued before a time, to one user or to all of a
 * tenant. One of a user or of addresses can be for one room alone. It holds in
 * one tenant or in all. Who it is of, the tenant and the room name it: of these
 * there is one.
 */
#ifndef SHARED_BAN_H
#define SHARED_BAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/message.h"
#include "shared/records.h"
#include "shared/text.h"

/* How many there may be at a time. */
#define BANS_MAX 32768

/* The longest jti that can be revoked; no user is longer. */
#define BAN_NAME_BYTES_MAX 128
#define BAN_REASON_BYTES_MAX 256

enum ban_kind {
	BAN_USER,
	BAN_ADDRESS,
	BAN_TOKEN,  /* by its jti */
	BAN_ISSUED, /* all tokens of a user, or without one of the tenant */
	BAN_KINDS
};

/* A copy of a ban. */
struct ban_entry {
	uint64_t since_ms;  /* unix */
	uint64_t until_ms;  /* unix; 0: for ever */
	uint64_t issued_ms; /* BAN_ISSUED: tokens from before that; unix */
	uint32_t place;
	uint16_t reason_length;
	uint8_t kind; /* enum ban_kind */
	uint8_t bits; /* BAN_ADDRESS: of its prefix */
	uint8_t tenant_length, name_length, room_length;
	uint8_t padding;
	char tenant[TENANT_BYTES_MAX]; /* empty: all */
	char name[BAN_NAME_BYTES_MAX]; /* user, 16 bytes of address, jti */
	char room[ROOM_BYTES_MAX];     /* empty: all that there is */
	char reason[BAN_REASON_BYTES_MAX];
};

/* Of whom it is asked whether he is banned. What is not known is empty, or
 * NULL. */
struct ban_subject {
	struct text tenant;
	struct text user;
	const uint8_t *address; /* as in the index */
	bool has_token;
	struct text jti;
	uint64_t issued_ms; /* unix; 0: the token does not say */
};

/* "user", "ip", "token", "issued". */
const char *ban_kind_name(enum ban_kind kind);

/* Can it be? Names are within their limits, and there are those that its kind
 * needs and no others. */
bool ban_is_sound(const struct ban *ban);

/* Its texts point into the entry. */
struct ban ban_of_entry(const struct ban_entry *entry);

/* Do the two name the same ban? */
bool ban_is_same(const struct ban *a, const struct ban *b);

/* Of two words, BAN_SET or BAN_LIFT, about the same ban: does a count? All
 * hosts judge alike. The later one does; of the same millisecond to ban, and
 * that for longer. Never of two that say the same. */
bool ban_is_later(const struct ban *a, const struct ban *b);

/* Is it of this one? Whatever its room is, and whether it is over. */
bool ban_concerns(const struct ban *ban, const struct ban_subject *subject);

#endif
