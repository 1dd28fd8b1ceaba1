#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/base64.h"
#include "shared/buffer.h"
#include "shared/token.h"
#include "shared/token_keys.h"
#include "tests/unit/token_fixture.h"

#define NOW 1700000000000ULL
#define EXP "\"exp\":1700000001"
#define SECRET "0123456789abcdef0123456789abcdef"
#define HEADER "{\"alg\":\"HS256\"}"

static struct token_keys *keys;
static struct crypto_key *signer;

static int
set_up(void **state)
{
	const char *why;

	(void)state;
	keys = token_keys_new();
	signer = crypto_key_read_private(
		CRYPTO_HS256, TEXT_LITERAL(SECRET), &why);
	return token_keys_add(keys, CRYPTO_HS256, TEXT_LITERAL(SECRET)) ? -1
									: 0;
}

static int
tear_down(void **state)
{
	(void)state;
	token_keys_free(&keys);
	crypto_key_free(&signer);
	return 0;
}

/* A token of any header and payload, rightly signed by key. */
static struct buffer
make(const struct crypto_key *key, struct text header, struct text claims)
{
	struct buffer token = { 0 }, signature = { 0 };

	base64_write(&token, header);
	buffer_add_byte(&token, '.');
	base64_write(&token, claims);
	assert_true(crypto_sign(key, buffer_text(&token), &signature));
	buffer_add_byte(&token, '.');
	base64_write(&token, buffer_text(&signature));
	buffer_fini(&signature);
	return token;
}

static struct token token;

static const char *
read_claims_at(const char *claims, uint64_t now)
{
	struct buffer text =
		make(signer, TEXT_LITERAL(HEADER), text_of(claims));
	const char *why;

	token_fini(&token);
	why = token_read(&token, keys, buffer_text(&text), now);
	buffer_fini(&text);
	return why;
}

static void
assert_good(const char *claims)
{
	const char *why = read_claims_at(claims, NOW);

	if (why)
		fail_msg("%s: %s", claims, why);
}

/* part: of the sentence */
static void
assert_bad_at(const char *claims, uint64_t now, const char *part)
{
	const char *why = read_claims_at(claims, now);

	if (!why || !strstr(why, part))
		fail_msg("%s: %s", claims, why ? why : "taken");
	token_fini(&token);
}

static void
assert_bad(const char *claims, const char *part)
{
	assert_bad_at(claims, NOW, part);
}

static void
all_that_a_token_says_is_read(void **state)
{
	(void)state;
	assert_good(
		"{\"sub\":\"\xe4\xb8\xad\"," EXP
		",\"iat\":1699999999.5,\"nbf\":1699999999,"
		"\"tenant\":\"acme\",\"platform\":4294967295,"
		"\"info\":{\"name\": \"A\"},\"rooms\":[\"a\",\"b:*\",\"*\"],"
		"\"say\":false,\"jti\":\"1-2\",\"unknown\":[{}]}");
	assert_true(text_equal(token.user, TEXT_LITERAL("\xe4\xb8\xad")));
	assert_true(text_equal(token.tenant, TEXT_LITERAL("acme")));
	assert_true(text_equal(token.id, TEXT_LITERAL("1-2")));
	assert_true(text_equal(token.info, TEXT_LITERAL("{\"name\":\"A\"}")));
	assert_int_equal(token.expires_ms, 1700000001000);
	assert_int_equal(token.issued_ms, 1699999999500);
	assert_true(token.has_platform);
	assert_int_equal(token.platform, 4294967295);
	assert_false(token.may_say);
	assert_true(token.has_rooms);
	assert_int_equal(token.room_count, 3);
	assert_true(text_equal(token.rooms[1], TEXT_LITERAL("b:*")));
	token_fini(&token);
}

static void
what_a_token_does_not_say_is_open(void **state)
{
	(void)state;
	assert_good("{\"sub\":\"u\"," EXP "}");
	assert_int_equal(token.tenant.length + token.id.length, 0);
	assert_int_equal(token.info.length, 0);
	assert_int_equal(token.issued_ms, 0);
	assert_true(token.may_say);
	assert_false(token.has_rooms);
	assert_false(token.has_platform);
	assert_good("{\"sub\":\"u\"," EXP ",\"rooms\":[],\"info\":null}");
	assert_true(token.has_rooms);
	assert_int_equal(token.room_count, 0);
	assert_true(text_equal(token.info, TEXT_LITERAL("null")));
	token_fini(&token);
}

/* Then the parser makes reals of all of them. */
static void
a_number_of_others_may_be_huge(void **state)
{
	(void)state;
	assert_good("{\"sub\":\"u\",\"exp\":1700000001,\"platform\":7,"
		    "\"info\":{\"uid\": 18446744073709551615}}");
	assert_int_equal(token.platform, 7);
	assert_true(text_equal(
		token.info, TEXT_LITERAL("{\"uid\":18446744073709551615}")));
	assert_int_equal(token.expires_ms, 1700000001000);
	token_fini(&token);
}

static void
sub_and_exp_are_needed(void **state)
{
	(void)state;
	assert_bad("{}", "sub");
	assert_bad("{" EXP "}", "sub");
	assert_bad("{\"sub\":\"\"," EXP "}", "sub");
	assert_bad("{\"sub\":5," EXP "}", "sub");
	assert_bad("{\"sub\":null," EXP "}", "sub");
	assert_bad("{\"sub\":\"a\\u0000b\"," EXP "}", "sub");
	assert_bad("{\"sub\":\"a\\nb\"," EXP "}", "sub");
	assert_bad("{\"sub\":\"0123456789012345678901234567890123456789"
		   "0123456789012345678901234\"," EXP "}",
		"sub");
	assert_bad("{\"sub\":\"u\"}", "exp");
	assert_bad("{\"sub\":\"u\",\"exp\":\"1700000001\"}", "exp");
	assert_bad("{\"sub\":\"u\",\"exp\":null}", "exp");
}

static void
a_token_ends_at_the_millisecond(void **state)
{
	static const char claims[] = "{\"sub\":\"u\"," EXP "}";

	(void)state;
	assert_null(read_claims_at(claims, 1700000000999));
	assert_bad_at(claims, 1700000001000, "expired");
	assert_bad("{\"sub\":\"u\",\"exp\":-1}", "expired");
	assert_bad("{\"sub\":\"u\",\"exp\":-1e300}", "expired");
	assert_good("{\"sub\":\"u\",\"exp\":1e300}");
	assert_good("{\"sub\":\"u\",\"exp\":99999999999999999999999}");
	assert_int_equal(token.expires_ms, 1ULL << 53);
	assert_good("{\"sub\":\"u\",\"exp\":1700000000.001}");
	token_fini(&token);
}

static void
a_token_begins_almost_at_nbf(void **state)
{
	static const char claims[] = "{\"sub\":\"u\",\"exp\":1800000000,"
				     "\"nbf\":1700000000}";

	(void)state;
	assert_null(read_claims_at(claims, NOW - TOKEN_EARLY_MS));
	assert_bad_at(claims, NOW - TOKEN_EARLY_MS - 1, "not valid yet");
	assert_bad("{\"sub\":\"u\"," EXP ",\"nbf\":\"1\"}", "nbf");
	assert_bad("{\"sub\":\"u\"," EXP ",\"iat\":true}", "iat");
	assert_bad("{\"sub\":\"u\"," EXP ",\"nbf\":1e300}", "not valid yet");
}

static void
claims_of_a_wrong_kind_are_refused(void **state)
{
	static const char *const wrong[][2] = {
		{ "\"tenant\":1", "tenant" },
		{ "\"tenant\":\"\"", "tenant" },
		{ "\"tenant\":\"a\\tb\"", "tenant" },
		{ "\"platform\":\"101\"", "platform" },
		{ "\"platform\":101.5", "platform" },
		{ "\"platform\":-1", "platform" },
		{ "\"platform\":4294967296", "platform" },
		{ "\"platform\":null", "platform" },
		{ "\"say\":1", "say" },
		{ "\"say\":null", "say" },
		{ "\"rooms\":\"*\"", "rooms" },
		{ "\"rooms\":null", "rooms" },
		{ "\"rooms\":{}", "rooms" },
		{ "\"rooms\":[1]", "rooms" },
		{ "\"rooms\":[\"a\",\"\"]", "rooms" },
		{ "\"rooms\":[\"*a\"]", "rooms" },
		{ "\"rooms\":[\"a**\"]", "rooms" },
		{ "\"rooms\":[\"a\\u0000*\"]", "rooms" },
		{ "\"jti\":7", "jti" },
		{ "\"jti\":\"\"", "jti" },
		{ "\"sub\":\"v\"", "no JWT" },
	};
	char claims[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		snprintf(claims, sizeof(claims), "{\"sub\":\"u\"," EXP ",%s}",
			wrong[i][0]);
		assert_bad(claims, wrong[i][1]);
	}
}

static void
info_has_at_most_1024_bytes(void **state)
{
	char claims[2048], name[1100];

	(void)state;
	memset(name, 'x', sizeof(name));
	snprintf(claims, sizeof(claims),
		"{\"sub\":\"u\"," EXP ",\"info\": \"%.*s\"}", 1022, name);
	assert_good(claims);
	assert_int_equal(token.info.length, 1024);
	snprintf(claims, sizeof(claims),
		"{\"sub\":\"u\"," EXP ",\"info\": \"%.*s\"}", 1023, name);
	assert_bad(claims, "info");
}

/* What is wrong with a token of this header; NULL: it was taken. */
static const char *
read_with_header(const struct crypto_key *key, const char *header)
{
	struct buffer text = make(
		key, text_of(header), TEXT_LITERAL("{\"sub\":\"u\"," EXP "}"));
	const char *why;

	why = token_read(&token, keys, buffer_text(&text), NOW);
	buffer_fini(&text);
	token_fini(&token);
	return why;
}

static void
a_header_decides_nothing(void **state)
{
	static const char *const wrong[] = { "{}", "[]", "1", "",
		"{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"\"}",
		"{\"alg\":\"hs256\"}", "{\"alg\":\"HS512\"}",
		"{\"alg\":\"RS256\"}", "{\"alg\":\"ES256\"}",
		"{\"alg\":\"EdDSA\"}", "{\"alg\":null}",
		"{\"alg\":[\"HS256\"]}",
		"{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"kid\":1}",
		"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"HS256\",\"crit\":null}",
		"{\"alg\":\"HS256\\u0000\"}" };

	(void)state;
	assert_null(read_with_header(signer, HEADER));
	assert_null(read_with_header(
		signer, "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"any\"}"));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_non_null(read_with_header(signer, wrong[i]));
}

/* RFC 8725, 2.1: a public key known to all, used as if it were a secret. The
 * forger signs as anybody could, so by hand. */
static void
a_public_key_is_no_secret(void **state)
{
	struct token_keys *own = token_keys_new();
	struct buffer text = { 0 }, signature = { 0 };

	(void)state;
	assert_null(token_keys_add(own, CRYPTO_RS256, text_of(rsa_public)));
	base64_write(&text, TEXT_LITERAL(HEADER));
	buffer_add_byte(&text, '.');
	base64_write(&text, TEXT_LITERAL("{\"sub\":\"u\"," EXP "}"));
	crypto_hmac(text_of(rsa_public), buffer_text(&text),
		buffer_reserve(&signature, CRYPTO_SHA256_BYTES));
	signature.length = CRYPTO_SHA256_BYTES;
	buffer_add_byte(&text, '.');
	base64_write(&text, buffer_text(&signature));
	assert_non_null(token_read(&token, own, buffer_text(&text), NOW));
	token_fini(&token);
	token_keys_free(&own);
	buffer_fini(&text);
	buffer_fini(&signature);
}

static void
every_algorithm_serves(void **state)
{
	static const struct {
		enum crypto_algorithm algorithm;
		const char *private, *public;
	} pairs[] = {
		{ CRYPTO_HS256, "s", "s" },
		{ CRYPTO_RS256, rsa_private, rsa_public },
		{ CRYPTO_ES256, p256_private, p256_public },
		{ CRYPTO_EDDSA, ed25519_private, ed25519_public },
	};
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct crypto_key *key = crypto_key_read_private(
			pairs[i].algorithm, text_of(pairs[i].private), &why);
		struct token_keys *own = token_keys_new();
		struct buffer text = { 0 };

		assert_null(token_keys_add(
			own, pairs[i].algorithm, text_of(pairs[i].public)));
		assert_true(token_write(&text, key, TEXT_LITERAL("k\"1"),
			TEXT_LITERAL("{\"sub\":\"u\"," EXP "}")));
		assert_null(token_read(&token, own, buffer_text(&text), NOW));
		token_fini(&token);
		assert_non_null(
			token_read(&token, keys, buffer_text(&text), NOW));
		token_fini(&token);
		buffer_fini(&text);
		token_keys_free(&own);
		crypto_key_free(&key);
	}
}

static void
any_byte_changed_is_a_bad_token(void **state)
{
	struct buffer text = { 0 };

	(void)state;
	assert_true(token_write(&text, signer, (struct text){ 0 },
		TEXT_LITERAL("{\"sub\":\"u\"," EXP "}")));
	for (size_t i = 0; i < text.length; i++) {
		for (uint8_t bit = 1; bit; bit = (uint8_t)(bit << 1)) {
			text.data[i] ^= bit;
			assert_non_null(token_read(
				&token, keys, buffer_text(&text), NOW));
			token_fini(&token);
			text.data[i] ^= bit;
		}
	}
	for (size_t i = 0; i < text.length; i++) {
		assert_non_null(token_read(&token, keys,
			(struct text){ (char *)text.data, i }, NOW));
		token_fini(&token);
	}
	buffer_fini(&text);
}

static void
what_is_no_token_is_refused(void **state)
{
	static const char *const wrong[] = { "", ".", "..", "...", "a.b.c",
		"eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.",
		"eyJhbGciOiJIUzI1NiJ9..", "eyJhbGciOiJub25lIn0.e30.",
		" eyJhbGciOiJIUzI1NiJ9.e30.a", "null", "{}" };
	struct text long_text = { NULL, TOKEN_BYTES_MAX + 1 };
	char *bytes = base_alloc(long_text.length);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_non_null(
			token_read(&token, keys, text_of(wrong[i]), NOW));
		token_fini(&token);
	}
	memset(bytes, '.', long_text.length);
	long_text.at = bytes;
	assert_non_null(token_read(&token, keys, long_text, NOW));
	token_fini(&token);
	free(bytes);
	assert_non_null(token_read(&token, keys, (struct text){ 0 }, NOW));
	token_fini(&token);
}

static void
a_token_of_8192_bytes_is_read(void **state)
{
	struct buffer claims = { 0 }, text = { 0 };
	size_t padding = 6000;

	(void)state;
	while (text.length != TOKEN_BYTES_MAX) {
		buffer_clear(&claims, SIZE_MAX);
		buffer_clear(&text, SIZE_MAX);
		buffer_add_string(&claims, "{\"sub\":\"u\"," EXP ",\"x\":\"");
		for (size_t i = 0; i < padding; i++)
			buffer_add_byte(&claims, 'x');
		buffer_add_string(&claims, "\"}");
		assert_true(token_write(&text, signer, (struct text){ 0 },
			buffer_text(&claims)));
		assert_true(text.length <= TOKEN_BYTES_MAX);
		padding++;
	}
	assert_null(token_read(&token, keys, buffer_text(&text), NOW));
	token_fini(&token);
	buffer_fini(&claims);
	buffer_fini(&text);
}

static void
a_tenant_is_claimed_before_anything_is_believed(void **state)
{
	struct buffer text = make(signer, TEXT_LITERAL("{}"),
			      TEXT_LITERAL("{\"tenant\":\"acme\"}")),
		      bytes = { 0 };

	(void)state;
	buffer_add_string(&bytes, "before");
	assert_true(text_equal(token_claimed_tenant(buffer_text(&text), &bytes),
		TEXT_LITERAL("acme")));
	assert_int_equal(
		token_claimed_tenant(TEXT_LITERAL("a.b.c"), &bytes).length, 0);
	assert_int_equal(
		token_claimed_tenant((struct text){ 0 }, &bytes).length, 0);
	assert_int_equal(
		token_claimed_tenant(TEXT_LITERAL(".W10."), &bytes).length, 0);
	buffer_fini(&text);
	buffer_fini(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_token_says_is_read),
		cmocka_unit_test(what_a_token_does_not_say_is_open),
		cmocka_unit_test(a_number_of_others_may_be_huge),
		cmocka_unit_test(sub_and_exp_are_needed),
		cmocka_unit_test(a_token_ends_at_the_millisecond),
		cmocka_unit_test(a_token_begins_almost_at_nbf),
		cmocka_unit_test(claims_of_a_wrong_kind_are_refused),
		cmocka_unit_test(info_has_at_most_1024_bytes),
		cmocka_unit_test(a_header_decides_nothing),
		cmocka_unit_test(a_public_key_is_no_secret),
		cmocka_unit_test(every_algorithm_serves),
		cmocka_unit_test(any_byte_changed_is_a_bad_token),
		cmocka_unit_test(what_is_no_token_is_refused),
		cmocka_unit_test(a_token_of_8192_bytes_is_read),
		cmocka_unit_test(
			a_tenant_is_claimed_before_anything_is_believed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
