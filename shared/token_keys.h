/*
 * The keys that may have signed a tenant's tokens: several, so that one can
 * give way to the next. A key from a file has no name; those of a key set (RFC
 * 7517) have their kid, and their algorithm follows from their type.
 *
 * Made when a configuration is read; the reasons for refusing are constant
 * sentences for the operator.
 */
#ifndef SHARED_TOKEN_KEYS_H
#define SHARED_TOKEN_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/crypto.h"
#include "shared/text.h"

#define TOKEN_KEYS_MAX 32

struct token_keys;

struct token_keys *token_keys_new(void);
void token_keys_free(struct token_keys **keys);
size_t token_keys_count(const struct token_keys *keys);

/* From the content of a file: a secret, or a public key as PEM. NULL, or why
 * not. */
const char *token_keys_add(struct token_keys *keys,
	enum crypto_algorithm algorithm, struct text content);

/* From a key set. Keys in it that are for something else are left out, and
 * secrets too: they belong in a file that is guarded as one. NULL, or why not.
 */
const char *token_keys_add_set(struct token_keys *keys, struct text content);

/* Did one of them sign this? kid empty: the token names none. When keys have
 * that name they alone are tried, otherwise those without one. */
bool token_keys_verify(const struct token_keys *keys, struct text kid,
	enum crypto_algorithm algorithm, struct text data,
	struct text signature);

#endif
