/*
 * The tables of options, and what they say about one value.
 */
#include "shared/config_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/base.h"
#include "shared/config.h"

#define WORD_BYTES_MAX 32

#define LIMITED(kind, field, standard, low, high, live, words_of_help)         \
	{ .name = #field,                                                      \
		.type = kind,                                                  \
		.offset = offsetof(OWNER, field),                              \
		.number = standard,                                            \
		.min = low,                                                    \
		.max = high,                                                   \
		.is_live = live,                                               \
		.help = words_of_help },
#define NUMBER(field, standard, low, high, live, words_of_help)                \
	LIMITED(OPTION_NUMBER, field, standard, low, high, live, words_of_help)
#define SIZE(field, standard, low, high, live, words_of_help)                  \
	LIMITED(OPTION_SIZE, field, standard, low, high, live, words_of_help)
#define SECONDS(field, standard, low, high, live, words_of_help)               \
	LIMITED(OPTION_SECONDS, field, standard, low, high, live, words_of_help)
#define FLAG(field, standard, live, words_of_help)                             \
	LIMITED(OPTION_FLAG, field, standard, 0, 1, live, words_of_help)
#define TEXT(field, standard, live, words_of_help)                             \
	{ .name = #field,                                                      \
		.type = OPTION_TEXT,                                           \
		.offset = offsetof(OWNER, field),                              \
		.text = standard,                                              \
		.is_live = live,                                               \
		.help = words_of_help },
#define CHOICE(field, standard, choices, live, words_of_help)                  \
	{ .name = #field,                                                      \
		.type = OPTION_CHOICE,                                         \
		.offset = offsetof(OWNER, field),                              \
		.number = standard,                                            \
		.words = choices,                                              \
		.is_live = live,                                               \
		.help = words_of_help },

#define OWNER struct config
static const struct option_info global_options[] = {
#include "shared/options.def"
};
#undef OWNER

#define OWNER struct room_class
static const struct option_info room_options[] = {
#include "shared/room_options.def"
};
#undef OWNER

#define OWNER struct room_class
static const struct option_info inbox_options[] = {
#include "shared/inbox_options.def"
};
#undef OWNER

#define OWNER struct limits
static const struct option_info limit_options[] = {
#include "shared/limit_options.def"
};
#undef OWNER

#undef LIMITED
#undef NUMBER
#undef SIZE
#undef SECONDS
#undef FLAG
#undef TEXT
#undef CHOICE

/* Lists have no default here: config_complete() knows them. */
static const struct option_info listener_options[] = {
	{ .name = "address",
		.type = OPTION_TEXT,
		.offset = offsetof(struct listener, address),
		.help = "HOST:PORT or unix:/path" },
	{ .name = "role",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct listener, role),
		.words = "websocket api",
		.help = "who is served here" },
	{ .name = "profiles",
		.type = OPTION_LIST,
		.offset = offsetof(struct listener, profiles),
		.count_offset = offsetof(struct listener, profile_count),
		.help = "protocols spoken on a websocket listener" },
	{ .name = "origins",
		.type = OPTION_LIST,
		.offset = offsetof(struct listener, origins),
		.count_offset = offsetof(struct listener, origin_count),
		.help = "pages that may connect; * allows all" },
	{ .name = "pages",
		.type = OPTION_FLAG,
		.offset = offsetof(struct listener, pages),
		.max = 1,
		.help = "serve web_dir on an api listener" },
};

static const struct {
	const struct option_info *options;
	size_t count;
} tables[] = {
	[SECTION_GLOBAL] = { global_options, ARRAY_LEN(global_options) },
	[SECTION_LISTENER] = { listener_options, ARRAY_LEN(listener_options) },
	[SECTION_ROOM] = { room_options, ARRAY_LEN(room_options) },
	[SECTION_LIMITS] = { limit_options, ARRAY_LEN(limit_options) },
	[SECTION_INBOX] = { inbox_options, ARRAY_LEN(inbox_options) },
};

const struct section_form config_sections[SECTION_KIND_COUNT] = {
	[SECTION_GLOBAL] = { "", false, "" },
	[SECTION_LISTENER] = { "listener", true, " in a listener" },
	[SECTION_ROOM] = { "room", true, " in a room" },
	[SECTION_LIMITS] = { "limits", false, " in limits" },
	[SECTION_INBOX] = { "inbox", false, " in inbox" },
};

enum section_kind
config_section_kind(const char *name)
{
	unsigned kind = SECTION_KIND_COUNT - 1;

	while (kind > SECTION_GLOBAL &&
		strcmp(config_sections[kind].name, name) != 0)
		kind--;
	return (enum section_kind)kind;
}

const struct option_info *
config_options(enum section_kind kind, size_t *count)
{
	*count = tables[kind].count;
	return tables[kind].options;
}

const struct option_info *
config_option(enum section_kind kind, const char *name)
{
	for (size_t i = 0; i < tables[kind].count; i++)
		if (strcmp(tables[kind].options[i].name, name) == 0)
			return &tables[kind].options[i];
	return NULL;
}

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
	for (size_t i = 0; i < tables[kind].count; i++) {
		const struct option_info *option = &tables[kind].options[i];

		if (option->type == OPTION_TEXT)
			set_text(option, object, option->text);
		else if (option->type != OPTION_LIST)
			set_number(option, object, option->number);
	}
}

void
config_free_object(enum section_kind kind, void *object)
{
	for (size_t i = 0; i < tables[kind].count; i++) {
		const struct option_info *option = &tables[kind].options[i];

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

/* The limit in the largest unit that tells it exactly. */
static void
write_limit(char out[WORD_BYTES_MAX], int64_t limit, const struct unit *units)
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

	write_limit(low, option->min, units);
	write_limit(high, option->max, units);
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
