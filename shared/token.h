/*
 * Tokens: what a tenant's backend vouches for about a user, as signed JWT
 * (RFC 7519, RFC 7515 compact). Read at logins, written by confabctl.
 *
 * Nothing in a token is believed before its signature is, and its header
 * decides nothing: `alg` must be that of a key we have, so neither "none" nor
 * another use of a public key gets anywhere (RFC 8725). A token with `crit`
 * asks for what we do not know and is refused.
 */
#ifndef SHARED_TOKEN_H
#define SHARED_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct crypto_key;
struct json_t;
struct token_keys;

#define TOKEN_BYTES_MAX 8192
#define TOKEN_ID_BYTES_MAX 128

/* How far the clock of who made a token may be ahead of ours. */
#define TOKEN_EARLY_MS 5000

struct token {
	struct text user;
	struct text tenant, id; /* tenant, jti; empty: it does not say */
	struct text info;       /* JSON; empty: it has none */
	uint64_t expires_ms;    /* unix */
	uint64_t issued_ms;     /* 0: it does not say */
	bool has_platform;
	uint32_t platform;
	bool may_say;
	bool has_rooms;     /* these alone are open to it: names, or */
	struct text *rooms; /* how names begin and a '*' */
	size_t room_count;

	struct json_t *claims; /* what all that points into */
	char *info_bytes;
};

/* NULL when the token is good at that time; else what is wrong with it, a
 * constant sentence. To be given back with token_fini() in any case. */
const char *token_read(struct token *token, const struct token_keys *keys,
	struct text text, uint64_t unix_ms);
void token_fini(struct token *token);

/* The tenant that a token claims to be of, to know whose keys to try. Appended
 * to bytes, which it points into; empty when it claims none, or is no token. */
struct text token_claimed_tenant(struct text text, struct buffer *bytes);

/* Appends the token with these claims, a JSON object; false when the key is a
 * public one. kid empty: none. */
bool token_write(struct buffer *out, const struct crypto_key *key,
	struct text kid, struct text claims);

#endif
