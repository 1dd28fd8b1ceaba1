#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/token_keys.h"
#include "tests/unit/token_fixture.h"

#define DATA TEXT_LITERAL("data")

/* RFC 7517, A.1, without its words around them, and RFC 8037, A.2 */
#define RSA_KEY                                                                \
	"{\"kty\":\"RSA\",\"kid\":\"rsa\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nn" \
	"drQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPeb"  \
	"WKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4Q"  \
	"yQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5"  \
	"hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINH"  \
	"aQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\"%s}"
#define EC_KEY                                                                 \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"ec\","                    \
	"\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","               \
	"\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"%s}"
#define ED_KEY                                                                 \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"ed\","                 \
	"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"%s}"

/* Why a set of this one key is refused; NULL: it has so many keys. */
static const char *
add_one(const char *format, const char *more, size_t count)
{
	struct token_keys *keys = token_keys_new();
	struct buffer set = { 0 };
	char key[1024];
	const char *why;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(key, sizeof(key), format, more);
#pragma GCC diagnostic pop
	buffer_add_format(&set, "{\"keys\":[%s]}", key);
	why = token_keys_add_set(keys, buffer_text(&set));
	if (!why)
		assert_int_equal(token_keys_count(keys), count);
	buffer_fini(&set);
	token_keys_free(&keys);
	return why;
}

static void
keys_of_all_types_are_read_from_a_set(void **state)
{
	(void)state;
	assert_null(add_one(RSA_KEY, "", 1));
	assert_null(add_one(EC_KEY, "", 1));
	assert_null(add_one(ED_KEY, "", 1));
	assert_null(add_one(RSA_KEY,
		",\"use\":\"sig\",\"alg\":\"RS256\",\"key_ops\":[\"verify\"]",
		1));
	assert_null(add_one(EC_KEY, ",\"alg\":\"ES256\"", 1));
	assert_null(add_one(ED_KEY, ",\"alg\":\"EdDSA\",\"x5t\":1", 1));
	assert_null(add_one("%s",
		"{\"kty\":\"oct\",\"k\":\"AA\"},5,"
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
		"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		1));
}

static void
keys_for_something_else_are_left_out(void **state)
{
	static const char *const more[] = { ",\"use\":\"enc\"", ",\"use\":1",
		",\"alg\":\"PS256\"", ",\"alg\":\"HS256\"", ",\"alg\":\"none\"",
		",\"key_ops\":[]", ",\"key_ops\":[\"encrypt\"]" };
	static const char *const keys[] = { "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
		"{}", "5", "null", "[]", "{\"kty\":1}", "{\"kty\":\"RSA\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"====\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		assert_non_null(add_one(RSA_KEY, more[i], 0));
		assert_non_null(add_one(EC_KEY, more[i], 0));
		assert_non_null(add_one(ED_KEY, more[i], 0));
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_non_null(strstr(
			add_one("%s", keys[i], 0), "there is no key for"));
}

static void
a_set_must_be_one_and_without_private_keys(void **state)
{
	static const char *const wrong[] = { "", "[]", "{}", "{\"keys\":{}}",
		"{\"keys\":[]}", "{\"keys\":[],\"keys\":[]}", "not JSON" };
	struct token_keys *keys = token_keys_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_non_null(token_keys_add_set(keys, text_of(wrong[i])));
	assert_int_equal(token_keys_count(keys), 0);
	token_keys_free(&keys);
	assert_non_null(strstr(add_one(ED_KEY, ",\"d\":\"AA\"", 0), "private"));
}

static struct buffer
sign(enum crypto_algorithm algorithm, const char *private)
{
	struct buffer signature = { 0 };
	const char *why;
	struct crypto_key *key =
		crypto_key_read_private(algorithm, text_of(private), &why);

	assert_true(crypto_sign(key, DATA, &signature));
	crypto_key_free(&key);
	return signature;
}

static void
any_of_several_keys_may_have_signed(void **state)
{
	static const char *const secrets[] = { "one", "two", "three" };
	struct token_keys *keys = token_keys_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		struct buffer signature = sign(CRYPTO_HS256, secrets[i]);

		assert_false(token_keys_verify(keys, TEXT_LITERAL(""),
			CRYPTO_HS256, DATA, buffer_text(&signature)));
		assert_null(token_keys_add(
			keys, CRYPTO_HS256, text_of(secrets[i])));
		assert_true(token_keys_verify(keys, TEXT_LITERAL(""),
			CRYPTO_HS256, DATA, buffer_text(&signature)));
		assert_true(token_keys_verify(keys, TEXT_LITERAL("any"),
			CRYPTO_HS256, DATA, buffer_text(&signature)));
		assert_false(token_keys_verify(keys, TEXT_LITERAL(""),
			CRYPTO_RS256, DATA, buffer_text(&signature)));
		buffer_fini(&signature);
	}
	assert_int_equal(token_keys_count(keys), 3);
	token_keys_free(&keys);
}

/* RFC 8037, A.1: the pair of ED_KEY. */
static const char ed_private[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
	"-----END PRIVATE KEY-----\n";

static void
a_named_key_signs_for_its_name_or_none(void **state)
{
	struct token_keys *keys = token_keys_new();
	struct buffer signature = sign(CRYPTO_EDDSA, ed_private);
	struct buffer other = sign(CRYPTO_EDDSA, ed25519_private);
	char set[512];

	(void)state;
	snprintf(set, sizeof(set), "{\"keys\":[" ED_KEY "]}", "");
	assert_null(token_keys_add_set(keys, text_of(set)));
	assert_null(
		token_keys_add(keys, CRYPTO_EDDSA, text_of(ed25519_public)));
	assert_true(token_keys_verify(keys, TEXT_LITERAL("ed"), CRYPTO_EDDSA,
		DATA, buffer_text(&signature)));
	assert_true(token_keys_verify(keys, TEXT_LITERAL(""), CRYPTO_EDDSA,
		DATA, buffer_text(&signature)));
	assert_false(token_keys_verify(keys, TEXT_LITERAL("else"), CRYPTO_EDDSA,
		DATA, buffer_text(&signature)));
	assert_false(token_keys_verify(keys, TEXT_LITERAL("ed"), CRYPTO_EDDSA,
		DATA, buffer_text(&other)));
	assert_true(token_keys_verify(keys, TEXT_LITERAL("else"), CRYPTO_EDDSA,
		DATA, buffer_text(&other)));
	buffer_fini(&signature);
	buffer_fini(&other);
	token_keys_free(&keys);
}

static void
there_is_an_end_of_keys(void **state)
{
	struct token_keys *keys = token_keys_new();
	char set[512];

	(void)state;
	snprintf(
		set, sizeof(set), "{\"keys\":[" ED_KEY "," ED_KEY "]}", "", "");
	for (size_t i = 0; i < TOKEN_KEYS_MAX - 1; i++)
		assert_null(token_keys_add(
			keys, CRYPTO_HS256, TEXT_LITERAL("secret")));
	assert_non_null(
		strstr(token_keys_add_set(keys, text_of(set)), "more than 32"));
	assert_non_null(
		token_keys_add(keys, CRYPTO_HS256, TEXT_LITERAL("secret")));
	assert_int_equal(token_keys_count(keys), TOKEN_KEYS_MAX);
	token_keys_free(&keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_all_types_are_read_from_a_set),
		cmocka_unit_test(keys_for_something_else_are_left_out),
		cmocka_unit_test(a_set_must_be_one_and_without_private_keys),
		cmocka_unit_test(any_of_several_keys_may_have_signed),
		cmocka_unit_test(a_named_key_signs_for_its_name_or_none),
		cmocka_unit_test(there_is_an_end_of_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
