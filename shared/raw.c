#include "shared/raw.h"

#include <string.h>

#include "shared/buffer.h"

static bool
is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static const char *
skip_space(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* From a quote to behind the next one. */
static const char *
skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

static const char *
skip_nested(const char *at, const char *end)
{
	int depth = 0;

	while (at < end) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		else if (*at == '}' || *at == ']')
			depth--;
		at++;
		if (depth == 0)
			break;
	}
	return at;
}

static const char *
skip_value(const char *at, const char *end)
{
	if (at < end && *at == '"')
		return skip_string(at, end);
	if (at < end && (*at == '{' || *at == '['))
		return skip_nested(at, end);
	while (at < end && !is_space(*at) && !strchr(",}]", *at))
		at++;
	return at;
}

static struct text
between(const char *from, const char *to)
{
	return (struct text){ from, (size_t)(to - from) };
}

bool
raw_find(struct text object, const char *member, struct text *value)
{
	const char *end = object.at + object.length;
	const char *at = skip_space(object.at, end);

	while (at < end && (*at == '{' || *at == ',')) {
		const char *from = skip_space(at + 1, end);
		struct text name;

		at = skip_value(from, end);
		name = between(from, at);
		at = skip_space(at, end);
		if (at == end || *at != ':')
			return false;
		from = skip_space(at + 1, end);
		at = skip_value(from, end);
		*value = between(from, at);
		if (name.length == strlen(member) + 2 &&
			memcmp(name.at + 1, member, name.length - 2) == 0)
			return true;
		at = skip_space(at, end);
	}
	return false;
}

bool
raw_next(struct text *rest, struct text *value)
{
	const char *end = rest->at + rest->length;
	const char *at = skip_space(rest->at, end);

	if (at == end || (*at != '[' && *at != ','))
		return false;
	at = skip_space(at + 1, end);
	if (at == end || *at == ']')
		return false;
	*rest = between(skip_value(at, end), end);
	*value = between(at, rest->at);
	return true;
}

void
raw_write_compact(struct buffer *out, struct text value)
{
	const char *end = value.at + value.length;
	const char *from = skip_space(value.at, end);

	while (from < end) {
		const char *at = from;

		while (at < end && !is_space(*at))
			at = *at == '"' ? skip_string(at, end) : at + 1;
		buffer_add_text(out, between(from, at));
		from = skip_space(at, end);
	}
}

bool
raw_is_integer(struct text value)
{
	size_t sign = value.length > 0 && value.at[0] == '-';

	for (size_t i = sign; i < value.length; i++)
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
	return value.length > sign;
}
