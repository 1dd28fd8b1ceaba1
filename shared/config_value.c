/*
 * One value of one option: read with its limits, kept and freed.
 */
#include "shared/config_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/base.h"

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

static size_t *
count_of(const struct option_info *option, void *object)
{
	return (size_t *)((char *)object + option->count_offset);
}

static void
free_list(const struct option_info *option, void *object)
{
	char ***list = field_of(option, object);
	size_t *count = count_of(option, object);

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
	size_t *count = count_of(option, object);

	/* A path that is empty is none. */
	if (option->type == OPTION_READ_FILES && text[0] == 0)
		return;
	*list = base_realloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = base_strdup(text);
}

static void
free_bytes(const struct option_info *option, void *object)
{
	uint8_t **bytes = field_of(option, object);
	size_t *count = count_of(option, object);

	if (*bytes)
		explicit_bzero(*bytes, *count);
	free(*bytes);
	*bytes = NULL;
	*count = 0;
}

static bool
is_text(const struct option_info *option)
{
	return option->type == OPTION_TEXT || option->type == OPTION_READ_FILE;
}

bool
config_is_list(const struct option_info *option)
{
	return option->type == OPTION_LIST || option->type == OPTION_READ_FILES;
}

size_t
config_paths(const struct option_info *option, const void *object,
	const char *const **paths)
{
	const void *field = (const char *)object + option->offset;

	if (option->type == OPTION_READ_FILE) {
		*paths = field;
		return (*paths)[0][0] != 0;
	}
	if (option->type != OPTION_READ_FILES)
		return 0;
	*paths = *(const char *const *const *)field;
	return *(const size_t *)((const char *)object + option->count_offset);
}

void
config_set_defaults(enum section_kind kind, void *object)
{
	size_t count;
	const struct option_info *options = config_options(kind, &count);

	for (size_t i = 0; i < count; i++) {
		const struct option_info *option = &options[i];

		if (is_text(option))
			set_text(option, object, option->text);
		else if (!config_is_list(option) &&
			 option->type != OPTION_BYTES)
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

		if (is_text(option))
			set_text(option, object, NULL);
		else if (config_is_list(option))
			free_list(option, object);
		else if (option->type == OPTION_BYTES)
			free_bytes(option, object);
	}
}

static const char *const number_forms[] = {
	[OPTION_NUMBER] = "a whole number",
	[OPTION_SIZE] = "a size in bytes, or with K, M or G",
	[OPTION_SECONDS] = "a time in seconds, or with ms, s, m, h or d",
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

static bool
set_limited(const struct option_info *option, void *object, const char *value,
	char *why, size_t why_bytes)
{
	const struct unit *units = config_units(option->type);
	char low[CONFIG_NUMBER_BYTES], high[CONFIG_NUMBER_BYTES];
	int64_t number;

	config_write_number(low, option->min, units);
	config_write_number(high, option->max, units);
	if (read_number(value, units, &number) && number >= option->min &&
		number <= option->max) {
		set_number(option, object, number);
		return true;
	}
	snprintf(why, why_bytes, "must be %s, from %s to %s",
		number_forms[option->type], low, high);
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

	if (number >= 0 ||
		(read_number(value, config_units(OPTION_NUMBER), &number) &&
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

static int
digit(char letter)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = letter ? strchr(digits, letter) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Only config_write() has written it. */
static bool
set_bytes(const struct option_info *option, void *object, const char *value,
	char *why, size_t why_bytes)
{
	size_t length = strlen(value) / 2;
	uint8_t **bytes = field_of(option, object);

	free_bytes(option, object);
	*bytes = base_alloc(length + 1);
	*count_of(option, object) = length;
	for (size_t i = 0; i < length; i++) {
		int high = digit(value[2 * i]), low = digit(value[2 * i + 1]);

		if (high < 0 || low < 0) {
			snprintf(why, why_bytes, "is damaged");
			return false;
		}
		(*bytes)[i] = (uint8_t)(high << 4 | low);
	}
	return true;
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
	case OPTION_READ_FILE:
		set_text(option, object, value);
		return true;
	case OPTION_LIST:
	case OPTION_READ_FILES:
		add_to_list(option, object, value);
		return true;
	case OPTION_BYTES:
		return set_bytes(option, object, value, why, why_bytes);
	}
	return false;
}

int64_t
config_number(const struct option_info *option, const void *object)
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
	must(!config_is_list(option) && option->type != OPTION_BYTES);
	if (is_text(option))
		set_text(option, to,
			*(const char *const *)((const char *)from +
					       option->offset));
	else
		set_number(option, to, config_number(option, from));
}
