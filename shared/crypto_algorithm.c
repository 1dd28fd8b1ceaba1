#include "shared/crypto_algorithm.h"

#include "shared/base.h"

static const char *const names[CRYPTO_ALGORITHM_COUNT] = {
	[CRYPTO_HS256] = "HS256",
	[CRYPTO_RS256] = "RS256",
	[CRYPTO_ES256] = "ES256",
	[CRYPTO_EDDSA] = "EdDSA",
};

const char *
crypto_algorithm_name(enum crypto_algorithm algorithm)
{
	must((unsigned)algorithm < CRYPTO_ALGORITHM_COUNT);
	return names[algorithm];
}

bool
crypto_algorithm_of(struct text name, enum crypto_algorithm *algorithm)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_equal(name, text_of(names[i]))) {
			*algorithm = (enum crypto_algorithm)i;
			return true;
		}
	return false;
}
