#include "worker/edge/arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/base.h"
#include "shared/codes.h"
#include "shared/message.h"

/* Up to here a double names each whole number. */
#define WHOLE_MAX 9007199254740992.0

void
arguments_fail(
	struct arguments *arguments, unsigned code, const char *format, ...)
{
	va_list list;

	if (arguments->code != CODE_OK)
		return;
	arguments->code = code;
	va_start(list, format);
	vsnprintf(arguments->error, sizeof(arguments->error), format, list);
	va_end(list);
}

bool
arguments_has(const struct arguments *arguments, const char *member)
{
	return json_object_get(arguments->data, member) != NULL;
}

struct text
arguments_name(struct arguments *arguments, const char *member, size_t max,
	bool is_needed)
{
	struct text name = TEXT_LITERAL("");

	if (!is_needed && !arguments_has(arguments, member))
		return name;
	if (json_get_text(arguments->data, member, &name) &&
		text_is_name(name, 1, max))
		return name;
	arguments_fail(arguments, CODE_BAD_REQUEST,
		"%s must be a string of 1 to %zu bytes without control "
		"characters",
		member, max);
	return TEXT_LITERAL("");
}

static bool
read_name(const json_t *value, size_t max, struct text *name)
{
	if (!json_is_string(value))
		return false;
	*name = (struct text){
		json_string_value(value),
		json_string_length(value),
	};
	return text_is_name(*name, 1, max);
}

size_t
arguments_list(struct arguments *arguments, const char *member, size_t max,
	struct text *names, size_t room)
{
	const json_t *value = json_object_get(arguments->data, member);
	size_t count = json_array_size(value);
	bool is_good = count > 0 && count <= room;

	if (arguments->is_query && read_name(value, max, names))
		return 1;
	for (size_t i = 0; i < count && is_good; i++)
		is_good = read_name(json_array_get(value, i), max, &names[i]);
	if (is_good)
		return count;
	arguments_fail(arguments, CODE_BAD_REQUEST,
		"%s must be 1 to %zu strings of 1 to %zu bytes without control "
		"characters",
		member, room, max);
	return 0;
}

size_t
arguments_names(struct arguments *arguments, const char *member, size_t max,
	struct text *names, size_t room)
{
	return text_sort(
		names, arguments_list(arguments, member, max, names, room));
}

struct text
arguments_text(struct arguments *arguments, const char *member, size_t max)
{
	struct text text = TEXT_LITERAL("");

	if (!arguments_has(arguments, member))
		return text;
	if (json_get_text(arguments->data, member, &text) && text.length <= max)
		return text;
	arguments_fail(arguments, CODE_BAD_REQUEST,
		"%s must be a string of at most %zu bytes", member, max);
	return TEXT_LITERAL("");
}

bool
arguments_whole_number(const json_t *value, uint64_t *number)
{
	double real = json_number_value(value);

	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*number = (uint64_t)json_integer_value(value);
		return true;
	}
	if (!json_is_real(value) || real < 0 || real > WHOLE_MAX)
		return false;
	*number = (uint64_t)real;
	return (double)*number == real;
}

/* Digits and nothing else. */
static bool
number_in_words(const json_t *value, uint64_t *number)
{
	const char *digits = json_string_value(value);

	if (!digits || *digits == 0 || json_string_length(value) > 18 ||
		strspn(digits, "0123456789") != json_string_length(value))
		return false;
	*number = 0;
	for (; *digits; digits++)
		*number = *number * 10 + (uint64_t)(*digits - '0');
	return true;
}

uint64_t
arguments_number(struct arguments *arguments, const char *member, uint64_t min,
	uint64_t max, uint64_t standard)
{
	const json_t *value = json_object_get(arguments->data, member);
	uint64_t number;
	bool is_number;

	if (!value)
		return standard;
	is_number = arguments->is_query
			    ? number_in_words(value, &number)
			    : arguments_whole_number(value, &number);
	if (is_number && number >= min && number <= max)
		return number;
	arguments_fail(arguments, CODE_BAD_REQUEST,
		"%s must be an integer from %llu to %llu", member,
		(unsigned long long)min, (unsigned long long)max);
	return standard;
}

bool
arguments_flag(struct arguments *arguments, const char *member, bool standard)
{
	const json_t *value = json_object_get(arguments->data, member);
	const char *word = json_string_value(value);

	if (!value)
		return standard;
	if (json_is_boolean(value))
		return json_is_true(value);
	if (arguments->is_query && word && strcmp(word, "true") == 0)
		return true;
	if (arguments->is_query && word && strcmp(word, "false") == 0)
		return false;
	arguments_fail(arguments, CODE_BAD_REQUEST, "%s must be true or false",
		member);
	return standard;
}

bool
arguments_id(struct arguments *arguments, const char *member, uint64_t *time,
	uint64_t *origin)
{
	struct text id;

	if (json_get_text(arguments->data, member, &id) &&
		message_id_read(id, time, origin) && *time <= INT64_MAX)
		return true;
	arguments_fail(arguments, CODE_BAD_REQUEST,
		"%s must be the id of a message", member);
	return false;
}

enum lookup_mode
arguments_anchor(
	struct arguments *arguments, uint64_t *anchor, uint64_t *origin)
{
	static const struct {
		const char *member;
		enum lookup_mode mode;
	} anchors[] = {
		{ "before", LOOKUP_BEFORE },
		{ "after", LOOKUP_AFTER },
		{ "before_id", LOOKUP_BEFORE_ID },
		{ "after_id", LOOKUP_AFTER_ID },
		{ "from_time", LOOKUP_FROM_TIME },
	};
	enum lookup_mode mode = LOOKUP_NEWEST;
	const char *member = NULL;

	for (size_t i = 0; i < ARRAY_LEN(anchors); i++) {
		if (!arguments_has(arguments, anchors[i].member))
			continue;
		if (member)
			arguments_fail(arguments, CODE_BAD_REQUEST,
				"%s and %s cannot be used together", member,
				anchors[i].member);
		member = anchors[i].member;
		mode = anchors[i].mode;
	}
	if (mode == LOOKUP_BEFORE)
		*anchor = arguments_number(arguments, member, 1, INT64_MAX, 1);
	else if (mode == LOOKUP_AFTER)
		*anchor = arguments_number(arguments, member, 0, INT64_MAX, 0);
	else if (mode == LOOKUP_FROM_TIME)
		*anchor = message_time_of(arguments_number(
			arguments, member, 0, MESSAGE_UNIX_MS_MAX, 0));
	else if (mode != LOOKUP_NEWEST)
		arguments_id(arguments, member, anchor, origin);
	return mode;
}
