/*
 * How one speaks at a listener: with TLS or without, behind a line of the
 * PROXY protocol or not, and whose word on a client's address is taken. Made
 * from the configuration by each process that listens, and again by a reload;
 * connections that began before keep what they began with.
 */
#ifndef SHARED_MANNERS_H
#define SHARED_MANNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/network.h"

struct config;
struct listener;
struct tickets;
struct tls_server;

struct manners {
	struct tls_server *tls; /* NULL: without, or it cannot be had */
	bool needs_tls;
	bool proxy;
	struct network *trusted;
	size_t trusted_count;
};

/* One for each listener, in their order. */
struct manners *manners_new(
	const struct config *config, const struct tickets *tickets);
void manners_free(struct manners **manners, size_t count);

/* Can it be spoken so there? The option that is at fault, with one sentence in
 * why; NULL when it can. */
const char *manners_check(const struct config *config,
	const struct listener *listener, char *why, size_t why_bytes);

/* Is the address one of trusted_proxies? Who comes by a unix socket has none
 * (all zero) and is trusted where anybody is, since whoever may open that
 * socket was let in by the rights of its file. */
bool manners_trust(const struct manners *manners, const uint8_t address[16]);

/* May this peer name another address than its own by a PROXY line? Without
 * trusted_proxies all may. */
bool manners_take_proxy(
	const struct manners *manners, const uint8_t address[16]);

#endif
