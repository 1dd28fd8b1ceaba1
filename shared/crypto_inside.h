/*
 * What a key is made of. Private to crypto.c and crypto_key.c.
 */
#ifndef SHARED_CRYPTO_INSIDE_H
#define SHARED_CRYPTO_INSIDE_H

#include <openssl/evp.h>

#include "shared/crypto_algorithm.h"

/* Half a signature of ES256. */
#define P256_BYTES 32

struct crypto_key {
	enum crypto_algorithm algorithm;
	EVP_PKEY *pair; /* NULL: it is a secret */
	bool is_private;
	size_t secret_length;
	uint8_t secret[];
};

#endif
