/*
 * What must fit in tenants, keys and bots.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/config_parts.h"
#include "shared/config_token_keys.h"
#include "shared/message.h"
#include "shared/token_keys.h"

#define URL_BYTES_MAX 2048
#define COMMAND_BYTES_MAX 64

bool
config_is_pattern(const char *pattern)
{
	const char *star = strchr(pattern, '*');

	return text_is_name(text_of(pattern), 1, ROOM_BYTES_MAX) &&
	       (!star || star[1] == 0);
}

/* Everyone who may look sees the URL, so a password in it would be no secret.
 */
static bool
has_password(const char *host)
{
	return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

/* Enough to say where it went wrong; what is left to libcurl is its business.
 */
static bool
is_url(const char *url)
{
	static const char *const begins[] = { "http://", "https://" };
	size_t length = strlen(url);

	if (length > URL_BYTES_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (url[i] <= ' ' || url[i] >= 127)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		size_t begin = strlen(begins[i]);

		if (strncmp(url, begins[i], begin) == 0)
			return length > begin && !strchr("/:?#", url[begin]) &&
			       !has_password(url + begin);
	}
	return false;
}

static void
check_url(struct reading *reading, size_t section, const char *name,
	const char *url)
{
	if (url[0] != 0 && !is_url(url))
		config_complain(reading, config_place(reading, section, name),
			"%s: must be like http://127.0.0.1:3000/path or "
			"https://example.com/path, without a password",
			name);
}

struct checking {
	struct reading *reading;
	size_t section;
};

static void
on_no_key(void *self, const char *option, const char *path, const char *why)
{
	const struct checking *checking = self;

	config_complain(checking->reading,
		config_place(checking->reading, checking->section, option),
		"%s: %s: %s", option, path, why);
}

static void
check_token(struct reading *reading, const struct config *config,
	size_t section, const struct tenant *tenant)
{
	struct checking checking = { reading, section };
	struct token_keys *keys =
		config_token_keys(config, tenant, on_no_key, &checking);

	token_keys_free(&keys);
	if (tenant->auth == AUTH_TOKEN && tenant->token_key_file_count == 0 &&
		tenant->token_jwks_file[0] == 0)
		config_complain(reading, config_place(reading, section, "auth"),
			"auth = token: needs token_key_file or "
			"token_jwks_file");
}

static void
check_platforms(
	struct reading *reading, size_t section, const struct tenant *tenant)
{
	for (size_t i = 0; i < tenant->platform_count; i++) {
		const char *number = tenant->platforms[i];
		size_t digits = strspn(number, "0123456789");

		if (digits < 1 || digits > 10 || number[digits] != 0 ||
			strtoll(number, NULL, 10) > UINT32_MAX)
			config_complain(reading,
				config_place(reading, section, "platforms"),
				"platforms: '%s' is no number from 0 to "
				"4294967295",
				number);
	}
}

static bool
is_event(const char *word)
{
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if (strcmp(config_event_name((enum webhook_event)i), word) == 0)
			return true;
	return false;
}

void
config_check_tenant(struct reading *reading, const struct config *config,
	size_t section, const struct tenant *tenant)
{
	check_token(reading, config, section, tenant);
	check_platforms(reading, section, tenant);
	check_url(reading, section, "webhook_url", tenant->webhook_url);
	check_url(reading, section, "connect_url", tenant->connect_url);
	check_url(reading, section, "say_url", tenant->say_url);
	for (size_t i = 0; i < tenant->webhook_event_count; i++)
		if (!is_event(tenant->webhook_events[i]))
			config_complain(reading,
				config_place(
					reading, section, "webhook_events"),
				"webhook_events: '%s' is none; known: online, "
				"offline, enter, exit, occupied, vacated, "
				"message",
				tenant->webhook_events[i]);
}

/* Before it is completed: default may not stand in it yet. */
static bool
has_tenant(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->tenant_count; i++)
		if (strcmp(config->tenants[i].name, name) == 0)
			return true;
	return strcmp(name, "default") == 0;
}

static void
check_tenant_name(struct reading *reading, const struct config *config,
	size_t section, const char *name)
{
	if (!has_tenant(config, name))
		config_complain(reading,
			config_place(reading, section, "tenant"),
			"tenant = %s: no tenant is called so", name);
}

static bool
is_visible(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] <= ' ' || text.at[i] >= 127)
			return false;
	return true;
}

static bool
has_text(const struct config *config, const struct key *key)
{
	return text_has_prefix(text_of(key->title), text_of(KEY_TITLE_BEGIN)) &&
	       config_secret(config, key->title + strlen(KEY_TITLE_BEGIN));
}

/* Who sends what stands in two files would be two backends at once. */
static void
check_same_keys(struct reading *reading, const struct config *config,
	size_t section, const struct key *key)
{
	for (const struct key *other = config->keys; other < key; other++)
		if (has_text(config, key) && has_text(config, other) &&
			text_equal(config_key_text(config, key),
				config_key_text(config, other)))
			config_complain(reading,
				reading->sections[section].place,
				"%s: the same key stands in %s", key->title,
				other->title);
}

void
config_check_key(struct reading *reading, const struct config *config,
	size_t section, const struct key *key)
{
	struct place place = reading->sections[section].place;
	struct text title = text_of(key->title);

	if (!text_has_prefix(title, text_of(KEY_TITLE_BEGIN)))
		config_complain(reading, place,
			"key '%s': must be like "
			"\"file:/etc/confab/backend.key\"",
			key->title);
	else if (config_secret(config, key->title + strlen(KEY_TITLE_BEGIN)) &&
		 !is_visible(config_key_text(config, key)))
		config_complain(reading, place,
			"%s: a key is one line of visible ASCII characters "
			"without blanks",
			key->title);
	else
		check_same_keys(reading, config, section, key);
	if (strcmp(key->tenant, "*") != 0)
		check_tenant_name(reading, config, section, key->tenant);
}

static void
check_bot_rooms(struct reading *reading, size_t section, const struct bot *bot)
{
	for (size_t i = 0; i < bot->room_count; i++)
		if (!config_is_pattern(bot->rooms[i]))
			config_complain(reading,
				config_place(reading, section, "rooms"),
				"rooms: '%s' is no room's name, and not how "
				"one begins and a '*' at the end",
				bot->rooms[i]);
	for (size_t i = 0; i < bot->command_count; i++)
		if (!text_is_name(
			    text_of(bot->commands[i]), 1, COMMAND_BYTES_MAX))
			config_complain(reading,
				config_place(reading, section, "commands"),
				"commands: one is 1 to %d bytes of UTF-8 "
				"without control characters",
				COMMAND_BYTES_MAX);
}

void
config_check_bot(struct reading *reading, const struct config *config,
	size_t section, const struct bot *bot)
{
	struct place place = reading->sections[section].place;

	if (!text_is_name(text_of(bot->name), 1, USER_BYTES_MAX))
		config_complain(reading, place,
			"bot '%s': a user's name is 1 to %d bytes of UTF-8 "
			"without control characters",
			bot->name, USER_BYTES_MAX);
	if (bot->url[0] == 0)
		config_complain(
			reading, place, "bot %s: a url is missing", bot->name);
	if (bot->room_count == 0)
		config_complain(reading, place,
			"bot %s: rooms are missing, it would hear nothing",
			bot->name);
	check_tenant_name(reading, config, section, bot->tenant);
	check_url(reading, section, "url", bot->url);
	check_bot_rooms(reading, section, bot);
}
