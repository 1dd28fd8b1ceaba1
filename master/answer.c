#include "master/answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "shared/base.h"
#include "shared/json.h"
#include "shared/text.h"

void
answer_begin_list(struct answer *answer)
{
	if (answer->is_json)
		buffer_add_byte(&answer->out, '{');
}

static void
begin_item(struct answer *answer, const char *name)
{
	bool is_first = answer->items++ == 0;

	if (!answer->is_json) {
		buffer_add_format(&answer->out, "%s: ", name);
		return;
	}
	if (!is_first)
		buffer_add_byte(&answer->out, ',');
	json_write_string(&answer->out, text_of(name));
	buffer_add_byte(&answer->out, ':');
}

static void
end_line(struct answer *answer)
{
	if (!answer->is_json)
		buffer_add_byte(&answer->out, '\n');
}

void
answer_number(struct answer *answer, const char *name, uint64_t value)
{
	begin_item(answer, name);
	buffer_add_format(&answer->out, "%" PRIu64, value);
	end_line(answer);
}

static void
add_text(struct answer *answer, const char *value)
{
	if (answer->is_json)
		json_write_string(&answer->out, text_of(value));
	else
		buffer_add_string(&answer->out, value);
}

void
answer_text(struct answer *answer, const char *name, const char *value)
{
	begin_item(answer, name);
	add_text(answer, value);
	end_line(answer);
}

/* Names have neither control characters nor anything that is no UTF-8; should
 * one have them, it must not break the line or the JSON that it stands in. */
static void
add_name(struct answer *answer, struct text name)
{
	struct buffer clean = { 0 };
	bool is_utf8 = text_is_utf8(name);

	if (text_is_name(name, 0, name.length)) {
		buffer_add_text(&clean, name);
	} else {
		for (size_t i = 0; i < name.length; i++) {
			uint8_t byte = (uint8_t)name.at[i];
			bool is_c1 = byte == 0xc2 && i + 1 < name.length &&
				     (uint8_t)name.at[i + 1] < 0xa0;

			if (byte < 0x20 || byte == 0x7f || is_c1 ||
				(byte >= 0x80 && !is_utf8))
				byte = '?';
			i += is_c1 && is_utf8;
			buffer_add_byte(&clean, byte);
		}
	}
	if (answer->is_json)
		json_write_string(&answer->out, buffer_text(&clean));
	else
		buffer_add_text(&answer->out, buffer_text(&clean));
	buffer_fini(&clean);
}

void
answer_name(struct answer *answer, const char *name, struct text value)
{
	begin_item(answer, name);
	add_name(answer, value);
	end_line(answer);
}

void
answer_end_list(struct answer *answer)
{
	if (answer->is_json)
		buffer_add_string(&answer->out, "}\n");
	buffer_add_byte(&answer->out, '\n');
}

void
answer_begin_table(struct answer *answer, const char *const *columns)
{
	answer->columns = columns;
	if (answer->is_json) {
		buffer_add_byte(&answer->out, '[');
		return;
	}
	for (size_t i = 0; columns[i]; i++) {
		if (i > 0)
			buffer_add_byte(&answer->out, '\t');
		buffer_add_string(&answer->out, columns[i]);
	}
	buffer_add_byte(&answer->out, '\n');
}

static void
begin_cell(struct answer *answer)
{
	bool is_first = answer->column == 0;

	if (!answer->is_json) {
		if (!is_first)
			buffer_add_byte(&answer->out, '\t');
		return;
	}
	if (is_first && answer->items > 0)
		buffer_add_byte(&answer->out, ',');
	buffer_add_byte(&answer->out, is_first ? '{' : ',');
	json_write_string(
		&answer->out, text_of(answer->columns[answer->column]));
	buffer_add_byte(&answer->out, ':');
}

static void
end_cell(struct answer *answer)
{
	answer->column++;
	if (answer->columns[answer->column])
		return;
	answer->column = 0;
	answer->items++;
	buffer_add_byte(&answer->out, answer->is_json ? '}' : '\n');
}

void
answer_cell_number(struct answer *answer, uint64_t value)
{
	begin_cell(answer);
	buffer_add_format(&answer->out, "%" PRIu64, value);
	end_cell(answer);
}

void
answer_cell_signed(struct answer *answer, int64_t value)
{
	begin_cell(answer);
	buffer_add_format(&answer->out, "%" PRId64, value);
	end_cell(answer);
}

void
answer_cell_text(struct answer *answer, const char *value)
{
	begin_cell(answer);
	add_text(answer, value);
	end_cell(answer);
}

void
answer_cell_name(struct answer *answer, struct text name)
{
	begin_cell(answer);
	add_name(answer, name);
	end_cell(answer);
}

void
answer_cell_none(struct answer *answer)
{
	begin_cell(answer);
	if (answer->is_json)
		buffer_add_string(&answer->out, "null");
	end_cell(answer);
}

void
answer_end_table(struct answer *answer)
{
	must(answer->column == 0);
	if (answer->is_json)
		buffer_add_string(&answer->out, "]\n");
	buffer_add_byte(&answer->out, '\n');
}

void
answer_refuse(struct answer *answer, const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	buffer_add_format(&answer->out, "error: %s\n\n", why);
}
