#include "shared/gojson.h"

#include <string.h>
#include <strings.h>

#include "shared/base.h"
#include "shared/buffer.h"

#define REPLACEMENT "\xef\xbf\xbd"

static int
hex4(const char *at)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = at[i] ? strchr(digits, at[i] | 0x20) : NULL;

		if (!digit || (at[i] >= 0x10 && at[i] < 0x1a))
			return -1;
		value = value * 16 + (int)(digit - digits);
	}
	return value;
}

/* How long the escape at the beginning is; *is_lone: half of a pair. */
static size_t
escape_length(struct text rest, bool *is_lone)
{
	int code, low = -1;

	*is_lone = false;
	if (rest.length < 6 || rest.at[1] != 'u')
		return MIN_OF(rest.length, (size_t)2);
	code = hex4(rest.at + 2);
	if (code < 0xd800 || code > 0xdfff)
		return 6;
	if (rest.length >= 12 && rest.at[6] == '\\' && rest.at[7] == 'u')
		low = hex4(rest.at + 8);
	if (code < 0xdc00 && low >= 0xdc00 && low <= 0xdfff)
		return 12;
	*is_lone = true;
	return 6;
}

/* How many bytes at the beginning are one character; 0: it is none. */
static size_t
character_length(struct text rest)
{
	for (size_t length = 1; length <= 4 && length <= rest.length; length++)
		if (text_is_utf8((struct text){ rest.at, length }))
			return length;
	return 0;
}

/* What a strict parser would refuse where Go puts U+FFFD. */
static void
mend(struct text text, struct buffer *out)
{
	while (text.length > 0) {
		bool is_lone = false;
		size_t length = text.at[0] == '\\'
					? escape_length(text, &is_lone)
					: character_length(text);

		if (length == 0 || is_lone)
			buffer_add_string(out, REPLACEMENT);
		else
			buffer_add(out, text.at, length);
		length = MAX_OF(length, (size_t)1);
		text.at += length;
		text.length -= length;
	}
}

static bool
is_shallow(struct text text)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < text.length && depth <= JSON_DEPTH_MAX; i++) {
		char byte = text.at[i];

		if (in_string && byte == '\\')
			i++;
		else if (byte == '"')
			in_string = !in_string;
		else if (!in_string && (byte == '{' || byte == '['))
			depth++;
		else if (!in_string && (byte == '}' || byte == ']'))
			depth--;
	}
	return depth <= JSON_DEPTH_MAX;
}

json_t *
gojson_read(struct text text, bool has_rest)
{
	size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	struct buffer mended = { 0 };
	json_t *value = NULL;
	json_error_t error;

	if (!is_shallow(text))
		return NULL;
	if (has_rest)
		flags |= JSON_DISABLE_EOF_CHECK;
	mend(text, &mended);
	if (mended.length > 0)
		value = json_loadb((const char *)mended.data, mended.length,
			flags, &error);
	if (!value && mended.length > 0 &&
		json_error_code(&error) == json_error_numeric_overflow)
		value = json_loadb((const char *)mended.data, mended.length,
			flags | JSON_DECODE_INT_AS_REAL, &error);
	buffer_fini(&mended);
	return value;
}

const json_t *
gojson_get(const json_t *object, const char *name)
{
	const json_t *found = NULL;
	json_t *value;
	const char *key;

	json_object_foreach((json_t *)object, key, value)
	{
		if (strcasecmp(key, name) == 0 && !json_is_null(value))
			found = value;
	}
	return found;
}

bool
gojson_text(const json_t *object, const char *name, struct text *out)
{
	const json_t *value = gojson_get(object, name);

	*out = TEXT_LITERAL("");
	if (!value)
		return true;
	if (!json_is_string(value))
		return false;
	*out = (struct text){ json_string_value(value),
		json_string_length(value) };
	return true;
}

/* Outside of strings none of these bytes stands in JSON. */
static void
escape_for_html(struct text json, struct buffer *out)
{
	for (size_t i = 0; i < json.length; i++) {
		char byte = json.at[i];

		if (byte == '<' || byte == '>' || byte == '&')
			buffer_add_format(out, "\\u%04x", byte);
		else if (json.length - i >= 3 &&
			 (memcmp(json.at + i, "\xe2\x80\xa8", 3) == 0 ||
				 memcmp(json.at + i, "\xe2\x80\xa9", 3) == 0)) {
			buffer_add_format(out, "\\u20%02x",
				(unsigned char)json.at[i + 2] - 0x80);
			i += 2;
		} else
			buffer_add_byte(out, (uint8_t)byte);
	}
}

void
gojson_write_string(struct buffer *out, struct text text)
{
	struct buffer plain = { 0 };

	json_write_string(&plain, text);
	escape_for_html(buffer_text(&plain), out);
	buffer_fini(&plain);
}

void
gojson_write_value(struct buffer *out, const json_t *value)
{
	struct buffer plain = { 0 };

	json_write_value(&plain, value);
	escape_for_html(buffer_text(&plain), out);
	buffer_fini(&plain);
}
