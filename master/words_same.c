#include "master/words_same.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "master/answer.h"
#include "master/arguments.h"
#include "master/words_context.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/hash.h"

#define KEY_DIGITS 16

const char words_same_other[] = "content: other\n";

static uint64_t
hash_of(const struct secret *secret, const struct hash_key *key)
{
	return hash_bytes(key, secret->bytes, secret->length);
}

void
words_same_ask(const struct secret *secret, struct buffer *out)
{
	struct hash_key key;

	hash_random(&key, sizeof(key));
	buffer_add_format(out,
		"same %016" PRIx64 "%016" PRIx64 " %016" PRIx64 " %s\n", key.k0,
		key.k1, hash_of(secret, &key), secret->path);
}

/* Exactly so many hexadecimal digits; false when they are not. */
static bool
take_number(struct text *text, uint64_t *number)
{
	static const char digits[] = "0123456789abcdef";

	*number = 0;
	if (text->length < KEY_DIGITS)
		return false;
	for (size_t i = 0; i < KEY_DIGITS; i++) {
		const char *digit = memchr(digits, text->at[i], 16);

		if (!digit)
			return false;
		*number = *number << 4 | (uint64_t)(digit - digits);
	}
	text->at += KEY_DIGITS;
	text->length -= KEY_DIGITS;
	return true;
}

static bool
read_question(struct text argument, struct hash_key *key, uint64_t *hash,
	char *path, size_t path_bytes)
{
	struct text keys = arguments_take(&argument);
	struct text hashes = arguments_take(&argument);

	if (!take_number(&keys, &key->k0) || !take_number(&keys, &key->k1) ||
		keys.length > 0 || !take_number(&hashes, hash) ||
		hashes.length > 0 || argument.length == 0 ||
		argument.length >= path_bytes)
		return false;
	memcpy(path, argument.at, argument.length);
	path[argument.length] = 0;
	return true;
}

void
words_same(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	const struct secret *secret;
	struct hash_key key;
	char path[4096];
	uint64_t hash;

	if (!read_question(argument, &key, &hash, path, sizeof(path))) {
		answer_refuse(answer, "same KEY HASH PATH: 32 and 16 "
				      "hexadecimal digits, and a path");
		return;
	}
	secret = config_secret(context->config, path);
	answer_begin_list(answer);
	if (!secret)
		answer_text(answer, "content", "unknown");
	else
		answer_text(answer, "content",
			hash_of(secret, &key) == hash ? "same" : "other");
	answer_end_list(answer);
}
