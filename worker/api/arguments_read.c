#include "worker/api/arguments_read.h"

#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/percent.h"

/* How many parameters a query may have. */
#define PARAMETERS_MAX 1100

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
