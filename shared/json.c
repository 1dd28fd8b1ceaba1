#include "shared/json.h"

#include <stdio.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"

#define FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

/* Counts brackets outside strings, so that the parser never recurses deeper. */
static bool
is_shallow(struct text text)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];

		if (in_string) {
			if (byte == '\\')
				i++;
			else if (byte == '"')
				in_string = false;
		} else if (byte == '"') {
			in_string = true;
		} else if (byte == '{' || byte == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return false;
		} else if (byte == '}' || byte == ']') {
			depth--;
		}
	}
	return true;
}

static json_t *
load(struct text text, json_error_t *error)
{
	json_t *value = json_loadb(text.at, text.length, FLAGS, error);

	if (!value && json_error_code(error) == json_error_numeric_overflow)
		value = json_loadb(text.at, text.length,
			FLAGS | JSON_DECODE_INT_AS_REAL, error);
	return value;
}

json_t *
json_read_object(struct text text)
{
	json_error_t error;
	json_t *value;

	if (!is_shallow(text))
		return NULL;
	value = load(text, &error);
	if (value && !json_is_object(value)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

/* The library names the member that is repeated in the words of its error. */
static void
tell_fault(const json_error_t *error, char *why, size_t why_bytes)
{
	const char *begin = strchr(error->text, '"');
	const char *end = strrchr(error->text, '"');

	if (json_error_code(error) != json_error_duplicate_key)
		snprintf(why, why_bytes, "is no JSON: see line %d, column %d",
			error->line, error->column);
	else if (begin == end || !text_is_utf8(text_of(error->text)))
		snprintf(why, why_bytes, "repeats a member");
	else
		snprintf(why, why_bytes, "repeats the member %.*s",
			(int)(end - begin) + 1, begin);
}

json_t *
json_read_value(struct text text, char *why, size_t why_bytes)
{
	json_error_t error;
	json_t *value = NULL;

	if (!text_is_utf8(text))
		snprintf(why, why_bytes, "is not UTF-8");
	else if (!is_shallow(text))
		snprintf(why, why_bytes, "is nested deeper than %d",
			JSON_DEPTH_MAX);
	else if (!(value = load(text, &error)))
		tell_fault(&error, why, why_bytes);
	return value;
}

void
json_write_string(struct buffer *out, struct text text)
{
	static const char short_escape[] = {
		['"'] = '"',
		['\\'] = '\\',
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
	};
	size_t plain_from = 0;

	buffer_add_byte(out, '"');
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		buffer_add(out, text.at + plain_from, i - plain_from);
		plain_from = i + 1;
		if (short_escape[byte])
			buffer_add_format(out, "\\%c", short_escape[byte]);
		else
			buffer_add_format(out, "\\u%04x", byte);
	}
	if (plain_from < text.length)
		buffer_add(out, text.at + plain_from, text.length - plain_from);
	buffer_add_byte(out, '"');
}

static int
add_chunk(const char *data, size_t length, void *out)
{
	buffer_add(out, data, length);
	return 0;
}

void
json_write_value(struct buffer *out, const json_t *value)
{
	must(json_dump_callback(value, add_chunk, out,
		     JSON_COMPACT | JSON_ENCODE_ANY) == 0);
}

bool
json_get_text(const json_t *object, const char *member, struct text *out)
{
	const json_t *value = json_object_get(object, member);

	if (!json_is_string(value))
		return false;
	*out = (struct text){ json_string_value(value),
		json_string_length(value) };
	return true;
}
