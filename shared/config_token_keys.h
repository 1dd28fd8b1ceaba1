/*
 * The keys of a tenant's tokens, from what stood in its files when the
 * configuration was read.
 */
#ifndef SHARED_CONFIG_TOKEN_KEYS_H
#define SHARED_CONFIG_TOKEN_KEYS_H

struct config;
struct tenant;
struct token_keys;

/* Tells of a file that holds no key for the tenant's algorithm. */
typedef void config_no_key(
	void *self, const char *option, const char *path, const char *why);

/* Empty when the tenant names no files; never NULL. */
struct token_keys *config_token_keys(const struct config *config,
	const struct tenant *tenant, config_no_key *told, void *self);

#endif
