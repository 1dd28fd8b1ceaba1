/*
 * Tenants, keys and the files of both, in a finished configuration.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/config_parts.h"

static const char *const event_names[EVENT_COUNT] = {
	[EVENT_ONLINE] = "online",
	[EVENT_OFFLINE] = "offline",
	[EVENT_ENTER] = "enter",
	[EVENT_EXIT] = "exit",
	[EVENT_OCCUPIED] = "occupied",
	[EVENT_VACATED] = "vacated",
	[EVENT_MESSAGE] = "message",
};

const char *
config_event_name(enum webhook_event event)
{
	return event_names[event];
}

/* None named: all, if there is somebody to tell. Without a URL those that are
 * named are kept for who asks. */
static unsigned
event_mask(const struct tenant *tenant)
{
	unsigned mask = 0;

	if (tenant->webhook_event_count == 0)
		return tenant->webhook_url[0] ? (1u << EVENT_COUNT) - 1 : 0;
	for (size_t i = 0; i < tenant->webhook_event_count; i++)
		for (unsigned k = 0; k < EVENT_COUNT; k++)
			if (strcmp(event_names[k], tenant->webhook_events[i]) ==
				0)
				mask |= 1u << k;
	return mask;
}

static void
add_default(struct config *config)
{
	struct tenant *made;

	config->tenants = base_realloc(config->tenants,
		(config->tenant_count + 1) * sizeof(*config->tenants));
	made = &config->tenants[config->tenant_count++];
	*made = (struct tenant){ .name = base_strdup("default") };
	config_set_defaults(SECTION_TENANT, made);
}

static int
compare_tenants(const void *a, const void *b)
{
	const struct tenant *one = a, *other = b;

	return strcmp(one->name, other->name);
}

void
config_complete_tenants(struct config *config)
{
	bool has_default = false;

	for (size_t i = 0; i < config->tenant_count; i++)
		if (strcmp(config->tenants[i].name, "default") == 0)
			has_default = true;
	if (!has_default)
		add_default(config);
	qsort(config->tenants, config->tenant_count, sizeof(struct tenant),
		compare_tenants);
	for (size_t i = 0; i < config->tenant_count; i++)
		config->tenants[i].event_mask = event_mask(&config->tenants[i]);
}

const struct tenant *
config_tenant(const struct config *config, struct text name)
{
	size_t low = 0, high = config->tenant_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct tenant *tenant = &config->tenants[middle];
		int order = text_compare(name, text_of(tenant->name));

		if (order == 0)
			return tenant;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool
config_has_platform(const struct tenant *tenant, int64_t platform)
{
	for (size_t i = 0; i < tenant->platform_count; i++)
		if (strtoll(tenant->platforms[i], NULL, 10) == platform)
			return true;
	return tenant->platform_count == 0;
}

const struct secret *
config_secret(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->secret_count; i++)
		if (strcmp(config->secrets[i].path, path) == 0)
			return &config->secrets[i];
	return NULL;
}

struct text
config_key_text(const struct config *config, const struct key *key)
{
	const struct secret *secret =
		config_secret(config, key->title + strlen(KEY_TITLE_BEGIN));

	return (struct text){ (const char *)secret->bytes, secret->length };
}

static bool
is_same(const struct secret *one, const struct secret *other)
{
	return one && other && one->length == other->length &&
	       memcmp(one->bytes, other->bytes, one->length) == 0;
}

bool
config_is_same_content(const struct option_info *option,
	const struct config *one, const struct config *other,
	const void *object)
{
	const char *const *paths;
	size_t count = config_paths(option, object, &paths);

	for (size_t i = 0; i < count; i++)
		if (!is_same(config_secret(one, paths[i]),
			    config_secret(other, paths[i])))
			return false;
	return true;
}

/* A pattern is a name, or how one begins and a '*'. */
static bool
matches(const char *pattern, struct text name)
{
	struct text begin = text_of(pattern);

	if (begin.length == 0 || begin.at[begin.length - 1] != '*')
		return text_equal(begin, name);
	begin.length--;
	return text_has_prefix(name, begin);
}

bool
config_bot_hears(const struct bot *bot, struct text tenant, struct text room)
{
	if (!text_equal(text_of(bot->tenant), tenant))
		return false;
	for (size_t i = 0; i < bot->room_count; i++)
		if (matches(bot->rooms[i], room))
			return true;
	return false;
}

bool
config_has_bot(
	const struct config *config, struct text tenant, struct text room)
{
	for (size_t i = 0; i < config->bot_count; i++)
		if (config_bot_hears(&config->bots[i], tenant, room))
			return true;
	return false;
}
