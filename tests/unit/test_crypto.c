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
#include "shared/crypto.h"
#include "tests/unit/token_fixture.h"

/* Text in base64url as bytes, to be given back with buffer_fini(). */
static struct buffer
bytes_of(const char *text)
{
	struct buffer bytes = { 0 };

	assert_true(base64_read(&bytes, text_of(text)));
	return bytes;
}

/* RFC 4231, test case 2 */
static void
a_hmac_is_that_of_rfc_4231(void **state)
{
	uint8_t got[CRYPTO_SHA256_BYTES];

	(void)state;
	crypto_hmac(TEXT_LITERAL("Jefe"),
		TEXT_LITERAL("what do ya want for nothing?"), got);
	assert_memory_equal(got,
		"\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24"
		"\x26\x08\x95\x75\xc7\x5a\x00\x3f\x08\x9d\x27"
		"\x39\x83\x9d\xec\x58\xb9\x64\xec\x38\x43",
		sizeof(got));
	crypto_hmac((struct text){ 0 }, (struct text){ 0 }, got);
	assert_memory_equal(got, "\xb6\x13\x67\x9a\x08\x14\xd9\xec", 8);
}

static void
equal_is_equal_in_length_and_bytes(void **state)
{
	(void)state;
	assert_true(crypto_equal(TEXT_LITERAL("abc"), TEXT_LITERAL("abc")));
	assert_true(crypto_equal((struct text){ 0 }, TEXT_LITERAL("")));
	assert_false(crypto_equal(TEXT_LITERAL("abc"), TEXT_LITERAL("abd")));
	assert_false(crypto_equal(TEXT_LITERAL("abc"), TEXT_LITERAL("ab")));
	assert_false(crypto_equal(TEXT_LITERAL("abc"), (struct text){ 0 }));
}

/* The example is right, and wrong with any bit of it changed. */
static void
assert_example(struct crypto_key *key, const char *data, const char *signature)
{
	struct buffer bytes = bytes_of(signature);
	struct text text = text_of(data);

	assert_non_null(key);
	assert_true(crypto_verify(key, text, buffer_text(&bytes)));
	for (size_t i = 0; i < bytes.length; i += 7) {
		bytes.data[i] ^= 1;
		assert_false(crypto_verify(key, text, buffer_text(&bytes)));
		bytes.data[i] ^= 1;
	}
	text.length--;
	assert_false(crypto_verify(key, text, buffer_text(&bytes)));
	text.length++;
	bytes.length--;
	assert_false(crypto_verify(key, text, buffer_text(&bytes)));
	bytes.length = 0;
	assert_false(crypto_verify(key, text, buffer_text(&bytes)));
	assert_false(crypto_sign(key, text, &bytes) &&
		     crypto_key_algorithm(key) != CRYPTO_HS256);
	buffer_fini(&bytes);
	crypto_key_free(&key);
	assert_null(key);
}

#define PAYLOAD                                                                \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl" \
	"LmNvbS9pc19yb290Ijp0cnVlfQ"

/* RFC 7515, A.1 */
static void
hs256_is_that_of_rfc_7515(void **state)
{
	struct buffer secret =
		bytes_of("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH"
			 "75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
	const char *why;

	(void)state;
	assert_example(
		crypto_key_read(CRYPTO_HS256, buffer_text(&secret), &why),
		"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD,
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	buffer_fini(&secret);
}

/* RFC 7515, A.2 */
static void
rs256_is_that_of_rfc_7515(void **state)
{
	struct buffer n = bytes_of(
		"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHm"
		"fHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"
		"YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5"
		"z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD"
		"Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia"
		"GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ");

	(void)state;
	assert_example(
		crypto_key_of_rsa(buffer_text(&n), TEXT_LITERAL("\1\0\1")),
		"eyJhbGciOiJSUzI1NiJ9." PAYLOAD,
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5R"
		"Zmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
		"jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB"
		"MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt"
		"FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"
		"Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
	buffer_fini(&n);
}

/* RFC 7515, A.3 */
static void
es256_is_that_of_rfc_7515(void **state)
{
	struct buffer x =
		bytes_of("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
	struct buffer y =
		bytes_of("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");

	(void)state;
	assert_example(crypto_key_of_p256(buffer_text(&x), buffer_text(&y)),
		"eyJhbGciOiJFUzI1NiJ9." PAYLOAD,
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8I"
		"SlSApmWQxfKTUJqPP3-Kg6NU1Q");
	buffer_fini(&x);
	buffer_fini(&y);
}

/* RFC 8037, A.4 */
static void
eddsa_is_that_of_rfc_8037(void **state)
{
	struct buffer x =
		bytes_of("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");

	(void)state;
	assert_example(crypto_key_of_ed25519(buffer_text(&x)),
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylG"
		"jg5BhVsPt9g7sVvpAr_MuM0KAg");
	buffer_fini(&x);
}

static const struct {
	enum crypto_algorithm algorithm;
	const char *private, *public;
	size_t signature_bytes;
} pairs[] = {
	{ CRYPTO_HS256, "some secret", "some secret", 32 },
	{ CRYPTO_RS256, rsa_private, rsa_public, 256 },
	{ CRYPTO_ES256, p256_private, p256_public, 64 },
	{ CRYPTO_EDDSA, ed25519_private, ed25519_public, 64 },
};

static void
what_a_private_key_signs_the_public_one_verifies(void **state)
{
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct crypto_key *private = crypto_key_read_private(
			pairs[i].algorithm, text_of(pairs[i].private), &why);
		struct crypto_key *public = crypto_key_read(
			pairs[i].algorithm, text_of(pairs[i].public), &why);
		struct buffer signature = { 0 };

		assert_true(private && public && !why);
		assert_true(
			crypto_sign(private, TEXT_LITERAL("text"), &signature));
		assert_int_equal(signature.length, pairs[i].signature_bytes);
		assert_true(crypto_verify(
			public, TEXT_LITERAL("text"), buffer_text(&signature)));
		assert_true(crypto_verify(private, TEXT_LITERAL("text"),
			buffer_text(&signature)));
		assert_false(crypto_verify(
			public, TEXT_LITERAL("test"), buffer_text(&signature)));
		buffer_fini(&signature);
		crypto_key_free(&private);
		crypto_key_free(&public);
	}
}

static void
a_public_key_signs_nothing(void **state)
{
	const char *why = NULL;

	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(pairs); i++) {
		struct crypto_key *key = crypto_key_read(
			pairs[i].algorithm, text_of(pairs[i].public), &why);
		struct buffer signature = { 0 };

		assert_false(crypto_sign(key, TEXT_LITERAL("a"), &signature));
		assert_int_equal(signature.length, 0);
		crypto_key_free(&key);
	}
}

static void
a_key_of_another_kind_is_refused(void **state)
{
	static const struct {
		enum crypto_algorithm algorithm;
		const char *content, *why;
	} wrong[] = {
		{ CRYPTO_HS256, "", "1 to 65536 bytes" },
		{ CRYPTO_HS256, rsa_public, "HS256 takes a secret" },
		{ CRYPTO_HS256, p256_private, "HS256 takes a secret" },
		{ CRYPTO_RS256, "some secret", "no public key" },
		{ CRYPTO_RS256, p256_public, "another algorithm" },
		{ CRYPTO_RS256, rsa_1024_public, "2048" },
		{ CRYPTO_RS256, rsa_private, "a private key" },
		{ CRYPTO_ES256, ed25519_public, "another algorithm" },
		{ CRYPTO_ES256, p384_public, "P-256" },
		{ CRYPTO_EDDSA, p256_public, "another algorithm" },
		{ CRYPTO_EDDSA, "-----BEGIN PUBLIC KEY-----\n", "no public" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		const char *why = "";

		assert_null(crypto_key_read(
			wrong[i].algorithm, text_of(wrong[i].content), &why));
		assert_non_null(strstr(why, wrong[i].why));
	}
}

static void
a_locked_private_key_is_refused_without_asking(void **state)
{
	const char *why = "";

	(void)state;
	assert_null(crypto_key_read_private(
		CRYPTO_ES256, text_of(p256_locked), &why));
	assert_non_null(strstr(why, "passphrase"));
}

static void
numbers_that_are_no_key_are_refused(void **state)
{
	static const char zeros[1100];
	char odd[256];

	(void)state;
	memset(odd, 0xff, sizeof(odd));
	struct text modulus = { odd, sizeof(odd) };
	struct crypto_key *key = crypto_key_of_rsa(modulus, TEXT_LITERAL("\3"));

	assert_non_null(key);
	crypto_key_free(&key);
	assert_null(crypto_key_of_rsa(modulus, TEXT_LITERAL("\1")));
	assert_null(crypto_key_of_rsa(modulus, TEXT_LITERAL("\2")));
	assert_null(crypto_key_of_rsa(modulus, TEXT_LITERAL("")));
	assert_null(
		crypto_key_of_rsa(modulus, TEXT_LITERAL("\1\0\0\0\0\0\0\0\1")));
	assert_null(crypto_key_of_rsa(
		(struct text){ odd, 128 }, TEXT_LITERAL("\1\0\1")));
	assert_null(crypto_key_of_rsa(
		(struct text){ zeros, 1025 }, TEXT_LITERAL("\1\0\1")));
	assert_null(
		crypto_key_of_rsa((struct text){ 0 }, TEXT_LITERAL("\1\0\1")));
	/* not on the curve */
	assert_null(crypto_key_of_p256(
		(struct text){ odd, 32 }, (struct text){ odd, 32 }));
	assert_null(crypto_key_of_p256(
		(struct text){ zeros, 32 }, (struct text){ zeros, 32 }));
	assert_null(crypto_key_of_p256((struct text){ 0 }, (struct text){ 0 }));
	assert_null(crypto_key_of_ed25519((struct text){ zeros, 31 }));
	assert_null(crypto_key_of_ed25519((struct text){ 0 }));
}

static void
algorithms_are_called_as_in_tokens(void **state)
{
	enum crypto_algorithm algorithm;

	(void)state;
	for (size_t i = 0; i < CRYPTO_ALGORITHM_COUNT; i++) {
		enum crypto_algorithm one = (enum crypto_algorithm)i;

		assert_true(crypto_algorithm_of(
			text_of(crypto_algorithm_name(one)), &algorithm));
		assert_int_equal(algorithm, one);
	}
	assert_false(crypto_algorithm_of(TEXT_LITERAL("none"), &algorithm));
	assert_false(crypto_algorithm_of(TEXT_LITERAL("hs256"), &algorithm));
	assert_false(crypto_algorithm_of(TEXT_LITERAL(""), &algorithm));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hmac_is_that_of_rfc_4231),
		cmocka_unit_test(equal_is_equal_in_length_and_bytes),
		cmocka_unit_test(hs256_is_that_of_rfc_7515),
		cmocka_unit_test(rs256_is_that_of_rfc_7515),
		cmocka_unit_test(es256_is_that_of_rfc_7515),
		cmocka_unit_test(eddsa_is_that_of_rfc_8037),
		cmocka_unit_test(
			what_a_private_key_signs_the_public_one_verifies),
		cmocka_unit_test(a_public_key_signs_nothing),
		cmocka_unit_test(a_key_of_another_kind_is_refused),
		cmocka_unit_test(
			a_locked_private_key_is_refused_without_asking),
		cmocka_unit_test(numbers_that_are_no_key_are_refused),
		cmocka_unit_test(algorithms_are_called_as_in_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
