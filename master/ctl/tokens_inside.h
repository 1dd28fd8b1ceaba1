/*
 * What the parts of confabctl token share. Private to tokens*.c.
 */
#ifndef MASTER_CTL_TOKENS_INSIDE_H
#define MASTER_CTL_TOKENS_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/ctl/exits.h"

struct buffer;
struct crypto_key;
struct token_keys;

#define TOKENS_LIST_MAX 32

/* What the options say; NULL and 0: nothing. */
struct tokens_wishes {
	const char *keys[TOKENS_LIST_MAX], *sets[TOKENS_LIST_MAX];
	const char *rooms[TOKENS_LIST_MAX];
	size_t key_count, set_count, room_count;
	const char *algorithm, *kid, *user, *tenant, *platform, *info, *id;
	const char *config; /* where the keys stand, when none is given */
	const char *token;  /* to be checked */
	uint64_t seconds;   /* how long it is to be good */
	bool is_silent;     /* it may not say anything */
	bool is_json;
};

/* tokens_file.c: the content, without a newline at its end; false: it cannot be
 * read (told on stderr). */
bool tokens_read_file(const char *path, struct buffer *out);

/* tokens_config.c: of the tenant in the configuration, what signs and what
 * checks; NULL when there is none (told on stderr). */
struct crypto_key *tokens_config_key(const struct tokens_wishes *wishes);
struct token_keys *tokens_config_keys(const struct tokens_wishes *wishes);

/* tokens_mint.c: prints a new token. tokens_check.c: prints what is in one. */
enum exit_code tokens_mint(const struct tokens_wishes *wishes);
enum exit_code tokens_check(const struct tokens_wishes *wishes);

#endif
