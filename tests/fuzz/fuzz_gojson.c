/*
 * What profiles read of strangers: JSON as Go has it, and forms. What was read
 * is written again and read back: it must be the same.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/gojson.h"
#include "worker/api/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_json(struct text text)
{
	json_t *value = gojson_read(text, false);
	struct buffer written = { 0 };
	struct text name;
	json_t *again;

	if (!value)
		return;
	gojson_write_value(&written, value);
	must(text_is_utf8(buffer_text(&written)));
	again = gojson_read(buffer_text(&written), false);
	must(again != NULL);
	if (json_is_object(value) && gojson_text(value, "a", &name))
		must(text_is_utf8(name));
	json_decref(again);
	json_decref(value);
	buffer_fini(&written);
}

static void
check_form(struct text text)
{
	struct form form = { 0 };

	form_read_body(&form, text);
	must(form.count <= FORM_FIELDS_MAX);
	for (size_t i = 0; i < form.count; i++) {
		const struct form_field *field = &form.fields[i];

		must(field->name_at + field->name_length <= form.bytes.length);
		must(field->value_at + field->value_length <=
			form.bytes.length);
	}
	form_number(&form, "a");
	must(text_is_utf8(form_get(&form, "b")));
	form_fini(&form);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = { base_alloc(size + 1), size };

	if (size)
		memcpy((char *)text.at, data, size);
	check_json(text);
	check_form(text);
	free((char *)text.at);
	return 0;
}
