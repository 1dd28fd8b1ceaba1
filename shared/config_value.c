/*
 * One value of one option: read with its limits, kept, freed and written.
 */
#include "shared/config_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/base.h"
#include "shared/buffer.h"

#define WORD_BYTES_MAX 32

static void *
field_of(const struct option_info *option, void *object)
{
	return (char *)object + option->offset;
}

static void
set_number(const struct option_info *option, void *object, int64_t number)
{
	void *field = field_of(option, object);

	if (option->type == OPTION_FLAG)
		*(bool *)field = number != 0;
	else if (option->type == OPTION_CHOICE)
		*(int *)field = (int)number;
	else
		*(int64_t *)field = number;
}

static void
set_text(const struct option_info *option, void *object, const char *text)
{
	char **field = field_of(option, object);

	free(*field);
	*field = text ? base_strdup(text) : NULL;
}

static void
free_list(const struct option_info *option, void *object)
{
	char ***list = field_of(option, object);
	size_t *count = (size_t *)((char *)object + option->count_offset);

	for (size_t i = 0; i < *count; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
	*count = 0;
}

static void
add_to_list(const struct option_info *option, void *object, const char *text)
{
	char ***list = field_of(option, object);
	size_t *count = (size_t *)((char *)object + option->count_offset);

	*list = base_realloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = base_strdup(text);
}

void
config_set_defaults(enum section_kind kind, void *object)
{
	size_t count;
	const struct option_info *options = config_options(kind, &count);

	for (size_t i = 0; i < count; i++) {
		const struct option_info *option = &options[i];

		if (option->type == OPTION_TEXT)
			set_text(option, object, option->text);
		else if (option->type != OPTION_LIST)
			set_number(option, object, option->number);
	}
}

void
config_free_object(enum section_kind kind, void *object)
{
	size_t count;
	const struct option_info *options = config_options(kind, &count);

	for (size_t i = 0; i < count; i++) {
		const struct option_info *option = &options[i];

		if (option->type == OPTION_TEXT)
			set_text(option, object, NULL);
		else if (option->type == OPTION_LIST)
			free_list(option, object);
	}
}

struct unit {
	const char *name;
	int64_t factor;
};

/* The first unit is the one that an error speaks in. */
static const struct unit size_units[] = {
	{ "", 1 },
	{ "K", 1024 },
	{ "M", 1024 * 1024 },
	{ "G", 1024 * 1024 * 1024 },
	{ 0 },
};

static const struct unit time_units[] = {
	{ "", 1000 },
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
	{ 0 },
};

static const struct unit no_units[] = { { "", 1 }, { 0 } };

static const struct {
	const struct unit *units;
	const char *form;
} number_forms[] = {
	[OPTION_NUMBER] = { no_units, "a whole number" },
	[OPTION_SIZE] = { size_units, "a size in bytes, or with K, M or G" },
	[OPTION_SECONDS] = { time_units,
		"a time in seconds, or with ms, s, m, h or d" },
};

static bool
read_number(const char *value, const struct unit *units, int64_t *number)
{
	char *end;
	long long plain;

	if (strspn(value, "-0123456789") == 0)
		return false;
	errno = 0;
	plain = strtoll(value, &end, 10);
	if (errno != 0 || end == value)
		return false;
	for (; units->name; units++)
		if (strcasecmp(end, units->name) == 0)
			return !__builtin_mul_overflow(
				plain, units->factor, number);
	return false;
}

/* In the largest unit that tells it exactly. */
static void
write_number(char out[WORD_BYTES_MAX], int64_t limit, const struct unit *units)
{
	const struct unit *best = units;

	for (const struct unit *unit = units; unit->name; unit++)
		if (limit % unit->factor == 0 &&
			(unit->factor > best->factor ||
				limit % best->factor != 0))
			best = unit;
	if (limit == 0)
		best = units;
	snprintf(out, WORD_BYTES_MAX, "%lld%s",
		(long long)(limit / best->factor), best->name);
}

static bool
set_limited(const struct option_info *option, void *object, const char *value,
	char *why, size_t why_bytes)
{
	const struct unit *units = number_forms[option->type].units;
	char low[WORD_BYTES_MAX], high[WORD_BYTES_MAX];
	int64_t number;

	write_number(low, option->min, units);
	write_number(high, option->max, units);
	if (read_number(value, units, &number) && number >= option->min &&
		number <= option->max) {
		set_number(option, object, number);
		return true;
	}
	snprintf(why, why_bytes, "must be %s, from %s to %s",
		number_forms[option->type].form, low, high);
	return false;
}

/* Which of the words is it? -1: none. */
static int
word_index(const char *words, const char *value)
{
	size_t length = strlen(value);

	for (int index = 0; *words; index++) {
		size_t word = strcspn(words, " ");

		if (word == length && strncmp(words, value, word) == 0)
			return index;
		words += word + strspn(words + word, " ");
	}
	return -1;
}

static bool
set_choice(const struct option_info *option, void *object, const char *value,
	char *why, size_t why_bytes)
{
	int index = word_index(option->words, value);

	if (index >= 0)
		set_number(option, object, index);
	else
		snprintf(why, why_bytes, "must be one of: %s", option->words);
	return index >= 0;
}

/* Two words for two numbers. */
static const char sample_words[] = "off all";

static bool
set_sample(const struct option_info *option, void *object, const char *value,
	char *why, size_t why_bytes)
{
	int64_t number = word_index(sample_words, value);

	if (number >= 0 || (read_number(value, no_units, &number) &&
				   number >= 0 && number <= option->max)) {
		set_number(option, object, number);
		return true;
	}
	snprintf(why, why_bytes,
		"must be off, all, or a whole number up to %lld for one of so "
		"many",
		(long long)option->max);
	return false;
}

static void
write_sample(int64_t number, struct buffer *out)
{
	if (number == 0)
		buffer_add_string(out, "off");
	else if (number == 1)
		buffer_add_string(out, "all");
	else
		buffer_add_format(out, "%lld", (long long)number);
}

static bool
set_flag(const struct option_info *option, void *object, const char *value,
	char *why, size_t why_bytes)
{
	int index = word_index("false true no yes off on", value);

	if (index >= 0)
		set_number(option, object, index % 2);
	else
		snprintf(why, why_bytes, "must be true or false");
	return index >= 0;
}

bool
config_set_value(const struct option_info *option, void *object,
	const char *value, char *why, size_t why_bytes)
{
	switch (option->type) {
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_SECONDS:
		return set_limited(option, object, value, why, why_bytes);
	case OPTION_SAMPLE:
		return set_sample(option, object, value, why, why_bytes);
	case OPTION_FLAG:
		return set_flag(option, object, value, why, why_bytes);
	case OPTION_CHOICE:
		return set_choice(option, object, value, why, why_bytes);
	case OPTION_TEXT:
		set_text(option, object, value);
		return true;
	case OPTION_LIST:
		add_to_list(option, object, value);
		return true;
	}
	return false;
}

static int64_t
number_of(const struct option_info *option, const void *object)
{
	const void *field = (const char *)object + option->offset;

	if (option->type == OPTION_FLAG)
		return *(const bool *)field;
	if (option->type == OPTION_CHOICE)
		return *(const int *)field;
	return *(const int64_t *)field;
}

void
config_copy_value(const struct option_info *option, void *to, const void *from)
{
	must(option->type != OPTION_LIST);
	if (option->type == OPTION_TEXT)
		set_text(option, to,
			*(const char *const *)((const char *)from +
					       option->offset));
	else
		set_number(option, to, number_of(option, from));
}

/* In single quotes, where libconfuse replaces nothing but what we escape. */
static void
write_quoted(struct buffer *out, const char *text)
{
	buffer_add_byte(out, '\'');
	for (; text && *text; text++) {
		if (*text == '\'' || *text == '\\')
			buffer_add_byte(out, '\\');
		buffer_add_byte(out, (uint8_t)*text);
	}
	buffer_add_byte(out, '\'');
}

static void
write_choice(const struct option_info *option, const void *object,
	struct buffer *out)
{
	const char *words = option->words;

	for (int64_t left = number_of(option, object); left > 0; left--) {
		words += strcspn(words, " ");
		words += strspn(words, " ");
	}
	buffer_add(out, words, strcspn(words, " "));
}

static void
write_list(const struct option_info *option, const void *object,
	struct buffer *out)
{
	const char *const *list =
		*(const char *const *const *)((const char *)object +
					      option->offset);
	size_t count =
		*(const size_t *)((const char *)object + option->count_offset);

	buffer_add_byte(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_add_string(out, ", ");
		write_quoted(out, list[i]);
	}
	buffer_add_byte(out, '}');
}

void
config_write_value(const struct option_info *option, const void *object,
	struct buffer *out)
{
	char word[WORD_BYTES_MAX];

	switch (option->type) {
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_SECONDS:
		write_number(word, number_of(option, object),
			number_forms[option->type].units);
		buffer_add_string(out, word);
		break;
	case OPTION_FLAG:
		buffer_add_string(
			out, number_of(option, object) ? "true" : "false");
		break;
	case OPTION_SAMPLE:
		write_sample(number_of(option, object), out);
		break;
	case OPTION_CHOICE:
		write_choice(option, object, out);
		break;
	case OPTION_TEXT:
		write_quoted(out, *(const char *const *)((const char *)object +
							 option->offset));
		break;
	case OPTION_LIST:
		write_list(option, object, out);
		break;
	}
}
