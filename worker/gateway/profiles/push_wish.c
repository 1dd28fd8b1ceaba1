#include "worker/gateway/profiles/push_wish.h"

#include <string.h>

#include "shared/base.h"
#include "shared/gojson.h"
#include "shared/message.h"
#include "shared/percent.h"

#define TYPE_STANDARD "notice"

bool
push_wish_find(struct text query, struct buffer *out)
{
	while (query.length > 0) {
		const char *end = memchr(query.at, '&', query.length);
		size_t length = end ? (size_t)(end - query.at) : query.length;

		if (length > 2 && memcmp(query.at, "d=", 2) == 0)
			return percent_decode(
				(struct text){ query.at + 2, length - 2 }, true,
				out);
		length += end != NULL;
		query.at += length;
		query.length -= length;
	}
	return false;
}

/* Notice when it names none; false when they are none. */
static bool
read_types(struct push_wish *wish)
{
	const json_t *list = gojson_get(wish->json, "types");
	size_t count = json_array_size(list);

	if ((list && !json_is_array(list)) || count > PUSH_TYPES_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *type = json_array_get(list, i);

		if (!json_is_string(type))
			return false;
		wish->types[i] = (struct text){ json_string_value(type),
			json_string_length(type) };
		if (!text_is_name(wish->types[i], 1, TYPE_BYTES_MAX))
			return false;
	}
	if (count == 0)
		wish->types[count++] = TEXT_LITERAL(TYPE_STANDARD);
	wish->count = count;
	return true;
}

bool
push_wish_read(struct push_wish *wish, struct text json)
{
	*wish = (struct push_wish){ .json = gojson_read(json, false) };
	return json_is_object(wish->json) && read_types(wish) &&
	       gojson_text(wish->json, "uid", &wish->user) &&
	       gojson_text(wish->json, "token", &wish->token) &&
	       text_is_name(wish->user, 1, USER_BYTES_MAX);
}

void
push_wish_fini(struct push_wish *wish)
{
	json_decref(wish->json);
	wish->json = NULL;
}
