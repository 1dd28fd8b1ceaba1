/*
 * A configuration as text, and how two of them differ. Both walk over the same
 * list: what sections a configuration has and which options count in each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/config_parts.h"

/* What an option or a section is called, all in all. */
#define NAME_BYTES 512

struct part {
	enum section_kind kind;
	const char *title;
	const void *object;
};

/* Secrets come last and are only for config_write(). */
static size_t
count_parts(const struct config *config, bool with_secrets)
{
	unsigned end = with_secrets ? SECTION_KIND_COUNT : SECTION_SECRET;
	size_t count = 0;

	for (unsigned kind = 0; kind < end; kind++)
		count += config_count(config, (enum section_kind)kind);
	return count;
}

/* The global options are the first part. */
static struct part
part_at(const struct config *config, size_t number)
{
	enum section_kind kind = SECTION_GLOBAL;
	struct part part;

	while (number >= config_count(config, kind)) {
		number -= config_count(config, kind);
		kind++;
	}
	part.kind = kind;
	part.object = config_object(config, kind, number);
	part.title = config_sections[kind].has_title
			     ? *config_title(kind, part.object)
			     : config_sections[kind].name;
	return part;
}

/* Some options mean nothing for one role of a listener. */
static bool
counts(const struct part *part, const struct option_info *option)
{
	const struct listener *listener = part->object;

	if (part->kind != SECTION_LISTENER)
		return true;
	return config_role_fits(listener, option->name);
}

static const char *
origin_of(const struct config *config, const struct part *part,
	const struct option_info *option)
{
	for (size_t i = 0; i < config->origin_count; i++) {
		const struct config_origin *origin = &config->origins[i];

		if (origin->kind == (unsigned)part->kind &&
			origin->option == option &&
			strcmp(origin->title, part->title) == 0)
			return origin->place;
	}
	return "default";
}

static void
write_option(const struct part *part, const struct option_info *option,
	struct buffer *out)
{
	if (part->kind != SECTION_GLOBAL)
		buffer_add_byte(out, '\t');
	buffer_add_string(out, option->name);
	buffer_add_string(out, " = ");
	config_write_value(option, part->object, out);
	buffer_add_byte(out, '\n');
}

/* Without escapes, as it stood in a file: what has a single quote stood there
 * between double ones. */
static void
write_title(const char *title, struct buffer *out)
{
	uint8_t quote = strchr(title, '\'') ? '"' : '\'';

	buffer_add_byte(out, quote);
	buffer_add_string(out, title);
	buffer_add_byte(out, quote);
}

static void
write_head(const struct part *part, struct buffer *out)
{
	const struct section_form *form = &config_sections[part->kind];

	if (part->kind == SECTION_GLOBAL)
		return;
	buffer_add_byte(out, '\n');
	buffer_add_string(out, form->name);
	if (form->has_title) {
		buffer_add_byte(out, ' ');
		write_title(part->title, out);
	}
	buffer_add_string(out, " {\n");
}

void
config_write(const struct config *config, struct buffer *out)
{
	for (size_t i = 0; i < count_parts(config, true); i++) {
		struct part part = part_at(config, i);
		size_t count;
		const struct option_info *options =
			config_options(part.kind, &count);

		write_head(&part, out);
		for (size_t k = 0; k < count; k++)
			if (counts(&part, &options[k]))
				write_option(&part, &options[k], out);
		if (part.kind != SECTION_GLOBAL)
			buffer_add_string(out, "}\n");
	}
}

/* option: NULL for the section itself. */
static void
name_of(char name[NAME_BYTES], const struct part *part,
	const struct option_info *option)
{
	const struct section_form *form = &config_sections[part->kind];

	snprintf(name, NAME_BYTES, "%s%s%s%s%s", form->name,
		form->has_title ? " " : "", form->has_title ? part->title : "",
		option && part->kind != SECTION_GLOBAL ? ": " : "",
		option ? option->name : "");
}

void
config_list(const struct config *config, config_listed *listed, void *self)
{
	for (size_t i = 0; i < count_parts(config, false); i++) {
		struct part part = part_at(config, i);
		size_t count;
		const struct option_info *options =
			config_options(part.kind, &count);

		for (size_t k = 0; k < count; k++) {
			struct buffer value = { 0 };
			char name[NAME_BYTES];

			if (!counts(&part, &options[k]))
				continue;
			name_of(name, &part, &options[k]);
			config_write_value(&options[k], part.object, &value);
			buffer_add_byte(&value, 0);
			listed(self, &(struct config_listing){ .name = name,
					     .value = (const char *)value.data,
					     .origin = origin_of(config, &part,
						     &options[k]),
					     .is_live = options[k].is_live });
			buffer_fini(&value);
		}
	}
}

/* The same part of another configuration; false: it has none. */
static bool
find_part(const struct config *config, const struct part *like,
	struct part *found)
{
	for (size_t i = 0; i < count_parts(config, false); i++) {
		*found = part_at(config, i);
		if (found->kind == like->kind &&
			strcmp(found->title, like->title) == 0)
			return true;
	}
	return false;
}

/* Whether there is a relay at all is settled at the start. */
static bool
is_live(const struct part *part, const struct option_info *option,
	const char *from, const char *to)
{
	static const char nobody[] = "''";

	if (!option)
		return true;
	if (part->kind == SECTION_RELAY && strcmp(option->name, "listen") == 0)
		return strcmp(from, nobody) != 0 && strcmp(to, nobody) != 0;
	return option->is_live;
}

static void
tell(const struct part *part, const struct option_info *option,
	const char *from, const char *to, config_told *told, void *self)
{
	char name[NAME_BYTES];

	name_of(name, part, option);
	told(self, &(struct config_change){
			   .name = name,
			   .from = from,
			   .to = to,
			   .is_live = is_live(part, option, from, to),
		   });
}

/* Two configurations and the same part of both. */
struct pair {
	const struct config *old_config, *new_config;
	const struct part *old, *new;
};

static void
tell_content(const struct pair *pair, const struct option_info *option,
	const char *value, config_told *told, void *self)
{
	char words[NAME_BYTES];

	snprintf(words, sizeof(words), "%s%sother content", value,
		value[0] ? " with " : "");
	tell(pair->new, option, "", words, told, self);
}

static void
compare_option(const struct pair *pair, const struct option_info *option,
	config_told *told, void *self)
{
	struct buffer from = { 0 }, to = { 0 };

	config_write_value(option, pair->old->object, &from);
	config_write_value(option, pair->new->object, &to);
	buffer_add_byte(&from, 0);
	buffer_add_byte(&to, 0);
	if (strcmp((char *)from.data, (char *)to.data) != 0)
		tell(pair->new, option, (char *)from.data, (char *)to.data,
			told, self);
	else if (!config_is_same_content(option, pair->old_config,
			 pair->new_config, pair->new->object))
		tell_content(pair, option, (char *)to.data, told, self);
	buffer_fini(&from);
	buffer_fini(&to);
}

static void
compare_part(const struct pair *pair, config_told *told, void *self)
{
	size_t count;
	const struct option_info *options =
		config_options(pair->new->kind, &count);

	for (size_t i = 0; i < count; i++)
		if (counts(pair->old, &options[i]) ||
			counts(pair->new, &options[i]))
			compare_option(pair, &options[i], told, self);
	if (pair->new->kind == SECTION_KEY &&
		!text_equal(
			config_key_text(pair->old_config, pair->old->object),
			config_key_text(pair->new_config, pair->new->object)))
		tell_content(pair, NULL, "", told, self);
}

void
config_compare(const struct config *old, const struct config *new,
	config_told *told, void *self)
{
	struct part one, other;

	for (size_t i = 0; i < count_parts(new, false); i++) {
		one = part_at(new, i);
		if (find_part(old, &one, &other))
			compare_part(&(struct pair){ old, new, &other, &one },
				told, self);
		else
			tell(&one, NULL, "", "added", told, self);
	}
	for (size_t i = 0; i < count_parts(old, false); i++) {
		one = part_at(old, i);
		if (!find_part(new, &one, &other))
			tell(&one, NULL, "", "removed", told, self);
	}
}

void
config_keep_fixed(struct config *new, const struct config *old)
{
	size_t count;
	const struct option_info *options =
		config_options(SECTION_GLOBAL, &count);

	for (size_t i = 0; i < count; i++)
		if (!options[i].is_live)
			config_copy_value(&options[i], new, old);
	config_keep_relay(new, old);
	config_drop_passages(new);
	config_complete_passages(new);
}

struct config *
config_copy(const struct config *config)
{
	struct buffer text = { 0 };
	struct config *copy;

	config_write(config, &text);
	copy = config_read_text("a copy", buffer_text(&text));
	must(copy != NULL);
	buffer_fini(&text);
	return copy;
}
