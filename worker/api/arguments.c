#include "worker/api/arguments.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/message.h"
#include "shared/percent.h"

/* Up to here a double names each whole number. */
#define WHOLE_MAX 9007199254740992.0

/* How many parameters a query may have. */
#define PARAMETERS_MAX 1100

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

static bool
holds_only_objects(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!json_is_object(json_array_get(array, i)))
			return false;
	return true;
}

void
arguments_read_body(
	struct arguments *arguments, struct text text, bool may_be_batch)
{
	char why[128];

	*arguments = (struct arguments){ .code = CODE_OK };
	if (text.length == 0) {
		arguments->data = json_object();
		return;
	}
	arguments->data = json_read_value(text, why, sizeof(why));
	if (!arguments->data)
		arguments_fail(arguments, CODE_BAD_REQUEST, "the body %s", why);
	else if (json_is_array(arguments->data) && may_be_batch &&
		 !holds_only_objects(arguments->data))
		arguments_fail(arguments, CODE_BAD_REQUEST,
			"the body must be an array of objects");
	else if (json_is_array(arguments->data) && may_be_batch)
		return;
	else if (!json_is_object(arguments->data))
		arguments_fail(arguments, CODE_BAD_REQUEST,
			"the body must be a JSON object");
}

/* The second value of a parameter makes a list of it. */
static void
add_parameter(json_t *object, const char *name, json_t *value)
{
	json_t *old = json_object_get(object, name);
	json_t *list;

	if (json_is_array(old)) {
		json_array_append_new(old, value);
		return;
	}
	if (!old) {
		json_object_set_new(object, name, value);
		return;
	}
	list = json_array();
	json_array_append(list, old);
	json_array_append_new(list, value);
	json_object_set_new(object, name, list);
}

/* false: what stands there cannot be decoded. */
static bool
read_parameter(struct arguments *arguments, struct text parameter)
{
	const char *equals = memchr(parameter.at, '=', parameter.length);
	struct text name = parameter, rest = TEXT_LITERAL("");
	struct buffer key = { 0 }, value = { 0 };
	bool is_good;

	if (equals) {
		name.length = (size_t)(equals - parameter.at);
		rest.at = equals + 1;
		rest.length = parameter.length - name.length - 1;
	}
	is_good = name.length > 0 && percent_decode(name, true, &key) &&
		  percent_decode(rest, true, &value);
	buffer_add_byte(&key, 0);
	buffer_add_byte(&value, 0);
	if (is_good)
		add_parameter(arguments->data, (const char *)key.data,
			json_string((const char *)value.data));
	buffer_fini(&key);
	buffer_fini(&value);
	return is_good;
}

void
arguments_read_query(struct arguments *arguments, const char *query)
{
	unsigned count = 0;

	*arguments = (struct arguments){
		.code = CODE_OK,
		.data = json_object(),
		.is_query = true,
	};
	while (query && *query) {
		size_t length = strcspn(query, "&");

		if (++count > PARAMETERS_MAX) {
			arguments_fail(arguments, CODE_BAD_REQUEST,
				"the query has more than %d parameters",
				PARAMETERS_MAX);
			return;
		}
		if (length && !read_parameter(arguments,
				      (struct text){ query, length }))
			arguments_fail(arguments, CODE_BAD_REQUEST,
				"parameter %u of the query is not "
				"percent-encoded UTF-8",
				count);
		query += length + (query[length] != 0);
	}
}

struct arguments
arguments_of(const struct arguments *batch, size_t index)
{
	return (struct arguments){
		.code = CODE_OK,
		.data = json_array_get(batch->data, index),
	};
}

size_t
arguments_count(const struct arguments *arguments)
{
	return json_array_size(arguments->data);
}

void
arguments_fini(struct arguments *arguments)
{
	json_decref(arguments->data);
	arguments->data = NULL;
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

/* JSON has one kind of number, so 5.0 is 5; false when it is none of ours. */
static bool
whole_number(const json_t *value, uint64_t *number)
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
	is_number = arguments->is_query ? number_in_words(value, &number)
					: whole_number(value, &number);
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
