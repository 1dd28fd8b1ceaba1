#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "master/ctl/screen.h"
#include "master/ctl/screen_inside.h"
#include "master/ctl/snapshot.h"
#include "shared/base.h"
#include "shared/buffer.h"

void
screen_add_line(struct drawing *drawing, const char *format, ...)
{
	const struct screen_view *view = drawing->view;
	char line[SCREEN_LINE_BYTES];
	size_t length;
	va_list args;

	if (view->height > 0 && drawing->lines == view->height)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	length = strlen(line);
	if (view->width > 0)
		length = MIN_OF(length, (size_t)view->width);
	while (length > 0 && ((uint8_t)line[length] & 0xc0) == 0x80)
		length--;
	while (length > 0 && line[length - 1] == ' ')
		length--;
	buffer_add(drawing->out, line, length);
	buffer_add_byte(drawing->out, '\n');
	drawing->lines++;
}

const char *
screen_write_number(char to[SCREEN_NUMBER_BYTES], double number)
{
	static const char units[] = " kMGTPE";
	size_t unit = 0;

	if (number < 99999.5) {
		snprintf(to, SCREEN_NUMBER_BYTES, "%.0f", number);
		return to;
	}
	while (number >= 999.5 && unit < sizeof(units) - 2) {
		number /= 1000;
		unit++;
	}
	snprintf(to, SCREEN_NUMBER_BYTES, number < 99.95 ? "%.1f%c" : "%.0f%c",
		number, units[unit]);
	return to;
}

bool
screen_knows_rates(const struct drawing *drawing)
{
	return drawing->before && drawing->before->pid == drawing->now->pid &&
	       drawing->before->at_ms < drawing->now->at_ms;
}

const char *
screen_write_rate(char to[SCREEN_NUMBER_BYTES], const struct drawing *drawing,
	uint64_t from, uint64_t until)
{
	if (!screen_knows_rates(drawing))
		return "-";
	return screen_write_number(to,
		(double)(until - MIN_OF(from, until)) * 1000 /
			(double)(drawing->now->at_ms - drawing->before->at_ms));
}
