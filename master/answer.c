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
answer_cell_text(struct answer *answer, const char *value)
{
	begin_cell(answer);
	add_text(answer, value);
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
