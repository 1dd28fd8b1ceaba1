/*
 * The keys with which this process checks the tokens of each tenant that needs
 * them; made anew when the configuration is.
 */
#ifndef WORKER_GATEWAY_KEYRING_H
#define WORKER_GATEWAY_KEYRING_H

struct config;
struct keyring;
struct tenant;
struct token_keys;

struct keyring *keyring_new(const struct config *config);
void keyring_free(struct keyring **keyring);

/* By its name, since a gateway that goes takes up no configuration: without any
 * for a tenant that came later, or needs no tokens. */
const struct token_keys *keyring_of(
	const struct keyring *keyring, const struct tenant *tenant);

#endif
