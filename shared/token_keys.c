#include "shared/token_keys.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/base64.h"
#include "shared/buffer.h"
#include "shared/json.h"

struct token_key {
	struct crypto_key *key;
	char *kid; /* of kid_length bytes; 0: it has none */
	size_t kid_length;
};

struct token_keys {
	struct token_key keys[TOKEN_KEYS_MAX];
	size_t count;
};

struct token_keys *
token_keys_new(void)
{
	return base_alloc_zeroed(1, sizeof(struct token_keys));
}

void
token_keys_free(struct token_keys **keys)
{
	if (!*keys)
		return;
	for (size_t i = 0; i < (*keys)->count; i++) {
		crypto_key_free(&(*keys)->keys[i].key);
		free((*keys)->keys[i].kid);
	}
	free(*keys);
	*keys = NULL;
}

size_t
token_keys_count(const struct token_keys *keys)
{
	return keys->count;
}

/* Takes the key; false when there is no room for it. */
static bool
add_key(struct token_keys *keys, struct crypto_key *key, struct text kid)
{
	struct token_key *one = &keys->keys[keys->count];

	if (keys->count == TOKEN_KEYS_MAX) {
		crypto_key_free(&key);
		return false;
	}
	*one = (struct token_key){ .key = key, .kid_length = kid.length };
	if (kid.length) {
		one->kid = base_alloc(kid.length);
		memcpy(one->kid, kid.at, kid.length);
	}
	keys->count++;
	return true;
}

static const char too_many[] = "there are more than 32 keys";

const char *
token_keys_add(struct token_keys *keys, enum crypto_algorithm algorithm,
	struct text content)
{
	const char *why = NULL;
	struct crypto_key *key = crypto_key_read(algorithm, content, &why);

	if (!key)
		return why;
	return add_key(keys, key, (struct text){ 0 }) ? NULL : too_many;
}

/* The bytes of a member in base64url; empty when there are none. */
static struct text
read_bytes(const json_t *jwk, const char *member, struct buffer *bytes)
{
	struct text text;

	if (!json_get_text(jwk, member, &text) || !base64_read(bytes, text))
		return (struct text){ 0 };
	return buffer_text(bytes);
}

static struct crypto_key *
make_ed25519(struct text x, struct text nothing)
{
	return nothing.length == 0 ? crypto_key_of_ed25519(x) : NULL;
}

/* The types of keys that we know, and the members that they are made of. */
static const struct key_type {
	const char *kty, *crv;
	enum crypto_algorithm algorithm;
	const char *one, *other;
	struct crypto_key *(*make)(struct text one, struct text other);
} key_types[] = {
	{ "RSA", NULL, CRYPTO_RS256, "n", "e", crypto_key_of_rsa },
	{ "EC", "P-256", CRYPTO_ES256, "x", "y", crypto_key_of_p256 },
	{ "OKP", "Ed25519", CRYPTO_EDDSA, "x", NULL, make_ed25519 },
};

/* Is the member this word, or, where it need not be there, missing? */
static bool
says(const json_t *jwk, const char *member, const char *word, bool is_needed)
{
	struct text text;

	if (!json_object_get(jwk, member))
		return !is_needed;
	return json_get_text(jwk, member, &text) &&
	       text_equal(text, text_of(word));
}

/* key_ops, if it is there, has "verify". */
static bool
may_verify(const json_t *jwk)
{
	const json_t *uses = json_object_get(jwk, "key_ops"), *use;
	size_t i;

	json_array_foreach(uses, i, use)
	{
		if (json_is_string(use) &&
			strcmp(json_string_value(use), "verify") == 0)
			return true;
	}
	return !uses;
}

static const struct key_type *
type_of(const json_t *jwk)
{
	for (size_t i = 0; i < ARRAY_LEN(key_types); i++) {
		const struct key_type *type = &key_types[i];

		if (says(jwk, "kty", type->kty, true) &&
			(!type->crv || says(jwk, "crv", type->crv, true)))
			return says(jwk, "use", "sig", false) &&
					       says(jwk, "alg",
						       crypto_algorithm_name(
							       type->algorithm),
						       false) &&
					       may_verify(jwk)
				       ? type
				       : NULL;
	}
	return NULL;
}

/* NULL when it is for something else, or broken. */
static struct crypto_key *
make_key(const json_t *jwk)
{
	const struct key_type *type = type_of(jwk);
	struct buffer one = { 0 }, other = { 0 };
	struct crypto_key *key = NULL;

	if (type)
		key = type->make(read_bytes(jwk, type->one, &one),
			type->other ? read_bytes(jwk, type->other, &other)
				    : (struct text){ 0 });
	buffer_fini(&one);
	buffer_fini(&other);
	return key;
}

static const char *
add_list(struct token_keys *keys, const json_t *list)
{
	size_t before = keys->count, i;
	const json_t *jwk;

	if (!json_is_array(list))
		return "it has no list keys";
	json_array_foreach(list, i, jwk)
	{
		struct text kid = { 0 };
		struct crypto_key *key;

		if (json_object_get(jwk, "d"))
			return "a key in it is a private one, and only the "
			       "public one belongs here";
		json_get_text(jwk, "kid", &kid);
		key = make_key(jwk);
		if (key && !add_key(keys, key, kid))
			return too_many;
	}
	return keys->count > before
		       ? NULL
		       : "there is no key for RS256, ES256 or EdDSA in it";
}

const char *
token_keys_add_set(struct token_keys *keys, struct text content)
{
	json_t *set = json_read_object(content);
	const char *why;

	if (!set)
		return "it is no JSON object";
	why = add_list(keys, json_object_get(set, "keys"));
	json_decref(set);
	return why;
}

static bool
has_name(const struct token_key *key, struct text kid)
{
	return text_equal((struct text){ key->kid, key->kid_length }, kid);
}

static bool
is_known(const struct token_keys *keys, struct text kid)
{
	for (size_t i = 0; i < keys->count; i++)
		if (has_name(&keys->keys[i], kid))
			return true;
	return false;
}

bool
token_keys_verify(const struct token_keys *keys, struct text kid,
	enum crypto_algorithm algorithm, struct text data,
	struct text signature)
{
	bool is_named = kid.length > 0 && is_known(keys, kid);

	for (size_t i = 0; i < keys->count; i++) {
		const struct token_key *one = &keys->keys[i];

		if (crypto_key_algorithm(one->key) != algorithm)
			continue;
		if (is_named ? !has_name(one, kid)
			     : kid.length > 0 && one->kid_length > 0)
			continue;
		if (crypto_verify(one->key, data, signature))
			return true;
	}
	return false;
}
