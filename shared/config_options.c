/*
 * The tables of options.
 */
#include "shared/config_parts.h"

#include <string.h>

#include "shared/base.h"
#include "shared/config.h"

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

#define SAMPLE(field, standard, high, live, words_of_help)                     \
	LIMITED(OPTION_SAMPLE, field, standard, 0, high, live, words_of_help)

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
#undef SAMPLE

/* Lists have no default here: config_complete() knows them. */
static const struct option_info listener_options[] = {
	{ .name = "address",
		.type = OPTION_TEXT,
		.offset = offsetof(struct listener, address),
		.is_live = true,
		.help = "HOST:PORT or unix:/path" },
	{ .name = "role",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct listener, role),
		.words = "websocket api",
		.is_live = true,
		.help = "who is served here" },
	{ .name = "profiles",
		.type = OPTION_LIST,
		.offset = offsetof(struct listener, profiles),
		.count_offset = offsetof(struct listener, profile_count),
		.is_live = true,
		.help = "protocols spoken on a websocket listener" },
	{ .name = "origins",
		.type = OPTION_LIST,
		.offset = offsetof(struct listener, origins),
		.count_offset = offsetof(struct listener, origin_count),
		.is_live = true,
		.help = "pages that may connect; * allows all" },
	{ .name = "pages",
		.type = OPTION_FLAG,
		.offset = offsetof(struct listener, pages),
		.max = 1,
		.is_live = true,
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
