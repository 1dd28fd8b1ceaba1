/*
 * What is written is read first as the server reads it, signed by a key of its
 * own, so that no token is made that a server would refuse for its claims.
 */
#include <stdio.h>
#include <stdlib.h>

#include "master/ctl/tokens_inside.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/hash.h"
#include "shared/json.h"
#include "shared/token.h"
#include "shared/token_keys.h"

static void
add_text(struct buffer *claims, const char *name, const char *value)
{
	if (!value)
		return;
	buffer_add_format(claims, ",\"%s\":", name);
	json_write_string(claims, text_of(value));
}

/* What is JSON already, one value; false when it is not. */
static bool
add_raw(struct buffer *claims, const char *name, const char *value)
{
	struct buffer text = { 0 };
	json_t *object;
	bool is_one;

	if (!value)
		return true;
	buffer_add_format(&text, "{\"%s\":%s}", name, value);
	object = json_read_object(buffer_text(&text));
	is_one = json_object_size(object) == 1;
	json_decref(object);
	buffer_fini(&text);
	if (is_one)
		buffer_add_format(claims, ",\"%s\":%s", name, value);
	else
		fprintf(stderr, "error: %s must be one value of JSON\n", name);
	return is_one;
}

static void
add_rooms(struct buffer *claims, const struct tokens_wishes *wishes)
{
	for (size_t i = 0; i < wishes->room_count; i++) {
		buffer_add_string(claims, i == 0 ? ",\"rooms\":[" : ",");
		json_write_string(claims, text_of(wishes->rooms[i]));
	}
	if (wishes->room_count > 0)
		buffer_add_byte(claims, ']');
}

static bool
write_claims(struct buffer *claims, const struct tokens_wishes *wishes)
{
	uint64_t now = clock_unix_ms() / 1000, random[2];
	char id[33];

	hash_random(random, sizeof(random));
	snprintf(id, sizeof(id), "%016llx%016llx",
		(unsigned long long)random[0], (unsigned long long)random[1]);
	buffer_add_format(claims, "{\"iat\":%llu,\"exp\":%llu",
		(unsigned long long)now,
		(unsigned long long)(now + wishes->seconds));
	add_text(claims, "jti", wishes->id ? wishes->id : id);
	add_text(claims, "sub", wishes->user);
	add_text(claims, "tenant", wishes->tenant);
	add_rooms(claims, wishes);
	if (wishes->is_silent)
		buffer_add_string(claims, ",\"say\":false");
	if (!add_raw(claims, "platform", wishes->platform) ||
		!add_raw(claims, "info", wishes->info))
		return false;
	buffer_add_byte(claims, '}');
	return true;
}

/* NULL, or what a server would say against them. */
static const char *
try_claims(struct text claims)
{
	const struct text secret = TEXT_LITERAL("try");
	struct token_keys *keys = token_keys_new();
	const char *why = token_keys_add(keys, CRYPTO_HS256, secret);
	struct crypto_key *key =
		crypto_key_read_private(CRYPTO_HS256, secret, &why);
	struct buffer text = { 0 };
	struct token token;

	must(token_write(&text, key, (struct text){ 0 }, claims));
	why = token_read(&token, keys, buffer_text(&text), clock_unix_ms());
	token_fini(&token);
	buffer_fini(&text);
	crypto_key_free(&key);
	token_keys_free(&keys);
	return why;
}

/* What signs with that file; NULL (told on stderr) when nothing does. */
static struct crypto_key *
read_key(const struct tokens_wishes *wishes)
{
	const char *path = wishes->keys[0];
	const char *why = "there is no such algorithm";
	struct buffer content = { 0 };
	struct crypto_key *key = NULL;

	if (!tokens_read_file(path, &content))
		goto out;
	for (size_t i = 0; i < CRYPTO_ALGORITHM_COUNT && !key; i++) {
		enum crypto_algorithm one = (enum crypto_algorithm)i;

		if (!wishes->algorithm ||
			text_equal(text_of(crypto_algorithm_name(one)),
				text_of(wishes->algorithm)))
			key = crypto_key_read_private(
				one, buffer_text(&content), &why);
	}
	if (!key)
		fprintf(stderr, "error: %s: %s\n", path, why);
out:
	crypto_forget(content.data, content.length);
	buffer_fini(&content);
	return key;
}

enum exit_code
tokens_mint(const struct tokens_wishes *wishes)
{
	struct buffer claims = { 0 }, token = { 0 };
	struct crypto_key *key = wishes->key_count > 0
					 ? read_key(wishes)
					 : tokens_config_key(wishes);
	enum exit_code code = EXIT_REFUSED;
	const char *why;

	if (!key || !write_claims(&claims, wishes))
		goto out;
	why = try_claims(buffer_text(&claims));
	if (why) {
		fprintf(stderr, "error: %s\n", why);
	} else {
		must(token_write(&token, key,
			text_of(wishes->kid ? wishes->kid : ""),
			buffer_text(&claims)));
		printf("%.*s\n", TEXT_ARGS(buffer_text(&token)));
		code = EXIT_ANSWERED;
	}
out:
	buffer_fini(&claims);
	buffer_fini(&token);
	crypto_key_free(&key);
	return code;
}
