#include "worker/gateway/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/config_token_keys.h"
#include "shared/log.h"
#include "shared/token_keys.h"

struct keyring {
	struct token_keys *none;
	size_t count;
	struct tenant_keys { /* by name, as the configuration has them */
		char *name;
		struct token_keys *keys;
	} tenants[];
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
		1, sizeof(*keyring) + count * sizeof(keyring->tenants[0]));

	keyring->none = token_keys_new();
	keyring->count = count;
	for (size_t i = 0; i < count; i++)
		keyring->tenants[i] = (struct tenant_keys){
			.name = base_strdup(config->tenants[i].name),
			.keys = config_token_keys(config, &config->tenants[i],
				on_no_key, &config->tenants[i]),
		};
	return keyring;
}

void
keyring_free(struct keyring **keyring)
{
	if (!*keyring)
		return;
	for (size_t i = 0; i < (*keyring)->count; i++) {
		free((*keyring)->tenants[i].name);
		token_keys_free(&(*keyring)->tenants[i].keys);
	}
	token_keys_free(&(*keyring)->none);
	free(*keyring);
	*keyring = NULL;
}

static int
compare(const void *name, const void *element)
{
	return strcmp(name, ((const struct tenant_keys *)element)->name);
}

const struct token_keys *
keyring_of(const struct keyring *keyring, const struct tenant *tenant)
{
	const struct tenant_keys *found =
		bsearch(tenant->name, keyring->tenants, keyring->count,
			sizeof(keyring->tenants[0]), compare);

	return found ? found->keys : keyring->none;
}
