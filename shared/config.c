#include "shared/config.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config_parts.h"
#include "shared/records.h"

struct config *
config_new(void)
{
	struct config *config = base_alloc_zeroed(1, sizeof(*config));

	config_set_defaults(SECTION_GLOBAL, config);
	config_set_defaults(SECTION_LIMITS, &config->limits);
	config_set_defaults(SECTION_RELAY, &config->relay);
	config_set_defaults(SECTION_ROOM, &config->inbox);
	config_set_defaults(SECTION_INBOX, &config->inbox);
	config->inbox.listed = config->inbox.events = false;
	return config;
}

/* All of a kind with titles. */
static void
free_section(struct config *config, enum section_kind kind)
{
	for (size_t i = 0; i < config_count(config, kind); i++) {
		void *object = config_object(config, kind, i);

		free(*config_title(kind, object));
		config_free_object(kind, object);
	}
	free(config_object(config, kind, 0));
}

void
config_free(struct config **config)
{
	struct config *old = *config;

	if (!old)
		return;
	config_drop_passages(old);
	for (unsigned kind = 0; kind < SECTION_KIND_COUNT; kind++)
		if (config_sections[kind].has_title)
			free_section(old, (enum section_kind)kind);
	for (size_t i = 0; i < old->origin_count; i++) {
		free(old->origins[i].title);
		free(old->origins[i].place);
	}
	free(old->origins);
	config_free_object(SECTION_RELAY, &old->relay);
	config_free_object(SECTION_GLOBAL, old);
	free(old->path);
	free(old);
	*config = NULL;
}

void
config_swap(struct config *one, struct config *other)
{
	struct config kept = *one;

	*one = *other;
	*other = kept;
}

static void
set_list(char ***list, size_t *count, const char *word)
{
	*list = base_alloc(sizeof(char *));
	(*list)[0] = base_strdup(word);
	*count = 1;
}

static void
add_listener(struct config *config, const char *name, const char *address,
	enum listener_role role)
{
	struct listener *made;

	config->listeners = base_realloc(config->listeners,
		(config->listener_count + 1) * sizeof(*made));
	made = &config->listeners[config->listener_count++];
	*made = (struct listener){ .name = base_strdup(name) };
	config_set_defaults(SECTION_LISTENER, made);
	made->address = base_strdup(address);
	made->role = role;
}

/* An exact name before prefixes, a longer prefix before a shorter one. */
static int
compare_classes(const void *a, const void *b)
{
	const struct room_class *one = a, *other = b;
	size_t one_length = strlen(one->pattern);
	size_t other_length = strlen(other->pattern);
	bool one_is_prefix = strchr(one->pattern, '*') != NULL;
	bool other_is_prefix = strchr(other->pattern, '*') != NULL;

	if (one_is_prefix != other_is_prefix)
		return one_is_prefix ? 1 : -1;
	if (one_length != other_length)
		return one_length < other_length ? 1 : -1;
	return strcmp(one->pattern, other->pattern);
}

static void
complete_room_classes(struct config *config)
{
	size_t count = config->room_class_count;

	for (size_t i = 0; i < count; i++)
		if (strcmp(config->room_classes[i].pattern, "*") == 0)
			return;
	config->room_classes = base_realloc(
		config->room_classes, (count + 1) * sizeof(struct room_class));
	config->room_classes[count] =
		(struct room_class){ .pattern = base_strdup("*") };
	config_set_defaults(SECTION_ROOM, &config->room_classes[count]);
	config->room_class_count++;
}

void
config_complete(struct config *config)
{
	if (config->listener_count == 0) {
		add_listener(
			config, "public", "127.0.0.1:8089", LISTENER_WEBSOCKET);
		add_listener(config, "backend", "127.0.0.1:8080", LISTENER_API);
	}
	for (size_t i = 0; i < config->listener_count; i++) {
		struct listener *listener = &config->listeners[i];

		if (listener->role != LISTENER_WEBSOCKET)
			continue;
		if (listener->profile_count == 0)
			set_list(&listener->profiles, &listener->profile_count,
				"confab");
		if (listener->origin_count == 0)
			set_list(&listener->origins, &listener->origin_count,
				"*");
	}
	config_complete_passages(config);
	config_complete_tenants(config);
	complete_room_classes(config);
	qsort(config->room_classes, config->room_class_count,
		sizeof(struct room_class), compare_classes);
}

static size_t
file_index(const struct reading *reading, const char *file)
{
	size_t index = 0;

	while (index < reading->file_count && reading->files[index] != file)
		index++;
	return index;
}

static int
compare_complaints(const void *a, const void *b, void *self)
{
	const struct complaint *one = a, *other = b;
	size_t one_file = file_index(self, one->place.file);
	size_t other_file = file_index(self, other->place.file);

	if (one_file != other_file)
		return one_file < other_file ? -1 : 1;
	if (one->place.line != other->place.line)
		return one->place.line < other->place.line ? -1 : 1;
	return one->order < other->order ? -1 : one->order > other->order;
}

static void
tell_complaints(struct reading *reading, config_said *said, void *self)
{
	qsort_r(reading->complaints, reading->complaint_count,
		sizeof(struct complaint), compare_complaints, reading);
	for (size_t i = 0; i < reading->complaint_count; i++) {
		const struct complaint *one = &reading->complaints[i];
		char line[24] = "";
		char *words;

		if (one->place.line > 0)
			snprintf(line, sizeof(line), ":%d", one->place.line);
		must(asprintf(&words, "%s%s: %s", one->place.file, line,
			     one->words) >= 0);
		said(self, words);
		free(words);
	}
}

static void
print(void *self, const char *words)
{
	(void)self;
	fprintf(stderr, "%s\n", words);
}

static void
reading_fini(struct reading *reading)
{
	for (size_t i = 0; i < reading->file_count; i++)
		free(reading->files[i]);
	for (size_t i = 0; i < reading->section_count; i++)
		free(reading->sections[i].title);
	for (size_t i = 0; i < reading->setting_count; i++) {
		struct setting *setting = &reading->settings[i];

		for (size_t k = 0; k < setting->value_count; k++)
			free(setting->values[k]);
		free(setting->values);
		free(setting->value_places);
		free(setting->name);
	}
	for (size_t i = 0; i < reading->complaint_count; i++)
		free(reading->complaints[i].words);
	free(reading->files);
	free(reading->sections);
	free(reading->settings);
	free(reading->complaints);
}

/* What was read becomes the configuration, or is said to be wrong. */
static struct config *
finish(struct reading *reading, config_said *said, void *self)
{
	struct config *config = config_make(reading);

	if (reading->complaint_count > 0) {
		tell_complaints(reading, said, self);
		config_free(&config);
	} else {
		config->path = base_strdup(reading->files[0]);
		config_complete(config);
	}
	reading_fini(reading);
	return config;
}

struct config *
config_read_telling(const char *path, config_said *said, void *self)
{
	struct reading reading = { 0 };

	config_read_files(&reading, path);
	return finish(&reading, said, self);
}

struct config *
config_read(const char *path)
{
	return config_read_telling(path, print, NULL);
}

struct config *
config_read_text(const char *name, struct text text)
{
	struct reading reading = { .is_ours = true };

	config_read_one(&reading, name, text);
	return finish(&reading, print, NULL);
}

static void
replace(char **field, const char *directory, const char *below)
{
	free(*field);
	must(asprintf(field, "%s%s", directory, below) >= 0);
}

/* Of all tenants; without the file there is none. */
static void
add_key(struct config *config, const char *path)
{
	struct key *key;

	if (!config_add_secret(config, path))
		return;
	key = base_alloc_zeroed(1, sizeof(*key));
	config_set_defaults(SECTION_KEY, key);
	must(asprintf(&key->title, KEY_TITLE_BEGIN "%s", path) >= 0);
	config->keys = key;
	config->key_count = 1;
}

/* What --dev serves: each profile on the ports that its own system has, all on
 * loopback. */
static const struct {
	const char *name;
	const char *address;
	enum listener_role role;
	bool pages;
	const char *profiles[2]; /* NULL: no more */
} dev_listeners[] = {
	{ "public", "127.0.0.1:8089", LISTENER_WEBSOCKET, false,
		{ "confab", "im" } },
	{ "backend", "127.0.0.1:8080", LISTENER_API, true, { "im" } },
	{ "groupchat", "127.0.0.1:8282", LISTENER_WEBSOCKET, false,
		{ "groupchat" } },
	{ "push", "127.0.0.1:3210", LISTENER_WEBSOCKET, false, { "push" } },
	{ "client", "127.0.0.1:7800", LISTENER_WEBSOCKET, false, { "client" } },
};

static void
add_profile(struct listener *listener, const char *name)
{
	listener->profiles = base_realloc(listener->profiles,
		(listener->profile_count + 1) * sizeof(char *));
	listener->profiles[listener->profile_count++] = base_strdup(name);
}

static void
add_dev_listeners(struct config *config)
{
	for (size_t i = 0; i < ARRAY_LEN(dev_listeners); i++) {
		const char *const *profiles = dev_listeners[i].profiles;
		struct listener *made;

		add_listener(config, dev_listeners[i].name,
			dev_listeners[i].address, dev_listeners[i].role);
		made = &config->listeners[config->listener_count - 1];
		made->pages = dev_listeners[i].pages;
		for (size_t k = 0;
			k < ARRAY_LEN(dev_listeners[i].profiles) && profiles[k];
			k++)
			add_profile(made, profiles[k]);
	}
}

struct config *
config_dev(const char *directory, const char *web_dir, const char *sql_dir)
{
	struct config *config = config_new();
	char *key;

	replace(&config->run_dir, directory, "/run");
	replace(&config->data_dir, directory, "/data");
	replace(&config->web_dir, web_dir, "");
	replace(&config->sql_dir, sql_dir, "");
	replace(&config->user, "", "");
	replace(&config->group, "", "");
	must(asprintf(&key, "%s%s", directory, CONFIG_DEV_KEY) >= 0);
	add_key(config, key);
	free(key);
	add_dev_listeners(config);
	config_complete(config);
	config->room_classes[0].search = config->inbox.search = true;
	return config;
}

unsigned
config_gateways(const struct config *config)
{
	cpu_set_t cores;
	int count = 1;

	if (config->gateways > 0)
		return (unsigned)config->gateways;
	if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		count = CPU_COUNT(&cores);
	return (unsigned)MIN_OF(MAX_OF(count, 1), 256);
}

const struct room_class *
config_room_class(const struct config *config, struct text room)
{
	for (size_t i = 0; i < config->room_class_count; i++)
		if (text_fits(room, text_of(config->room_classes[i].pattern)))
			return &config->room_classes[i];
	must(!"there is a class for all rooms");
	return NULL;
}

const struct room_class *
config_stream_class(
	const struct config *config, unsigned kind, struct text name)
{
	return kind == STREAM_INBOX ? &config->inbox
				    : config_room_class(config, name);
}
