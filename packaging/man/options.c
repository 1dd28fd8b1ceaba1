/*
 * options MANUAL: writes the manual to the standard output, with what the
 * tables of options say between each line `.\" options of SECTION` and the next
 * `.\" end of options`. `make manual` makes confab.conf.5 new by it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/config_parts.h"

#define LINE_BYTES_MAX 1024
#define COLUMNS 78

static const char begin_mark[] = ".\\\" options of ";
static const char end_mark[] = ".\\\" end of options";

/* One sentence, as lines of mdoc; no word of the tables begins with a dot. */
static void
put_sentence(const char *words)
{
	const char *first = words;
	size_t column = 0;

	while (*words) {
		size_t length = strcspn(words, " ");

		if (column > 0 && column + 1 + length > COLUMNS) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%c%.*s", column > 0 ? " " : "",
			words == first ? toupper(words[0]) : words[0],
			(int)length - 1, words + 1);
		words += length;
		words += strspn(words, " ");
	}
	puts(".");
}

/* The object has defaults, and gets them back. */
static void
add_number(const struct option_info *option, void *object, int64_t number,
	struct buffer *out)
{
	int64_t *field = (int64_t *)((char *)object + option->offset);
	int64_t before = *field;

	*field = number;
	config_write_value(option, object, out);
	*field = before;
}

static void
add_range(const char *what, const struct option_info *option, void *object,
	struct buffer *out)
{
	buffer_add_string(out, what);
	buffer_add_string(out, " from ");
	add_number(option, object, option->min, out);
	buffer_add_string(out, " to ");
	add_number(option, object, option->max, out);
}

static void
add_words(const char *words, struct buffer *out)
{
	buffer_add_string(out, "one of ");
	for (; *words; words++) {
		if (*words == ' ')
			buffer_add_byte(out, ',');
		buffer_add_byte(out, *words);
	}
}

static void
add_type(const struct option_info *option, void *object, struct buffer *out)
{
	switch (option->type) {
	case OPTION_NUMBER:
		add_range("a number", option, object, out);
		break;
	case OPTION_SIZE:
		add_range("a size", option, object, out);
		break;
	case OPTION_SECONDS:
		add_range("a time", option, object, out);
		break;
	case OPTION_FLAG:
		buffer_add_string(out, "true or false");
		break;
	case OPTION_TEXT:
		buffer_add_string(out, "a text");
		break;
	case OPTION_CHOICE:
		add_words(option->words, out);
		break;
	case OPTION_SAMPLE:
		buffer_add_string(out, "off, all, or a number to ");
		add_number(option, object, option->max, out);
		break;
	case OPTION_LIST:
		buffer_add_string(out, "a list");
		break;
	case OPTION_READ_FILE:
		buffer_add_string(out, "a path");
		break;
	case OPTION_READ_FILES:
		buffer_add_string(out, "a list of paths");
		break;
	case OPTION_BYTES:
		break;
	}
}

static void
put_option(const struct option_info *option, void *object)
{
	struct buffer words = { 0 };

	if (option->type == OPTION_LIST || option->type == OPTION_READ_FILES ||
		(option->type == OPTION_TEXT && !option->text)) {
		printf(".It Ic %s\n", option->name);
	} else {
		config_write_value(option, object, &words);
		buffer_add_byte(&words, 0);
		printf(".It Ic %s Li = %s\n", option->name,
			(const char *)words.data);
	}
	put_sentence(option->help);
	buffer_clear(&words, SIZE_MAX);
	add_type(option, object, &words);
	buffer_add_string(&words, option->is_live ? "; live" : "");
	buffer_add_byte(&words, 0);
	put_sentence((const char *)words.data);
	buffer_fini(&words);
}

static void
put_options(enum section_kind kind)
{
	static union {
		struct config config;
		struct listener listener;
		struct room_class room_class;
		struct limits limits;
		struct tenant tenant;
		struct key key;
		struct bot bot;
		struct config_relay relay;
	} object;
	size_t count;
	const struct option_info *options = config_options(kind, &count);

	memset(&object, 0, sizeof(object));
	config_set_defaults(kind, &object);
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < count; i++)
		put_option(&options[i], &object);
	puts(".El");
	config_free_object(kind, &object);
}

int
main(int argc, char **argv)
{
	FILE *manual = argc == 2 ? fopen(argv[1], "r") : NULL;
	char line[LINE_BYTES_MAX];
	bool is_between = false;

	if (!manual) {
		fputs("usage: options MANUAL\n", stderr);
		return 2;
	}
	while (fgets(line, sizeof(line), manual)) {
		if (strncmp(line, end_mark, strlen(end_mark)) == 0)
			is_between = false;
		if (!is_between)
			fputs(line, stdout);
		if (strncmp(line, begin_mark, strlen(begin_mark)) != 0)
			continue;
		line[strcspn(line, "\n")] = 0;
		put_options(config_section_kind(line + strlen(begin_mark)));
		is_between = true;
	}
	fclose(manual);
	return 0;
}
