/*
 * Where keys come from. What is read is refused rather than bent: a key of
 * another kind than the algorithm's, one that is too weak (RFC 7518 3.3) or so
 * large that checking a token costs too much, a public key where a secret is
 * wanted: whoever has the public one could sign with it then.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "shared/base.h"
#include "shared/crypto.h"
#include "shared/crypto_inside.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

static const char *const types[CRYPTO_ALGORITHM_COUNT] = {
	[CRYPTO_RS256] = "RSA",
	[CRYPTO_ES256] = "EC",
	[CRYPTO_EDDSA] = "ED25519",
};

static struct crypto_key *
key_of_secret(struct text secret)
{
	struct crypto_key *key = base_alloc(sizeof(*key) + secret.length);

	*key = (struct crypto_key){
		.algorithm = CRYPTO_HS256,
		.is_private = true,
		.secret_length = secret.length,
	};
	memcpy(key->secret, secret.at, secret.length);
	return key;
}

/* Is it fit for the algorithm? */
static bool
is_fit(EVP_PKEY *pair, enum crypto_algorithm algorithm, const char **why)
{
	char group[32] = "";
	int bits = EVP_PKEY_get_bits(pair);

	if (!EVP_PKEY_is_a(pair, types[algorithm])) {
		*why = "it is a key for another algorithm";
		return false;
	}
	if (algorithm == CRYPTO_RS256 &&
		(bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)) {
		*why = "an RSA key must have 2048 to 8192 bits";
		return false;
	}
	EVP_PKEY_get_group_name(pair, group, sizeof(group), NULL);
	if (algorithm == CRYPTO_ES256 && strcmp(group, "prime256v1") != 0) {
		*why = "a key for ES256 must be on the curve P-256";
		return false;
	}
	return true;
}

/* Takes the pair. */
static struct crypto_key *
key_of_pair(EVP_PKEY *pair, enum crypto_algorithm algorithm, bool is_private,
	const char **why)
{
	struct crypto_key *key;

	if (!is_fit(pair, algorithm, why)) {
		EVP_PKEY_free(pair);
		ERR_clear_error();
		return NULL;
	}
	key = base_alloc(sizeof(*key));
	*key = (struct crypto_key){
		.algorithm = algorithm,
		.pair = pair,
		.is_private = is_private,
	};
	return key;
}

/* Without it OpenSSL would ask for a passphrase at the terminal. */
static int
no_passphrase(char *bytes, int room, int is_writing, void *self)
{
	(void)bytes;
	(void)room;
	(void)is_writing;
	(void)self;
	return -1;
}

static EVP_PKEY *
read_pem(struct text pem, bool is_private)
{
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.length);
	EVP_PKEY *pair;

	must(in);
	if (is_private)
		pair = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
	else
		pair = PEM_read_bio_PUBKEY(in, NULL, no_passphrase, NULL);
	BIO_free(in);
	ERR_clear_error();
	return pair;
}

static bool
is_pem(struct text content)
{
	return memmem(content.at, content.length, "-----BEGIN ", 11) != NULL;
}

static struct crypto_key *
read_key(enum crypto_algorithm algorithm, struct text content, bool is_private,
	const char **why)
{
	EVP_PKEY *pair;

	if (content.length == 0 || content.length > CRYPTO_KEY_BYTES_MAX) {
		*why = "it must have 1 to 65536 bytes";
		return NULL;
	}
	if (algorithm == CRYPTO_HS256 && is_pem(content)) {
		*why = "it is a PEM file, and HS256 takes a secret";
		return NULL;
	}
	if (algorithm == CRYPTO_HS256)
		return key_of_secret(content);
	pair = read_pem(content, is_private);
	if (pair)
		return key_of_pair(pair, algorithm, is_private, why);
	if (is_private)
		*why = "it is no private key as PEM, or has a passphrase";
	else if (memmem(content.at, content.length, "PRIVATE KEY", 11))
		*why = "it is a private key, and only the public one belongs "
		       "here (openssl pkey -pubout)";
	else
		*why = "it is no public key as PEM";
	return NULL;
}

struct crypto_key *
crypto_key_read(
	enum crypto_algorithm algorithm, struct text content, const char **why)
{
	return read_key(algorithm, content, false, why);
}

struct crypto_key *
crypto_key_read_private(
	enum crypto_algorithm algorithm, struct text content, const char **why)
{
	return read_key(algorithm, content, true, why);
}

/* A public key from what OpenSSL calls its parameters; takes the builder. */
static struct crypto_key *
key_of_numbers(enum crypto_algorithm algorithm, OSSL_PARAM_BLD *builder)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context =
		EVP_PKEY_CTX_new_from_name(NULL, types[algorithm], NULL);
	EVP_PKEY *pair = NULL;
	const char *why;

	must(params && context);
	if (EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(
			context, &pair, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pair = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	ERR_clear_error();
	return pair ? key_of_pair(pair, algorithm, false, &why) : NULL;
}

/* With 1 every signature would be right. */
static bool
is_exponent(struct text number)
{
	uint64_t value = 0;

	if (number.length > sizeof(value))
		return false;
	for (size_t i = 0; i < number.length; i++)
		value = value << 8 | (unsigned char)number.at[i];
	return value >= 3 && value % 2 == 1;
}

struct crypto_key *
crypto_key_of_rsa(struct text modulus, struct text exponent)
{
	OSSL_PARAM_BLD *builder;
	struct crypto_key *key;
	BIGNUM *n, *e;

	if (modulus.length > RSA_BITS_MAX / 8 || !is_exponent(exponent))
		return NULL;
	builder = OSSL_PARAM_BLD_new();
	n = BN_bin2bn(
		(const unsigned char *)modulus.at, (int)modulus.length, NULL);
	e = BN_bin2bn(
		(const unsigned char *)exponent.at, (int)exponent.length, NULL);
	must(builder && n && e);
	must(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n));
	must(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e));
	key = key_of_numbers(CRYPTO_RS256, builder);
	BN_free(n);
	BN_free(e);
	return key;
}

struct crypto_key *
crypto_key_of_p256(struct text x, struct text y)
{
	static char group[] = "prime256v1";
	unsigned char point[1 + 2 * P256_BYTES] = { 4 }; /* uncompressed */
	OSSL_PARAM_BLD *builder;

	if (x.length != P256_BYTES || y.length != P256_BYTES)
		return NULL;
	memcpy(point + 1, x.at, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, y.at, P256_BYTES);
	builder = OSSL_PARAM_BLD_new();
	must(builder);
	must(OSSL_PARAM_BLD_push_utf8_string(
		builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0));
	must(OSSL_PARAM_BLD_push_octet_string(
		builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)));
	return key_of_numbers(CRYPTO_ES256, builder);
}

struct crypto_key *
crypto_key_of_ed25519(struct text x)
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_public_key(
		EVP_PKEY_ED25519, NULL, (const unsigned char *)x.at, x.length);
	const char *why;

	ERR_clear_error();
	return pair ? key_of_pair(pair, CRYPTO_EDDSA, false, &why) : NULL;
}

void
crypto_key_free(struct crypto_key **key)
{
	if (!*key)
		return;
	EVP_PKEY_free((*key)->pair);
	OPENSSL_cleanse((*key)->secret, (*key)->secret_length);
	free(*key);
	*key = NULL;
}

enum crypto_algorithm
crypto_key_algorithm(const struct crypto_key *key)
{
	return key->algorithm;
}
