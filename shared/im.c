#include "shared/im.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/config.h"

static const uint32_t usual_apps[] = { 101, 102, 103, 104 };

const char *
im_code_words(enum gochat_code code)
{
	return code == GOCHAT_BAD_USER ? "非法的用户ID"
				       : gochat_code_words(code);
}

size_t
im_app_count(const struct config *config)
{
	return config->im_app_count ? config->im_app_count
				    : ARRAY_LEN(usual_apps);
}

uint32_t
im_app_at(const struct config *config, size_t place)
{
	must(place < im_app_count(config));
	return config->im_app_count
		       ? (uint32_t)strtoul(config->im_apps[place], NULL, 10)
		       : usual_apps[place];
}

bool
im_is_app(const struct config *config, uint64_t app)
{
	for (size_t i = 0; i < im_app_count(config); i++)
		if (im_app_at(config, i) == app)
			return true;
	return false;
}

struct text
im_room(char bytes[ROOM_BYTES_MAX + 1], uint32_t app, struct text room)
{
	must(room.length <= IM_ROOM_BYTES_MAX);
	snprintf(bytes, ROOM_BYTES_MAX + 1, "im:%u%s%.*s", app,
		room.length > 0 ? ":" : "", TEXT_ARGS(room));
	return text_of(bytes);
}
