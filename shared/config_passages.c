/*
 * Profiles of systems that have WebSockets and HTTP on one port: the gateway
 * reads the head, and what is no handshake it carries to an api. For that each
 * such listener has another one behind it, which stands in no file: a unix
 * socket in run_dir where api processes answer what the profiles know, and
 * nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/config_parts.h"
#include "shared/profiles.h"

static void
copy_profiles(struct listener *to, const struct listener *from)
{
	to->profile_count = from->profile_count;
	to->profiles =
		base_alloc_zeroed(from->profile_count, sizeof(*to->profiles));
	for (size_t i = 0; i < from->profile_count; i++)
		to->profiles[i] = base_strdup(from->profiles[i]);
}

/* The run_dir of --dev is relative, which an address must not be; by this way
 * it is short, however deep the directory of ours lies. */
static char *
address_of(const struct config *config, const char *name)
{
	const char *way = config->run_dir[0] == '/' ? "" : "/proc/self/cwd/";
	char *address;

	must(asprintf(&address, "unix:%s%s/%s", way, config->run_dir, name) >=
		0);
	return address;
}

/* Who is connected is told by the gateway, for whom he speaks by himself. */
static void
copy_trust(struct listener *to, const struct listener *from)
{
	to->trusted_proxy_count = from->trusted_proxy_count;
	to->trusted_proxies = base_alloc_zeroed(
		from->trusted_proxy_count + 1, sizeof(*to->trusted_proxies));
	for (size_t i = 0; i < from->trusted_proxy_count; i++)
		to->trusted_proxies[i] = base_strdup(from->trusted_proxies[i]);
}

static void
add_passage(struct config *config, size_t of)
{
	struct listener *made;
	const struct listener *front;

	config->listeners = base_realloc(config->listeners,
		(config->listener_count + 1) * sizeof(*made));
	front = &config->listeners[of];
	made = &config->listeners[config->listener_count++];
	config->passage_count++;
	*made = (struct listener){ .is_passage = true };
	config_set_defaults(SECTION_LISTENER, made);
	must(asprintf(&made->name, "%s" PASSAGE_END, front->name) >= 0);
	made->address = address_of(config, made->name);
	made->role = LISTENER_API;
	made->proxy_protocol = true;
	made->require_key = front->require_key;
	copy_profiles(made, front);
	copy_trust(made, front);
}

void
config_complete_passages(struct config *config)
{
	size_t count = config->listener_count;

	for (size_t i = 0; i < count; i++)
		if (config->listeners[i].role == LISTENER_WEBSOCKET &&
			profiles_need_http(&config->listeners[i]))
			add_passage(config, i);
}

void
config_drop_passages(struct config *config)
{
	while (config->passage_count > 0) {
		struct listener *last =
			&config->listeners[--config->listener_count];

		config->passage_count--;
		free(last->name);
		config_free_object(SECTION_LISTENER, last);
	}
}

const struct listener *
config_passage(const struct config *config, const struct listener *front)
{
	for (size_t i = config->listener_count - config->passage_count;
		i < config->listener_count; i++) {
		const struct listener *passage = &config->listeners[i];
		size_t length = strlen(front->name);

		if (strncmp(passage->name, front->name, length) == 0 &&
			strcmp(passage->name + length, PASSAGE_END) == 0)
			return passage;
	}
	return NULL;
}
