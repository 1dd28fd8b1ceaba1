#include "shared/config_token_keys.h"

#include "shared/config.h"
#include "shared/token_keys.h"

/* NULL, or why it is no key. */
static const char *
add_file(struct token_keys *keys, const struct tenant *tenant,
	const struct secret *secret, bool is_set)
{
	struct text content = { (const char *)secret->bytes, secret->length };

	if (is_set)
		return token_keys_add_set(keys, content);
	return token_keys_add(
		keys, (enum crypto_algorithm)tenant->token_algorithm, content);
}

struct token_keys *
config_token_keys(const struct config *config, const struct tenant *tenant,
	config_no_key *told, void *self)
{
	struct token_keys *keys = token_keys_new();
	size_t count = tenant->token_key_file_count;

	for (size_t i = 0; i <= count; i++) {
		bool is_set = i == count;
		const char *path = is_set ? tenant->token_jwks_file
					  : tenant->token_key_file[i];
		const struct secret *secret = config_secret(config, path);
		const char *why;

		/* One that could not be read has been complained of. */
		if (!secret)
			continue;
		why = add_file(keys, tenant, secret, is_set);
		if (why)
			told(self,
				is_set ? "token_jwks_file" : "token_key_file",
				path, why);
	}
	return keys;
}
