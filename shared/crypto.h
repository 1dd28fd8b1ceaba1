/*
 * Keys, signatures and secrets: the one door to OpenSSL's EVP. What is signed
 * here are tokens (RFC 7518, RFC 8037) and what we send to backends.
 *
 * libjwt would be the library for tokens, but 1.10, which stable systems have,
 * knows neither EdDSA nor key sets; OpenSSL 3 has all that they are made of.
 *
 * A key knows its one algorithm from the start, and nothing that comes from
 * outside chooses another.
 */
#ifndef SHARED_CRYPTO_H
#define SHARED_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/crypto_algorithm.h"
#include "shared/text.h"

struct buffer;
struct crypto_key;

/* The largest file of a key. */
#define CRYPTO_KEY_BYTES_MAX 65536

/* From a file: a secret as it is, for the others a public key as PEM. NULL with
 * the reason in why, a constant sentence. */
struct crypto_key *crypto_key_read(
	enum crypto_algorithm algorithm, struct text content, const char **why);

/* The same with what signs: a secret, or a private key as PEM, which must not
 * need a passphrase. */
struct crypto_key *crypto_key_read_private(
	enum crypto_algorithm algorithm, struct text content, const char **why);

/* Public keys from their numbers, big-endian; NULL when they are none. */
struct crypto_key *crypto_key_of_rsa(struct text modulus, struct text exponent);
struct crypto_key *crypto_key_of_p256(struct text x, struct text y);
struct crypto_key *crypto_key_of_ed25519(struct text x);

void crypto_key_free(struct crypto_key **key);

enum crypto_algorithm crypto_key_algorithm(const struct crypto_key *key);

/* Signatures as tokens have them: r and s of ES256 as 64 bytes. */
bool crypto_verify(
	const struct crypto_key *key, struct text data, struct text signature);

/* Appends the signature; false when the key is a public one. */
bool crypto_sign(
	const struct crypto_key *key, struct text data, struct buffer *out);

#define CRYPTO_SHA256_BYTES 32

/* HMAC-SHA256. */
void crypto_hmac(
	struct text secret, struct text data, uint8_t out[CRYPTO_SHA256_BYTES]);

#define CRYPTO_AES_BLOCK_BYTES 16

/* Appends what AES-CBC with PKCS #7 makes of it; the key has 16, 24 or 32
 * bytes.
 */
void crypto_aes_cbc(struct text key, const uint8_t iv[CRYPTO_AES_BLOCK_BYTES],
	struct text plain, struct buffer *out);

/* Takes the same time wherever they differ; lengths are no secret. */
bool crypto_equal(struct text one, struct text other);

/* Makes what was secret unreadable. */
void crypto_forget(void *bytes, size_t length);

#endif
