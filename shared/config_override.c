#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/config_parts.h"

static struct config_origin *
origin_of(struct config *config, const struct option_info *option)
{
	struct config_origin *origin;

	for (size_t i = 0; i < config->origin_count; i++)
		if (config->origins[i].kind == SECTION_GLOBAL &&
			config->origins[i].option == option)
			return &config->origins[i];
	config->origins = base_realloc(config->origins,
		(config->origin_count + 1) * sizeof(*config->origins));
	origin = &config->origins[config->origin_count++];
	*origin = (struct config_origin){
		.kind = SECTION_GLOBAL,
		.title = base_strdup(""),
		.option = option,
	};
	return origin;
}

bool
config_override(struct config *config, const char *name, const char *value,
	const char *origin, char *why, size_t why_bytes)
{
	const struct option_info *option = config_option(SECTION_GLOBAL, name);
	struct config_origin *noted;

	must(option != NULL && option->is_live);
	if (!config_set_value(option, config, value, why, why_bytes))
		return false;
	noted = origin_of(config, option);
	free(noted->place);
	noted->place = base_strdup(origin);
	return true;
}
