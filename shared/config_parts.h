/*
 * How a configuration file is read, for the config_*.c files alone, in this
 * order: config_scan.c walks the text and tells of names that no option has;
 * it blanks them out, since libconfuse would stop at the first of them.
 * config_file.c reads files and includes through libconfuse into settings.
 * config_options.c has the options' tables, config_value.c reads one value of
 * one type with its limits. config_check.c makes settings into struct config
 * and looks at what must fit together. config.c is the finished thing.
 */
#ifndef SHARED_CONFIG_PARTS_H
#define SHARED_CONFIG_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct config;
struct listener;

/* Where something stands in a file; the name is owned by the reading. */
struct place {
	const char *file;
	int line;
};

enum section_kind {
	SECTION_GLOBAL,
	SECTION_LISTENER,
	SECTION_ROOM,
	SECTION_LIMITS,
	SECTION_INBOX,
	SECTION_KIND_COUNT
};

/* What a kind is called in a file; without a title there is only one. */
struct section_form {
	const char *name;
	bool has_title;
	const char *inside; /* words for an error */
};

extern const struct section_form config_sections[SECTION_KIND_COUNT];

/* SECTION_GLOBAL when no section is called so. */
enum section_kind config_section_kind(const char *name);

/* One `listener NAME { … }`; section 0 is the file itself. One without a title
 * has its own name as title. */
struct section {
	enum section_kind kind;
	char *title;
	struct place place;
	bool is_repeated; /* one of that title stood before */
};

/* One `name = value`, or a list of values. */
struct setting {
	size_t section;
	char *name;
	struct place place; /* of the name */
	char **values;
	struct place *value_places;
	size_t value_count;
};

struct complaint {
	struct place place;
	size_t order;
	char *words;
};

/* All that reading a configuration finds, before it is a struct config. */
struct reading {
	bool is_ours; /* written by config_write(), so paths are as they are */
	char **files; /* names, in the order they were read */
	size_t file_count;
	struct section *sections;
	size_t section_count;
	struct setting *settings;
	size_t setting_count;
	struct complaint *complaints;
	size_t complaint_count;
};

enum option_type {
	OPTION_NUMBER,
	OPTION_SIZE,
	OPTION_SECONDS,
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_CHOICE,
	OPTION_SAMPLE,
	OPTION_LIST,
};

/* One option as options.def or a section's table describes it. offset: of the
 * field in the struct that the section is read into. */
struct option_info {
	const char *name;
	enum option_type type;
	size_t offset;
	size_t count_offset; /* OPTION_LIST: of the field with the length */
	int64_t number;      /* default */
	int64_t min, max;
	const char *text; /* default of a text */
	const char *words;
	bool is_live;
	const char *help;
};

/* The options of a kind of section. */
const struct option_info *config_options(enum section_kind kind, size_t *count);
const struct option_info *config_option(
	enum section_kind kind, const char *name);

/* Fills what object points to with the defaults of its options. */
void config_set_defaults(enum section_kind kind, void *object);
void config_free_object(enum section_kind kind, void *object);

/* Reads one value into its field; false with the reason in why. */
bool config_set_value(const struct option_info *option, void *object,
	const char *value, char *why, size_t why_bytes);

/* Gives one object the value of another; not for lists. */
void config_copy_value(
	const struct option_info *option, void *to, const void *from);

/* Appends a value as a file has it. */
void config_write_value(const struct option_info *option, const void *object,
	struct buffer *out);

__attribute__((format(printf, 3, 4))) void config_complain(
	struct reading *reading, struct place place, const char *format, ...);

/* NULL when the option was not set. */
struct setting *config_find_setting(
	const struct reading *reading, size_t section, const char *name);

/* Notes which names stand in the text and blanks out the statements that cannot
 * be used; includes are added to the files. The text is ended by a zero. */
void config_scan(struct reading *reading, const char *file, char *text);

/* Reads a file and all that it includes; or, as if it were that file, a text.
 */
void config_read_files(struct reading *reading, const char *path);
void config_read_one(
	struct reading *reading, const char *name, struct text text);

/* Has this option of a listener a meaning for its role? */
bool config_role_fits(const struct listener *listener, const char *option);

/* Makes the configuration; what is wrong becomes complaints. */
struct config *config_make(struct reading *reading);

/* Adds what every configuration has: listeners, the room class for all. */
void config_complete(struct config *config);
struct config *config_new(void);

#endif
