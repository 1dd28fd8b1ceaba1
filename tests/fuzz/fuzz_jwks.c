/*
 * The readers of keys: any bytes as a key set and as a key file of each
 * algorithm. A key that was taken is asked about a signature of any bytes, and
 * must not believe it.
 */
#include "shared/base.h"
#include "shared/token_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(const struct token_keys *keys, struct text content)
{
	struct text signature = content;

	if (signature.length > 256)
		signature.length = 256;
	for (size_t i = 0; i < CRYPTO_ALGORITHM_COUNT; i++)
		must(!token_keys_verify(keys, TEXT_LITERAL("k"),
			(enum crypto_algorithm)i, TEXT_LITERAL("data"),
			signature));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text content = { (const char *)data, size };
	struct token_keys *keys = token_keys_new();

	if (!token_keys_add_set(keys, content))
		must(token_keys_count(keys) > 0);
	for (size_t i = 0; i < CRYPTO_ALGORITHM_COUNT; i++)
		token_keys_add(keys, (enum crypto_algorithm)i, content);
	must(token_keys_count(keys) <= TOKEN_KEYS_MAX);
	ask(keys, content);
	token_keys_free(&keys);
	return 0;
}
