/*
 * Settings into the configuration: each value by its type and limits, then what
 * must fit together. Every error found is told.
 */
#include "shared/config_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/message.h"

/* What a message may grow by on its way through a ring: names and numbers. */
#define LETTER_EXTRA_BYTES 4096

#define STATUS_SOCKET "/status.sock"

/* Where the objects of a reading are, by section. */
struct making {
	struct reading *reading;
	struct config *config;
	void **objects;
};

static bool
is_set(const struct making *making, size_t section, const char *name)
{
	return config_find_setting(making->reading, section, name) != NULL;
}

struct place
config_place(const struct reading *reading, size_t section, const char *name)
{
	const struct setting *setting =
		config_find_setting(reading, section, name);

	if (setting)
		return setting->place;
	if (section == 0)
		return (struct place){ reading->files[0], 0 };
	return reading->sections[section].place;
}

static struct place
place_of(const struct making *making, size_t section, const char *name)
{
	return config_place(making->reading, section, name);
}

static void
apply(const struct making *making, const struct setting *setting)
{
	enum section_kind kind =
		making->reading->sections[setting->section].kind;
	const struct option_info *option = config_option(kind, setting->name);
	bool is_hidden = option->type == OPTION_BYTES;
	char why[256];

	for (size_t i = 0; i < setting->value_count; i++)
		if (!config_set_value(option, making->objects[setting->section],
			    setting->values[i], why, sizeof(why)))
			config_complain(making->reading,
				setting->value_places[i], "%s = %s: %s",
				setting->name,
				is_hidden ? "…" : setting->values[i], why);
}

static void
check_name(const struct making *making, const struct section *section)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t length = strlen(section->title);

	if (length < 1 || length > 64 ||
		strspn(section->title, allowed) != length)
		config_complain(making->reading, section->place,
			"%s '%s': a name is 1 to 64 letters, digits, "
			"'-', '_' or '.'",
			config_sections[section->kind].name, section->title);
}

static void
check_listener(const struct making *making, size_t section)
{
	check_name(making, &making->reading->sections[section]);
	config_check_listener(making->reading, making->config, section,
		making->objects[section]);
}

static void
check_same_addresses(const struct making *making)
{
	const struct reading *reading = making->reading;

	for (size_t i = 1; i < reading->section_count; i++)
		for (size_t k = 1; k < i; k++) {
			const struct listener *one = making->objects[i];
			const struct listener *other = making->objects[k];

			if (reading->sections[i].kind != SECTION_LISTENER ||
				reading->sections[k].kind != SECTION_LISTENER ||
				!one->address || !other->address ||
				strcmp(one->address, other->address) != 0)
				continue;
			config_complain(making->reading,
				place_of(making, i, "address"),
				"%s is the address of listener %s too",
				one->address, other->name);
		}
}

static void
check_room(const struct making *making, size_t section)
{
	const struct section *from = &making->reading->sections[section];
	const struct room_class *class = making->objects[section];

	if (!config_is_pattern(from->title))
		config_complain(making->reading, from->place,
			"room '%s': a pattern is a room's name, or how it "
			"begins and a '*' at the end",
			from->title);
	if (class->search && !(class->history && making->config->history))
		config_complain(making->reading,
			place_of(making, section, "search"),
			"search = true: goes only with history = true, here "
			"and for the whole server");
	if (class->join == MAY_MEMBERS)
		config_complain(making->reading,
			place_of(making, section, "join"),
			"join = members: who joins is none yet; must be "
			"anyone, token or api");
}

static void
check_inbox(const struct making *making, size_t section)
{
	if (making->config->inbox.search && !making->config->history)
		config_complain(making->reading,
			place_of(making, section, "search"),
			"search = true: goes only with history = true for the "
			"whole server");
}

static void
check_directory(const struct making *making, const char *name, const char *path,
	size_t bytes_max)
{
	struct place place = place_of(making, 0, name);

	if (path[0] != '/')
		config_complain(making->reading, place,
			"%s = %s: must be an absolute path", name, path);
	else if (strlen(path) > bytes_max)
		config_complain(making->reading, place,
			"%s: a path of at most %zu bytes is possible", name,
			bytes_max);
}

static void
check_paths(const struct making *making)
{
	const struct config *config = making->config;
	size_t socket_room = sizeof(((struct sockaddr_un *)0)->sun_path) -
			     sizeof(STATUS_SOCKET);

	check_directory(making, "run_dir", config->run_dir, socket_room);
	check_directory(making, "data_dir", config->data_dir, 2048);
	check_directory(making, "web_dir", config->web_dir, 2048);
	check_directory(making, "sql_dir", config->sql_dir, 2048);
	if (strcmp(config->log_file, "stderr") != 0)
		check_directory(making, "log_file", config->log_file, 2048);
}

static void
check_sizes(const struct making *making)
{
	const struct config *config = making->config;
	int64_t letter = config->max_message_bytes + LETTER_EXTRA_BYTES;
	const char *name = is_set(making, 0, "ring_bytes")
				   ? "ring_bytes"
				   : "max_message_bytes";

	if (config->ring_bytes & (config->ring_bytes - 1))
		config_complain(making->reading,
			place_of(making, 0, "ring_bytes"),
			"ring_bytes = %lld: must be a power of two",
			(long long)config->ring_bytes);
	else if (letter > config->ring_bytes / 2)
		config_complain(making->reading, place_of(making, 0, name),
			"max_message_bytes = %lld does not go with "
			"ring_bytes = %lld: a message and 4K must fit twice",
			(long long)config->max_message_bytes,
			(long long)config->ring_bytes);
}

static void *
make_object(struct config *config, const struct section *section)
{
	const struct section_form *form = &config_sections[section->kind];
	size_t *count = (size_t *)((char *)config + form->count_offset);
	void *object;

	if (!form->has_title)
		return config_object(config, section->kind, 0);
	object = config_object(config, section->kind, (*count)++);
	*config_title(section->kind, object) = base_strdup(section->title);
	return object;
}

/* Room for all first: objects[] points into the arrays. */
static void
make_objects(struct making *making)
{
	struct reading *reading = making->reading;
	struct config *config = making->config;

	for (unsigned kind = 0; kind < SECTION_KIND_COUNT; kind++) {
		const struct section_form *form = &config_sections[kind];

		if (form->has_title)
			*(void **)((char *)config + form->offset) =
				base_alloc_zeroed(reading->section_count + 1,
					form->bytes);
	}
	making->objects[0] = config;
	for (size_t i = 1; i < reading->section_count; i++) {
		struct section *section = &reading->sections[i];

		making->objects[i] = make_object(config, section);
		config_set_defaults(section->kind, making->objects[i]);
	}
}

static void
check_tenant(const struct making *making, size_t section)
{
	check_name(making, &making->reading->sections[section]);
	config_check_tenant(making->reading, making->config, section,
		making->objects[section]);
}

static void
check_key(const struct making *making, size_t section)
{
	config_check_key(making->reading, making->config, section,
		making->objects[section]);
}

static void
check_bot(const struct making *making, size_t section)
{
	config_check_bot(making->reading, making->config, section,
		making->objects[section]);
}

static void
check_relay(const struct making *making, size_t section)
{
	config_check_relay(making->reading, making->config, section);
}

static void
check_all(const struct making *making)
{
	static void (*const checks[SECTION_KIND_COUNT])(
		const struct making *, size_t) = {
		[SECTION_LISTENER] = check_listener,
		[SECTION_TENANT] = check_tenant,
		[SECTION_KEY] = check_key,
		[SECTION_BOT] = check_bot,
		[SECTION_ROOM] = check_room,
		[SECTION_INBOX] = check_inbox,
		[SECTION_RELAY] = check_relay,
	};
	const struct reading *reading = making->reading;

	for (size_t i = 1; i < reading->section_count; i++) {
		if (reading->sections[i].is_repeated)
			continue;
		if (checks[reading->sections[i].kind])
			checks[reading->sections[i].kind](making, i);
	}
	check_same_addresses(making);
	if (!reading->is_ours)
		check_paths(making);
	check_sizes(making);
	config_check_profiles(making->reading, making->config);
}

static void
note_origins(const struct making *making)
{
	const struct reading *reading = making->reading;
	struct config *config = making->config;

	config->origins = base_alloc_zeroed(
		reading->setting_count + 1, sizeof(struct config_origin));
	for (size_t i = 0; i < reading->setting_count; i++) {
		const struct setting *setting = &reading->settings[i];
		const struct section *section =
			&reading->sections[setting->section];
		struct config_origin *origin =
			&config->origins[config->origin_count++];

		origin->kind = section->kind;
		origin->title = base_strdup(section->title);
		origin->option = config_option(section->kind, setting->name);
		must(asprintf(&origin->place, "%s:%d", setting->place.file,
			     setting->place.line) >= 0);
	}
}

struct config *
config_make(struct reading *reading)
{
	struct making making = { .reading = reading,
		.config = config_new(),
		.objects = base_alloc_zeroed(
			reading->section_count, sizeof(void *)) };

	make_objects(&making);
	note_origins(&making);
	for (size_t i = 0; i < reading->setting_count; i++)
		apply(&making, &reading->settings[i]);
	config_read_secrets(reading, making.config, making.objects);
	check_all(&making);
	free(making.objects);
	return making.config;
}
