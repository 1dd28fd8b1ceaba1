/*
 * What tokens can be signed with (RFC 7518, RFC 8037), once.
 */
#ifndef SHARED_CRYPTO_ALGORITHM_H
#define SHARED_CRYPTO_ALGORITHM_H

#include <stdbool.h>

#include "shared/text.h"

enum crypto_algorithm {
	CRYPTO_HS256, /* HMAC with SHA-256 */
	CRYPTO_RS256, /* RSASSA-PKCS1-v1_5 with SHA-256 */
	CRYPTO_ES256, /* ECDSA on P-256 with SHA-256 */
	CRYPTO_EDDSA, /* Ed25519 */
	CRYPTO_ALGORITHM_COUNT
};

/* The name that tokens and the configuration call it by. */
const char *crypto_algorithm_name(enum crypto_algorithm algorithm);
bool crypto_algorithm_of(struct text name, enum crypto_algorithm *algorithm);

#endif
