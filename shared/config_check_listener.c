/*
 * What must fit in a listener.
 */
#include <string.h>
#include <sys/un.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/config_parts.h"
#include "shared/manners.h"
#include "shared/network.h"
#include "shared/profiles.h"

struct look {
	struct reading *reading;
	const struct config *config;
	size_t section;
	const struct listener *listener;
};

static struct place
place_of(const struct look *look, const char *name)
{
	return config_place(look->reading, look->section, name);
}

static bool
is_set(const struct look *look, const char *name)
{
	return config_find_setting(look->reading, look->section, name) != NULL;
}

/* A tenant whose users need no token; default is one when nothing says
 * otherwise. */
static const char *
open_tenant(const struct config *config)
{
	bool has_default = false;

	for (size_t i = 0; i < config->tenant_count; i++) {
		const struct tenant *tenant = &config->tenants[i];

		if (tenant->auth == AUTH_NONE)
			return tenant->name;
		if (strcmp(tenant->name, "default") == 0)
			has_default = true;
	}
	return has_default ? NULL : "default";
}

/* The same for its WebSockets. */
static void
check_open_doors(const struct look *look, struct place place)
{
	const struct listener *listener = look->listener;
	const char *tenant = open_tenant(look->config);
	const char *profile = profiles_open_one(listener);

	if (tenant)
		config_complain(look->reading, place,
			"listener %s: %s can be reached from elsewhere and "
			"nobody needs a token there for tenant %s: say "
			"auth = token for it, or insecure = true if that is "
			"wanted",
			listener->name, listener->address, tenant);
	if (profile)
		config_complain(look->reading, place,
			"listener %s: %s can be reached from elsewhere and "
			"the WebSockets of profile %s ask nobody for a token: "
			"say insecure = true if that is wanted",
			listener->name, listener->address, profile);
}

/* The listener can be reached from elsewhere. */
static void
check_reach(const struct look *look, struct place place)
{
	const struct listener *listener = look->listener;

	if (listener->role == LISTENER_WEBSOCKET)
		check_open_doors(look, place);
	if (profiles_need_http(listener) && !listener->require_key)
		config_complain(look->reading, place,
			"listener %s: %s can be reached from elsewhere and "
			"the HTTP of its profiles asks nobody for a key: say "
			"require_key = true, or insecure = true if that is "
			"wanted",
			listener->name, listener->address);
	if (listener->role == LISTENER_API && look->config->key_count == 0)
		config_complain(look->reading, place,
			"listener %s: %s can be reached from elsewhere and "
			"there is no key: describe one, or say insecure = true "
			"if that is wanted",
			listener->name, listener->address);
}

static void
check_address(const struct look *look)
{
	const struct listener *listener = look->listener;
	struct place place = place_of(look, "address");
	struct address address;

	if (!listener->address) {
		config_complain(look->reading, place,
			"listener %s: an address is missing", listener->name);
		return;
	}
	if (!address_read(listener->address, &address)) {
		config_complain(look->reading, place,
			"address = %s: must be like 127.0.0.1:8089, "
			"[::1]:8089 or unix:/path",
			listener->address);
		return;
	}
	if (!address_is_local(&address) && !look->config->insecure)
		check_reach(look, place);
}

static void
check_profiles(const struct look *look)
{
	const struct listener *listener = look->listener;

	for (size_t i = 0; i < listener->profile_count; i++)
		if (profiles_number(listener->profiles[i]) == PROFILE_COUNT)
			config_complain(look->reading,
				place_of(look, "profiles"),
				"profiles: '%s' is none; known: confab, im, "
				"groupchat, push, client",
				listener->profiles[i]);
}

/* One that nobody can show, or that is for nothing, is not what was meant. */
static void
check_key(const struct look *look)
{
	const struct listener *listener = look->listener;
	const char *why = NULL;

	if (!profiles_need_http(listener))
		why = "none of its profiles has HTTP";
	else if (look->config->key_count == 0)
		why = "there is no key: describe one";
	if (listener->require_key && why)
		config_complain(look->reading, place_of(look, "require_key"),
			"require_key: listener %s: %s", listener->name, why);
}

/* Its HTTP goes through a socket in run_dir. */
static void
check_passage(const struct look *look)
{
	const struct listener *listener = look->listener;
	size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) -
		      sizeof("/" PASSAGE_END);

	if (listener->role == LISTENER_WEBSOCKET &&
		profiles_need_http(listener) &&
		strlen(look->config->run_dir) + strlen(listener->name) > room)
		config_complain(look->reading, place_of(look, "profiles"),
			"listener %s: its name and run_dir may have %zu bytes "
			"together, for the socket of its profiles",
			listener->name, room);
}

/* Options that mean nothing for the other role. */
static const struct {
	const char *name;
	int role;
} role_options[] = {
	{ "origins", LISTENER_WEBSOCKET },
	{ "heartbeat_seconds", LISTENER_WEBSOCKET },
	{ "login_policy", LISTENER_WEBSOCKET },
	{ "pages", LISTENER_API },
	{ "cors_origins", LISTENER_API },
};

bool
config_role_fits(const struct listener *listener, const char *option)
{
	for (size_t i = 0; i < ARRAY_LEN(role_options); i++)
		if (strcmp(role_options[i].name, option) == 0)
			return role_options[i].role == listener->role;
	return true;
}

/* Only when all that they need could be read. */
static void
check_manners(const struct look *look)
{
	const struct listener *listener = look->listener;
	const struct config *config = look->config;
	const char *option;
	char why[512];

	for (size_t i = 0; i < listener->tls_certificate_count; i++)
		if (!config_secret(config, listener->tls_certificate[i]) ||
			!config_secret(config, listener->tls_key[i]))
			return;
	option = manners_check(config, listener, why, sizeof(why));
	if (option)
		config_complain(look->reading, place_of(look, option),
			"%s: listener %s: %s", option, listener->name, why);
}

static void
check_tls(const struct look *look)
{
	const struct listener *listener = look->listener;
	if (listener->tls_certificate_count == listener->tls_key_count)
		check_manners(look);
	else
		config_complain(look->reading,
			place_of(look, is_set(look, "tls_key")
					       ? "tls_key"
					       : "tls_certificate"),
			"listener %s: each tls_certificate needs its tls_key: "
			"there are %zu and %zu",
			listener->name, listener->tls_certificate_count,
			listener->tls_key_count);
}

static void
check_proxies(const struct look *look)
{
	const struct listener *listener = look->listener;
	for (size_t i = 0; i < listener->trusted_proxy_count; i++) {
		struct network network;

		if (!network_read(
			    text_of(listener->trusted_proxies[i]), &network))
			config_complain(look->reading,
				place_of(look, "trusted_proxies"),
				"trusted_proxies: '%s' is no address and no "
				"network like 10.0.0.0/8",
				listener->trusted_proxies[i]);
	}
}

static void
check_role(const struct look *look)
{
	bool is_api = look->listener->role == LISTENER_API;

	for (size_t i = 0; i < ARRAY_LEN(role_options); i++) {
		const char *name = role_options[i].name;

		if (!config_role_fits(look->listener, name) &&
			is_set(look, name))
			config_complain(look->reading, place_of(look, name),
				"%s: only for a listener with role = %s", name,
				is_api ? "websocket" : "api");
	}
}

void
config_check_listener(struct reading *reading, const struct config *config,
	size_t section, const struct listener *listener)
{
	const struct look look = { reading, config, section, listener };

	check_address(&look);
	check_profiles(&look);
	check_key(&look);
	check_passage(&look);
	check_tls(&look);
	check_proxies(&look);
	check_role(&look);
}
