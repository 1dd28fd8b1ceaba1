/*
 * Profiles of systems that have WebSockets and HTTP on one port: the gateway
 * reads the head, and what is no handshake it carries to an api. For that each
 * such listener has another one behind it, which stands in no file: a unix
 * socket in run_dir where api processes answer what the profiles know, and
 * nothing else.
 */
#include <stdio.h>
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
	must(asprintf(&made->name, "%s.http", front->name) >= 0);
	must(asprintf(&made->address, "unix:%s/%s", config->run_dir,
		     made->name) >= 0);
	made->role = LISTENER_API;
	made->proxy_protocol = true;
	copy_profiles(made, front);
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
		config_free_object(SECTION_LISTENER,
			&config->listeners[--config->listener_count]);
		config->passage_count--;
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
			strcmp(passage->name + length, ".http") == 0)
			return passage;
	}
	return NULL;
}
