/*
 * Keys as the server has them. Its configuration and the files that it names
 * are for its user and root alone, so this is for them too.
 */
#include <stdio.h>

#include "master/ctl/tokens_inside.h"
#include "shared/config.h"
#include "shared/config_token_keys.h"
#include "shared/crypto.h"
#include "shared/token_keys.h"

static const char *
tenant_name(const struct tokens_wishes *wishes)
{
	return wishes->tenant ? wishes->tenant : "default";
}

/* Its errors are told where they are found. */
static struct config *
read_config(const struct tokens_wishes *wishes, const struct tenant **tenant)
{
	struct config *config = config_read(wishes->config);

	if (!config)
		return NULL;
	*tenant = config_tenant(config, text_of(tenant_name(wishes)));
	if (*tenant && (*tenant)->auth == AUTH_TOKEN)
		return config;
	fprintf(stderr, "error: %s: no tenant %s has tokens there\n",
		wishes->config, tenant_name(wishes));
	config_free(&config);
	return NULL;
}

struct crypto_key *
tokens_config_key(const struct tokens_wishes *wishes)
{
	const struct tenant *tenant;
	struct config *config = read_config(wishes, &tenant);
	const char *why = "the server has only what checks tokens: give the "
			  "private key by -k";
	struct crypto_key *key = NULL;

	if (!config)
		return NULL;
	if (tenant->token_algorithm == CRYPTO_HS256 &&
		tenant->token_key_file_count > 0) {
		const struct secret *secret =
			config_secret(config, tenant->token_key_file[0]);

		key = crypto_key_read_private(CRYPTO_HS256,
			(struct text){
				(const char *)secret->bytes, secret->length },
			&why);
	}
	if (!key)
		fprintf(stderr, "error: tenant %s: %s\n", tenant->name, why);
	config_free(&config);
	return key;
}

/* Reading the configuration has tried them. */
static void
on_no_key(void *self, const char *option, const char *path, const char *why)
{
	(void)self;
	fprintf(stderr, "error: %s: %s: %s\n", option, path, why);
}

struct token_keys *
tokens_config_keys(const struct tokens_wishes *wishes)
{
	const struct tenant *tenant;
	struct config *config = read_config(wishes, &tenant);
	struct token_keys *keys;

	if (!config)
		return NULL;
	keys = config_token_keys(config, tenant, on_no_key, NULL);
	config_free(&config);
	return keys;
}
