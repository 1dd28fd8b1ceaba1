#include "worker/gateway/keyring.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/config_token_keys.h"
#include "shared/log.h"
#include "shared/token_keys.h"

struct keyring {
	const struct tenant *tenants; /* of the configuration */
	size_t count;
	struct token_keys *keys[]; /* of each */
};

/* The master has read them and found them good. */
static void
on_no_key(void *self, const char *option, const char *path, const char *why)
{
	const struct tenant *tenant = self;

	log_error("tenant %s: %s: %s: %s", tenant->name, option, path, why);
}

struct keyring *
keyring_new(const struct config *config)
{
	size_t count = config->tenant_count;
	struct keyring *keyring = base_alloc_zeroed(
		1, sizeof(*keyring) + count * sizeof(keyring->keys[0]));

	keyring->tenants = config->tenants;
	keyring->count = count;
	for (size_t i = 0; i < count; i++)
		keyring->keys[i] = config_token_keys(config,
			&config->tenants[i], on_no_key, &config->tenants[i]);
	return keyring;
}

void
keyring_free(struct keyring **keyring)
{
	if (!*keyring)
		return;
	for (size_t i = 0; i < (*keyring)->count; i++)
		token_keys_free(&(*keyring)->keys[i]);
	free(*keyring);
	*keyring = NULL;
}

const struct token_keys *
keyring_of(const struct keyring *keyring, const struct tenant *tenant)
{
	must(tenant >= keyring->tenants &&
		tenant < keyring->tenants + keyring->count);
	return keyring->keys[tenant - keyring->tenants];
}
