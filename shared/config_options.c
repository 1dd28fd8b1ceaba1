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
/* Lists have no default here: config_complete() knows them. */
#define SEVERAL(kind, field, count, high, live, words_of_help)                 \
	{ .name = #field,                                                      \
		.type = kind,                                                  \
		.offset = offsetof(OWNER, field),                              \
		.count_offset = offsetof(OWNER, count),                        \
		.max = high,                                                   \
		.is_live = live,                                               \
		.help = words_of_help },
#define LIST(field, count, live, words_of_help)                                \
	SEVERAL(OPTION_LIST, field, count, 0, live, words_of_help)
#define READ_FILES(field, count, bytes, live, words_of_help)                   \
	SEVERAL(OPTION_READ_FILES, field, count, bytes, live, words_of_help)
#define BYTES(field, count, live, words_of_help)                               \
	SEVERAL(OPTION_BYTES, field, count, 0, live, words_of_help)
#define READ_FILE(field, bytes, live, words_of_help)                           \
	{ .name = #field,                                                      \
		.type = OPTION_READ_FILE,                                      \
		.offset = offsetof(OWNER, field),                              \
		.text = "",                                                    \
		.max = bytes,                                                  \
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

#define OWNER struct listener
static const struct option_info listener_options[] = {
#include "shared/listener_options.def"
};
#undef OWNER

#define OWNER struct tenant
static const struct option_info tenant_options[] = {
#include "shared/tenant_options.def"
};
#undef OWNER

#define OWNER struct key
static const struct option_info key_options[] = {
#include "shared/key_options.def"
};
#undef OWNER

#define OWNER struct bot
static const struct option_info bot_options[] = {
#include "shared/bot_options.def"
};
#undef OWNER

#define OWNER struct config_relay
static const struct option_info relay_options[] = {
#include "shared/relay_options.def"
};
#undef OWNER

#define OWNER struct secret
static const struct option_info secret_options[] = {
#include "shared/secret_options.def"
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
#undef SEVERAL
#undef LIST
#undef READ_FILE
#undef READ_FILES
#undef BYTES

#define TABLE(table) .options = (table), .option_count = ARRAY_LEN(table)
#define ONLY(field) .offset = offsetof(struct config, field)
#define MANY(array, count, type, name)                                         \
	.offset = offsetof(struct config, array),                              \
	.count_offset = offsetof(struct config, count),                        \
	.bytes = sizeof(struct type),                                          \
	.title_offset = offsetof(struct type, name), .has_title = true

const struct section_form config_sections[SECTION_KIND_COUNT] = {
	[SECTION_GLOBAL] = { "", "", TABLE(global_options) },
	[SECTION_LIMITS] = { "limits", " in limits", TABLE(limit_options),
		ONLY(limits) },
	[SECTION_INBOX] = { "inbox", " in inbox", TABLE(inbox_options),
		ONLY(inbox) },
	[SECTION_LISTENER] = { "listener", " in a listener",
		TABLE(listener_options),
		MANY(listeners, listener_count, listener, name) },
	[SECTION_TENANT] = { "tenant", " in a tenant", TABLE(tenant_options),
		MANY(tenants, tenant_count, tenant, name) },
	[SECTION_KEY] = { "key", " in a key", TABLE(key_options),
		MANY(keys, key_count, key, title) },
	[SECTION_BOT] = { "bot", " in a bot", TABLE(bot_options),
		MANY(bots, bot_count, bot, name) },
	[SECTION_ROOM] = { "room", " in a room", TABLE(room_options),
		MANY(room_classes, room_class_count, room_class, pattern) },
	[SECTION_RELAY] = { "relay", " in relay", TABLE(relay_options),
		ONLY(relay) },
	[SECTION_SECRET] = { "secret", " in a secret", TABLE(secret_options),
		MANY(secrets, secret_count, secret, number) },
};

size_t
config_count(const struct config *config, enum section_kind kind)
{
	const struct section_form *form = &config_sections[kind];

	if (!form->has_title)
		return 1;
	if (kind == SECTION_LISTENER)
		return config->listener_count - config->passage_count;
	return *(const size_t *)((const char *)config + form->count_offset);
}

void *
config_object(const struct config *config, enum section_kind kind, size_t index)
{
	const struct section_form *form = &config_sections[kind];
	char *at = (char *)config + form->offset;

	return form->has_title ? *(char **)at + index * form->bytes : at;
}

char **
config_title(enum section_kind kind, const void *object)
{
	return (char **)((char *)object + config_sections[kind].title_offset);
}

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
	*count = config_sections[kind].option_count;
	return config_sections[kind].options;
}

const struct option_info *
config_option(enum section_kind kind, const char *name)
{
	const struct section_form *form = &config_sections[kind];

	for (size_t i = 0; i < form->option_count; i++)
		if (strcmp(form->options[i].name, name) == 0)
			return &form->options[i];
	return NULL;
}
