#include "shared/manners.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/log.h"
#include "shared/tls_server.h"

#define WHY_BYTES 512
#define DAY_SECONDS (24 * 3600)
#define WARN_DAYS 14

static struct text
content_of(const struct config *config, const char *path)
{
	const struct secret *secret = config_secret(config, path);

	return (struct text){ (const char *)secret->bytes, secret->length };
}

static struct tls_server *
make_server(const struct config *config, const struct listener *listener,
	const struct tickets *tickets, char *why, size_t why_bytes)
{
	struct tls_pair *pairs = base_alloc_zeroed(
		listener->tls_certificate_count, sizeof(*pairs));
	struct tls_options options = {
		.pairs = pairs,
		.pair_count = listener->tls_certificate_count,
		.only_13 = listener->tls_min == TLS_VERSION_1_3,
		.tickets = tickets,
	};
	struct tls_server *server;

	for (size_t i = 0; i < options.pair_count; i++)
		pairs[i] = (struct tls_pair){
			.certificate = content_of(
				config, listener->tls_certificate[i]),
			.key = content_of(config, listener->tls_key[i]),
			.certificate_name = listener->tls_certificate[i],
			.key_name = listener->tls_key[i],
		};
	server = tls_server_new(&options, why, why_bytes);
	free(pairs);
	return server;
}

/* Whoever may say whose connection it is could pass as anybody. */
static bool
needs_trust(const struct listener *listener)
{
	struct address address;

	return listener->proxy_protocol && listener->trusted_proxy_count == 0 &&
	       listener->address && address_read(listener->address, &address) &&
	       !address_is_local(&address);
}

const char *
manners_check(const struct config *config, const struct listener *listener,
	char *why, size_t why_bytes)
{
	struct tls_server *server;

	if (needs_trust(listener)) {
		snprintf(why, why_bytes,
			"others than this machine can reach it, so "
			"trusted_proxies must say whose word is taken");
		return "proxy_protocol";
	}
	if (listener->tls_certificate_count == 0)
		return NULL;
	server = make_server(config, listener, NULL, why, why_bytes);
	if (!server)
		return "tls_certificate";
	tls_server_free(&server);
	return NULL;
}

static void
read_trusted(struct manners *manners, const struct listener *listener)
{
	manners->trusted = base_alloc_zeroed(
		listener->trusted_proxy_count + 1, sizeof(*manners->trusted));
	for (size_t i = 0; i < listener->trusted_proxy_count; i++)
		if (network_read(text_of(listener->trusted_proxies[i]),
			    &manners->trusted[manners->trusted_count]))
			manners->trusted_count++;
}

/* Who listens says it, once: the master has none of this. */
static void
warn_of_end(const struct listener *listener, const struct tls_server *server)
{
	int64_t left = tls_server_ends(server) - (int64_t)time(NULL);

	if (left <= 0)
		log_warning("listener %s: a certificate has expired",
			listener->name);
	else if (left < WARN_DAYS * DAY_SECONDS)
		log_warning("listener %s: a certificate expires in %lld hours",
			listener->name, (long long)left / 3600);
}

struct manners *
manners_new(const struct config *config, const struct tickets *tickets)
{
	struct manners *all =
		base_alloc_zeroed(config->listener_count + 1, sizeof(*all));
	char why[WHY_BYTES];

	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *listener = &config->listeners[i];

		all[i].proxy = listener->proxy_protocol;
		read_trusted(&all[i], listener);
		if (listener->tls_certificate_count == 0)
			continue;
		all[i].tls = make_server(
			config, listener, tickets, why, sizeof(why));
		all[i].needs_tls = true;
		/* Hardly, since the master has tried the same before. */
		if (!all[i].tls)
			log_error("listener %s: %s", listener->name, why);
		else
			warn_of_end(listener, all[i].tls);
	}
	return all;
}

void
manners_free(struct manners **manners, size_t count)
{
	for (size_t i = 0; *manners && i < count; i++) {
		tls_server_free(&(*manners)[i].tls);
		free((*manners)[i].trusted);
	}
	free(*manners);
	*manners = NULL;
}

bool
manners_trust(const struct manners *manners, const uint8_t address[16])
{
	for (size_t i = 0; i < manners->trusted_count; i++)
		if (!network_is_address(address) ||
			network_has(&manners->trusted[i], address))
			return true;
	return false;
}

bool
manners_take_proxy(const struct manners *manners, const uint8_t address[16])
{
	return manners->trusted_count == 0 || manners_trust(manners, address);
}
