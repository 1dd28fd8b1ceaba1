#include "worker/api/form.h"

#include <string.h>
#include <strings.h>

#include "shared/base.h"
#include "shared/gojson.h"
#include "shared/percent.h"

static struct text
at(const struct form *form, size_t from, size_t length)
{
	return (struct text){ (const char *)form->bytes.data + from, length };
}

static void
add_field(struct form *form, size_t name_at, size_t value_at)
{
	if (form->count == FORM_FIELDS_MAX)
		return;
	form->fields[form->count++] = (struct form_field){
		.name_at = name_at,
		.name_length = value_at - name_at,
		.value_at = value_at,
		.value_length = form->bytes.length - value_at,
	};
}

static void
read_part(struct form *form, struct text part)
{
	const char *equals =
		part.length ? memchr(part.at, '=', part.length) : NULL;
	size_t name_length = equals ? (size_t)(equals - part.at) : part.length;
	size_t skipped = name_length + (equals != NULL);
	size_t name_at = form->bytes.length, value_at;

	if (part.length == 0 ||
		!percent_decode((struct text){ part.at, name_length }, true,
			&form->bytes))
		return;
	value_at = form->bytes.length;
	if (percent_decode(
		    (struct text){ part.at + skipped, part.length - skipped },
		    true, &form->bytes))
		add_field(form, name_at, value_at);
}

void
form_read(struct form *form, struct text urlencoded)
{
	while (urlencoded.length > 0) {
		const char *end = memchr(urlencoded.at, '&', urlencoded.length);
		size_t length =
			end ? (size_t)(end - urlencoded.at) : urlencoded.length;

		read_part(form, (struct text){ urlencoded.at, length });
		length += end != NULL;
		urlencoded.at += length;
		urlencoded.length -= length;
	}
}

/* A string is its value, anything else is as it is written. */
static void
read_member(struct form *form, const char *name, const json_t *value)
{
	size_t name_at = form->bytes.length, value_at;

	buffer_add_string(&form->bytes, name);
	value_at = form->bytes.length;
	if (json_is_string(value))
		buffer_add(&form->bytes, json_string_value(value),
			json_string_length(value));
	else
		json_write_value(&form->bytes, value);
	add_field(form, name_at, value_at);
}

void
form_read_body(struct form *form, struct text body)
{
	json_t *object = NULL;
	const char *name;
	json_t *value;

	if (body.length > 0 && body.at[0] == '{')
		object = gojson_read(body, false);
	if (json_is_object(object)) {
		json_object_foreach(object, name, value)
		{
			read_member(form, name, value);
		}
	} else {
		form_read(form, body);
	}
	json_decref(object);
}

void
form_fini(struct form *form)
{
	buffer_fini(&form->bytes);
	form->count = 0;
}

static const struct form_field *
find(const struct form *form, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->fields[i];

		if (field->name_length == length &&
			strncasecmp(at(form, field->name_at, length).at, name,
				length) == 0)
			return field;
	}
	return NULL;
}

bool
form_has(const struct form *form, const char *name)
{
	return find(form, name) != NULL;
}

struct text
form_get(const struct form *form, const char *name)
{
	const struct form_field *field = find(form, name);

	if (!field)
		return TEXT_LITERAL("");
	return at(form, field->value_at, field->value_length);
}

int32_t
form_number(const struct form *form, const char *name)
{
	struct text text = form_get(form, name);
	bool is_negative = text.length > 0 && text.at[0] == '-';
	bool is_signed = is_negative || (text.length > 0 && text.at[0] == '+');
	int64_t value = 0;

	if (text.length == is_signed)
		return 0;
	for (size_t i = is_signed; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		value = value * 10 + (text.at[i] - '0');
		if (value > (int64_t)INT32_MAX + is_negative)
			return 0;
	}
	return (int32_t)(is_negative ? -value : value);
}
