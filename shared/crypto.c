#include "shared/crypto.h"

#include <limits.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/crypto_inside.h"

/* More than any signature as DER, RSA's with the largest modulus too. */
#define SIGNATURE_BYTES_MAX 2048

void
crypto_hmac(
	struct text secret, struct text data, uint8_t out[CRYPTO_SHA256_BYTES])
{
	static char digest[] = "SHA256";
	size_t length = 0;

	must(EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL,
		secret.length ? secret.at : "", secret.length,
		(const unsigned char *)(data.length ? data.at : ""),
		data.length, out, CRYPTO_SHA256_BYTES, &length));
	must(length == CRYPTO_SHA256_BYTES);
}

static const EVP_CIPHER *
aes_of(size_t key_length)
{
	switch (key_length) {
	case 16:
		return EVP_aes_128_cbc();
	case 24:
		return EVP_aes_192_cbc();
	default:
		must(key_length == 32);
		return EVP_aes_256_cbc();
	}
}

void
crypto_aes_cbc(struct text key, const uint8_t iv[CRYPTO_AES_BLOCK_BYTES],
	struct text plain, struct buffer *out)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *at =
		buffer_reserve(out, plain.length + CRYPTO_AES_BLOCK_BYTES);
	int length = 0, rest = 0;

	must(context && plain.length < INT_MAX - CRYPTO_AES_BLOCK_BYTES);
	must(EVP_EncryptInit_ex(context, aes_of(key.length), NULL,
		(const unsigned char *)key.at, iv));
	must(EVP_EncryptUpdate(context, at, &length,
		(const unsigned char *)plain.at, (int)plain.length));
	must(EVP_EncryptFinal_ex(context, at + length, &rest));
	out->length += (size_t)(length + rest);
	EVP_CIPHER_CTX_free(context);
}

bool
crypto_equal(struct text one, struct text other)
{
	return one.length == other.length &&
	       (one.length == 0 ||
		       CRYPTO_memcmp(one.at, other.at, one.length) == 0);
}

void
crypto_forget(void *bytes, size_t length)
{
	OPENSSL_cleanse(bytes, length);
}

/* r and s as two numbers of fixed length become what OpenSSL reads. Returns the
 * length, 0 when they cannot be. */
static size_t
der_of_raw(struct text raw, unsigned char *der)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	const unsigned char *at = (const unsigned char *)raw.at;
	BIGNUM *r = BN_bin2bn(at, P256_BYTES, NULL);
	BIGNUM *s = BN_bin2bn(at + P256_BYTES, P256_BYTES, NULL);
	int length;

	must(signature && r && s && ECDSA_SIG_set0(signature, r, s));
	length = i2d_ECDSA_SIG(signature, NULL);
	if (length > 0 && length <= SIGNATURE_BYTES_MAX)
		length = i2d_ECDSA_SIG(signature, &der);
	else
		length = 0;
	ECDSA_SIG_free(signature);
	return length > 0 ? (size_t)length : 0;
}

static bool
raw_of_der(const unsigned char *der, size_t length, struct buffer *out)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)length);
	unsigned char *raw;
	bool is_good;

	if (!signature)
		return false;
	raw = buffer_reserve(out, 2 * P256_BYTES);
	is_good = BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, P256_BYTES) ==
			  P256_BYTES &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + P256_BYTES,
			  P256_BYTES) == P256_BYTES;
	if (is_good)
		out->length += 2 * P256_BYTES;
	ECDSA_SIG_free(signature);
	return is_good;
}

/* EdDSA hashes in its own way and takes no digest. */
static const EVP_MD *
digest_of(const struct crypto_key *key)
{
	return key->algorithm == CRYPTO_EDDSA ? NULL : EVP_sha256();
}

static bool
verify_pair(
	const struct crypto_key *key, struct text data, struct text signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_good;

	must(context);
	is_good = EVP_DigestVerifyInit(context, NULL, digest_of(key), NULL,
			  key->pair) == 1 &&
		  EVP_DigestVerify(context, (const unsigned char *)signature.at,
			  signature.length, (const unsigned char *)data.at,
			  data.length) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return is_good;
}

bool
crypto_verify(
	const struct crypto_key *key, struct text data, struct text signature)
{
	unsigned char bytes[SIGNATURE_BYTES_MAX];

	if (signature.length == 0 || signature.length > sizeof(bytes))
		return false;
	if (key->algorithm == CRYPTO_HS256) {
		crypto_hmac((struct text){ (const char *)key->secret,
				    key->secret_length },
			data, bytes);
		return crypto_equal(signature,
			(struct text){ (char *)bytes, CRYPTO_SHA256_BYTES });
	}
	if (key->algorithm == CRYPTO_ES256) {
		if (signature.length != 2 * (size_t)P256_BYTES)
			return false;
		signature.length = der_of_raw(signature, bytes);
		signature.at = (char *)bytes;
	}
	return verify_pair(key, data, signature);
}

static bool
sign_with_pair(
	const struct crypto_key *key, struct text data, struct buffer *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char bytes[SIGNATURE_BYTES_MAX];
	size_t length = sizeof(bytes);
	bool is_good;

	must(context);
	is_good = EVP_DigestSignInit(context, NULL, digest_of(key), NULL,
			  key->pair) == 1 &&
		  EVP_DigestSign(context, bytes, &length,
			  (const unsigned char *)data.at, data.length) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	if (!is_good)
		return false;
	if (key->algorithm == CRYPTO_ES256)
		return raw_of_der(bytes, length, out);
	buffer_add(out, bytes, length);
	return true;
}

bool
crypto_sign(const struct crypto_key *key, struct text data, struct buffer *out)
{
	struct text secret = { (const char *)key->secret, key->secret_length };

	if (key->algorithm != CRYPTO_HS256)
		return key->is_private && sign_with_pair(key, data, out);
	crypto_hmac(secret, data, buffer_reserve(out, CRYPTO_SHA256_BYTES));
	out->length += CRYPTO_SHA256_BYTES;
	return true;
}
