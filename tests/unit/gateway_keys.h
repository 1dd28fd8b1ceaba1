/*
 * A gateway whose tenant acme wants tokens, and the secret that they are signed
 * with. Included by one test program each, so everything is static.
 */
#ifndef TESTS_UNIT_GATEWAY_KEYS_H
#define TESTS_UNIT_GATEWAY_KEYS_H

#include "tests/unit/gateway_fixture.h"
#include "worker/gateway/keyring.h"

#define TOKEN_KEY "0123456789abcdef0123456789abcdef"
#define TOKEN_KEY_PATH "/etc/confab/token.key"

static char *const token_key_paths[] = { (char *)(uintptr_t)TOKEN_KEY_PATH };
static struct secret token_key = {
	.path = (char *)(uintptr_t)TOKEN_KEY_PATH,
	.bytes = (uint8_t *)(uintptr_t)TOKEN_KEY,
	.length = sizeof(TOKEN_KEY) - 1,
};

/* As a reload does. */
static inline void
fixture_take_keys(struct secret *secret)
{
	fixture.config.secrets = secret;
	fixture.config.secret_count = 1;
	keyring_free(&fixture.gateway.keyring);
	fixture.gateway.keyring = keyring_new(&fixture.config);
}

static inline void
fixture_want_tokens(void)
{
	struct tenant *acme = &fixture.tenants[0];

	acme->auth = AUTH_TOKEN;
	acme->token_key_file = (char **)(uintptr_t)token_key_paths;
	acme->token_key_file_count = 1;
	for (size_t i = 0; i < ARRAY_LEN(fixture.tenants); i++)
		fixture.tenants[i].token_jwks_file = (char *)(uintptr_t) "";
	fixture_take_keys(&token_key);
}

#endif
