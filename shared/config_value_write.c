/*
 * One value of one option as a file has it.
 */
#include <stdio.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/config_parts.h"

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

const struct unit *
config_units(enum option_type type)
{
	if (type == OPTION_SIZE)
		return size_units;
	return type == OPTION_SECONDS ? time_units : no_units;
}

void
config_write_number(
	char out[CONFIG_NUMBER_BYTES], int64_t limit, const struct unit *units)
{
	const struct unit *best = units;

	for (const struct unit *unit = units; unit->name; unit++)
		if (limit % unit->factor == 0 &&
			(unit->factor > best->factor ||
				limit % best->factor != 0))
			best = unit;
	if (limit == 0)
		best = units;
	snprintf(out, CONFIG_NUMBER_BYTES, "%lld%s",
		(long long)(limit / best->factor), best->name);
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

	for (int64_t left = config_number(option, object); left > 0; left--) {
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

static void
write_bytes(const struct option_info *option, const void *object,
	struct buffer *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = *(
		const uint8_t *const *)((const char *)object + option->offset);
	size_t length =
		*(const size_t *)((const char *)object + option->count_offset);

	buffer_add_byte(out, '\'');
	for (size_t i = 0; i < length; i++) {
		buffer_add_byte(out, (uint8_t)digits[bytes[i] >> 4]);
		buffer_add_byte(out, (uint8_t)digits[bytes[i] & 15]);
	}
	buffer_add_byte(out, '\'');
}

void
config_write_value(const struct option_info *option, const void *object,
	struct buffer *out)
{
	char word[CONFIG_NUMBER_BYTES];

	switch (option->type) {
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_SECONDS:
		config_write_number(word, config_number(option, object),
			config_units(option->type));
		buffer_add_string(out, word);
		break;
	case OPTION_FLAG:
		buffer_add_string(
			out, config_number(option, object) ? "true" : "false");
		break;
	case OPTION_SAMPLE:
		write_sample(config_number(option, object), out);
		break;
	case OPTION_CHOICE:
		write_choice(option, object, out);
		break;
	case OPTION_TEXT:
	case OPTION_READ_FILE:
		write_quoted(out, *(const char *const *)((const char *)object +
							 option->offset));
		break;
	case OPTION_LIST:
	case OPTION_READ_FILES:
		write_list(option, object, out);
		break;
	case OPTION_BYTES:
		write_bytes(option, object, out);
		break;
	}
}
