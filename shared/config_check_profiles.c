/*
 * What profiles want to know of the configuration.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/config.h"
#include "shared/config_parts.h"

#define APP_DIGITS_MAX 10

static void
check_client_key(struct reading *reading, const struct config *config)
{
	size_t length = strlen(config->client_key);

	if (length != 16 && length != 24 && length != 32)
		config_complain(reading, config_place(reading, 0, "client_key"),
			"client_key: must have 16, 24 or 32 bytes, not %zu",
			length);
}

static void
check_client_systems(struct reading *reading, const struct config *config)
{
	for (size_t i = 0; i < config->client_system_count; i++)
		if (config->client_systems[i][0] == 0)
			config_complain(reading,
				config_place(reading, 0, "client_systems"),
				"client_systems: a name must not be empty");
}

/* Some read it as a number with a sign. */
static bool
is_app(const char *words)
{
	size_t digits = strspn(words, "0123456789");
	long long number = strtoll(words, NULL, 10);

	return digits > 0 && digits <= APP_DIGITS_MAX && words[digits] == 0 &&
	       number > 0 && number <= INT32_MAX;
}

static void
check_im_apps(struct reading *reading, const struct config *config)
{
	for (size_t i = 0; i < config->im_app_count; i++)
		if (!is_app(config->im_apps[i]))
			config_complain(reading,
				config_place(reading, 0, "im_apps"),
				"im_apps: '%s' is no number from 1 to "
				"2147483647",
				config->im_apps[i]);
}

void
config_check_profiles(struct reading *reading, const struct config *config)
{
	check_client_key(reading, config);
	check_client_systems(reading, config);
	check_im_apps(reading, config);
}
