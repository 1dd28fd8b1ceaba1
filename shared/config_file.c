/*
 * Files into settings. libconfuse tokenizes and says what is wrong with the
 * syntax; values are kept as texts with the line they stand in and are checked
 * later, all of them, so that one run tells all that is wrong.
 */
#include "shared/config_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#include "shared/base.h"

#define FILE_BYTES_MAX (4u << 20)

/* Of the file being read: libconfuse's callbacks have no pointer of ours. */
static struct {
	struct reading *reading;
	const char *file;
	size_t section; /* of the last value; 0: of none */
} now;

/* Do these settings stand in this section? One that was described before has
 * several sections, of which libconfuse makes one. */
static bool
is_of(const struct section *section, const cfg_t *cfg)
{
	const struct section_form *form = &config_sections[section->kind];
	const char *title = form->has_title ? cfg->title : form->name;

	return strcmp(form->name, cfg->name) == 0 && title &&
	       strcmp(section->title, title) == 0;
}

struct setting *
config_find_setting(
	const struct reading *reading, size_t section, const char *name)
{
	size_t first = reading->sections[section].first;

	for (size_t i = first; i < reading->setting_count; i++) {
		struct setting *setting = &reading->settings[i];

		if (setting->section == section &&
			strcmp(setting->name, name) == 0)
			return setting;
		if (setting->section != section && section > 0)
			break;
	}
	return NULL;
}

static struct setting *
find_setting(const struct reading *reading, const cfg_t *cfg, const char *name)
{
	struct setting *setting = NULL;

	if (config_section_kind(cfg->name) == SECTION_GLOBAL)
		return config_find_setting(reading, 0, name);
	if (now.section && is_of(&reading->sections[now.section], cfg))
		setting = config_find_setting(reading, now.section, name);
	for (size_t i = 1; i < reading->section_count && !setting; i++)
		if (is_of(&reading->sections[i], cfg)) {
			setting = config_find_setting(reading, i, name);
			now.section = i;
		}
	return setting;
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct place place = { now.file, cfg->line };
	struct setting *setting = find_setting(now.reading, cfg, opt->name);

	*(const char **)result = value;
	if (!setting) {
		config_complain(now.reading, place,
			"%s: write names and titles without escapes",
			opt->name);
		return 0;
	}
	setting->values = base_realloc(
		setting->values, (setting->value_count + 1) * sizeof(char *));
	setting->value_places = base_realloc(setting->value_places,
		(setting->value_count + 1) * sizeof(struct place));
	setting->values[setting->value_count] = base_strdup(value);
	setting->value_places[setting->value_count++] = place;
	return 0;
}

__attribute__((format(printf, 2, 0))) static void
on_error(cfg_t *cfg, const char *format, va_list args)
{
	char words[512];

	vsnprintf(words, sizeof(words), format, args);
	config_complain(now.reading, (struct place){ now.file, cfg->line },
		"%s", words);
}

/* The options of a kind as libconfuse wants them, with room for the sections
 * and the end. */
static cfg_opt_t *
options_of(enum section_kind kind, size_t *count)
{
	const struct option_info *options = config_options(kind, count);
	cfg_opt_t *made =
		base_alloc_zeroed(*count + SECTION_KIND_COUNT, sizeof(*made));

	for (size_t i = 0; i < *count; i++) {
		cfg_opt_t one = CFG_STR_CB(0, 0, CFGF_NODEFAULT, on_value);

		one.name = options[i].name;
		if (config_is_list(&options[i]))
			one.flags |= CFGF_LIST;
		made[i] = one;
	}
	return made;
}

static void
parse(FILE *stream)
{
	cfg_opt_t *sections[SECTION_KIND_COUNT];
	size_t count, ignored;
	cfg_opt_t *global = options_of(SECTION_GLOBAL, &count);
	cfg_t *cfg;

	for (unsigned i = SECTION_GLOBAL + 1; i < SECTION_KIND_COUNT; i++) {
		const struct section_form *form = &config_sections[i];
		cfg_opt_t one = CFG_SEC(0, 0, 0);

		sections[i] = options_of((enum section_kind)i, &ignored);
		one.name = form->name;
		one.subopts = sections[i];
		one.flags =
			form->has_title ? CFGF_MULTI | CFGF_TITLE : CFGF_NONE;
		global[count++] = one;
	}
	cfg = cfg_init(global, CFGF_NONE);
	must(cfg != NULL);
	cfg_set_error_function(cfg, on_error);
	cfg->filename = base_strdup(now.file);
	cfg_parse_fp(cfg, stream);
	cfg_free(cfg);
	free(global);
	for (unsigned i = SECTION_GLOBAL + 1; i < SECTION_KIND_COUNT; i++)
		free(sections[i]);
}

/* The whole file, ended by a zero; NULL with the reason in errno. */
static char *
load(const char *path, size_t *length)
{
	FILE *stream = fopen(path, "re");
	char *text = NULL;

	if (!stream)
		return NULL;
	text = base_alloc(FILE_BYTES_MAX + 1);
	*length = fread(text, 1, FILE_BYTES_MAX, stream);
	if (ferror(stream)) {
		int reason = errno;

		free(text);
		text = NULL;
		errno = reason;
	} else {
		text[*length] = 0;
	}
	fclose(stream);
	return text;
}

/* The text is ended by a zero, and changed. */
static void
read_text(struct reading *reading, const char *name, char *text, size_t length)
{
	struct place whole = { name, 0 };
	FILE *stream;

	if ((length >= FILE_BYTES_MAX && !reading->is_ours) ||
		strlen(text) != length) {
		config_complain(reading, whole,
			"is no configuration: too large or not a text");
		return;
	}
	if (length == 0)
		return;
	now.reading = reading;
	now.file = name;
	now.section = 0;
	config_scan(reading, name, text);
	stream = fmemopen(text, length, "r");
	must(stream != NULL);
	parse(stream);
	fclose(stream);
}

static void
read_file(struct reading *reading, const char *path)
{
	size_t length = 0;
	char *text = load(path, &length);

	if (text)
		read_text(reading, path, text, length);
	else
		config_complain(reading, (struct place){ path, 0 },
			"cannot be read: %s", strerror(errno));
	free(text);
}

static void
begin(struct reading *reading, const char *name)
{
	reading->files = base_alloc(sizeof(char *));
	reading->files[0] = base_strdup(name);
	reading->file_count = 1;
	reading->sections = base_alloc_zeroed(1, sizeof(struct section));
	reading->sections[0].title = base_strdup("");
	reading->section_count = 1;
}

void
config_read_files(struct reading *reading, const char *path)
{
	begin(reading, path);
	for (size_t i = 0; i < reading->file_count; i++)
		read_file(reading, reading->files[i]);
}

void
config_read_one(struct reading *reading, const char *name, struct text text)
{
	char *copy = base_alloc(text.length + 1);

	begin(reading, name);
	memcpy(copy, text.at, text.length);
	copy[text.length] = 0;
	read_text(reading, reading->files[0], copy, text.length);
	free(copy);
}

void
config_complain(
	struct reading *reading, struct place place, const char *format, ...)
{
	size_t count = reading->complaint_count;
	va_list args;
	char *words;

	va_start(args, format);
	if (vasprintf(&words, format, args) < 0)
		words = NULL;
	va_end(args);
	must(words != NULL);
	reading->complaints = base_realloc(
		reading->complaints, (count + 1) * sizeof(struct complaint));
	reading->complaints[count] = (struct complaint){ place, count, words };
	reading->complaint_count++;
}
