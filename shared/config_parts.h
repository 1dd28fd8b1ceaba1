/*
 * How a configuration file is read, for the config_*.c files alone, in this
 * order: config_scan.c walks the text and tells of names that no option has;
 * it blanks them out, since libconfuse would stop at the first of them.
 * config_file.c reads files and includes through libconfuse into settings.
 * config_options.c has the options' tables, config_value.c reads one value of
 * one type with its limits, config_value_write.c writes it. config_check.c
 * makes settings into struct config and looks at what must fit together, as
 * config_check_listener.c, config_check_tenant.c, config_check_profiles.c and
 * config_check_relay.c do.
 * config_secret.c reads the files that options name. config.c and
 * config_tenants.c are the finished thing.
 */
#ifndef SHARED_CONFIG_PARTS_H
#define SHARED_CONFIG_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct bot;
struct buffer;
struct config;
struct key;
struct listener;
struct option_info;
struct tenant;

/* Where something stands in a file; the name is owned by the reading. */
struct place {
	const char *file;
	int line;
};

enum section_kind {
	SECTION_GLOBAL,
	SECTION_LIMITS,
	SECTION_INBOX,
	SECTION_LISTENER,
	SECTION_TENANT,
	SECTION_KEY,
	SECTION_BOT,
	SECTION_ROOM,
	SECTION_RELAY,
	SECTION_SECRET, /* only in what config_write() wrote; never shown */
	SECTION_KIND_COUNT
};

/* What a kind is called in a file, and where struct config has it. Without a
 * title there is only one, at offset; else a pointer to an array is there. */
struct section_form {
	const char *name;
	const char *inside; /* words for an error */
	const struct option_info *options;
	size_t option_count;
	size_t offset;
	bool has_title;
	size_t count_offset;
	size_t bytes;        /* of an element */
	size_t title_offset; /* in it */
};

extern const struct section_form config_sections[SECTION_KIND_COUNT];

/* SECTION_GLOBAL when no section is called so. */
enum section_kind config_section_kind(const char *name);

/* How many there are, and one of them. */
size_t config_count(const struct config *config, enum section_kind kind);
void *config_object(
	const struct config *config, enum section_kind kind, size_t index);

/* Where one with a title has it. */
char **config_title(enum section_kind kind, const void *object);

/* One `listener NAME { … }`; section 0 is the file itself. One without a title
 * has its own name as title. */
struct section {
	enum section_kind kind;
	char *title;
	struct place place;
	bool is_repeated; /* one of that title stood before */
	size_t first;     /* its settings stand together, from this one on */
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
	OPTION_READ_FILE,
	OPTION_READ_FILES,
	OPTION_BYTES,
};

/* One option as options.def or a section's table describes it. offset: of the
 * field in the struct that the section is read into. */
struct option_info {
	const char *name;
	enum option_type type;
	size_t offset;
	size_t count_offset; /* of the field with how many, where there is one
			      */
	int64_t number;      /* default */
	int64_t min, max;    /* of a number; max: bytes of a file */
	const char *text;    /* default of a text */
	const char *words;
	bool is_live;
	const char *help;
};

/* Does it take several values in braces? */
bool config_is_list(const struct option_info *option);

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

/* Gives one object the value of another; for global options, so not for lists.
 */
void config_copy_value(
	const struct option_info *option, void *to, const void *from);

/* Of a number, a choice or a flag. */
int64_t config_number(const struct option_info *option, const void *object);

/* A list of them ends with one without a name. */
struct unit {
	const char *name;
	int64_t factor;
};

/* Of a type of numbers. */
const struct unit *config_units(enum option_type type);

#define CONFIG_NUMBER_BYTES 32

/* In the largest unit that tells it exactly. */
void config_write_number(char out[CONFIG_NUMBER_BYTES], int64_t number,
	const struct unit *units);

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

/* The title of a key is this and a path. */
#define KEY_TITLE_BEGIN "file:"

/* The paths that an option names; 0 when it is of another type. */
size_t config_paths(const struct option_info *option, const void *object,
	const char *const **paths);

/* Reads the file of a key; false when it cannot be used. */
bool config_add_secret(struct config *config, const char *path);

/* Gives one configuration what another has read from a file, if it has not read
 * it by itself. */
void config_copy_secret(
	struct config *to, const struct config *from, const char *path);

/* A relay neither comes nor goes without a restart. */
void config_keep_relay(struct config *new, const struct config *old);

/* Reads each file that an option names; those that are wrong are told. */
void config_read_secrets(
	struct reading *reading, struct config *config, void *const *objects);

/* Do the files of two values, which are the same, hold the same? */
bool config_is_same_content(const struct option_info *option,
	const struct config *one, const struct config *other,
	const void *object);

/* What must fit in listeners, tenants, keys and bots. */
void config_check_listener(struct reading *reading, const struct config *config,
	size_t section, const struct listener *listener);
void config_check_tenant(struct reading *reading, const struct config *config,
	size_t section, const struct tenant *tenant);
void config_check_key(struct reading *reading, const struct config *config,
	size_t section, const struct key *key);
void config_check_bot(struct reading *reading, const struct config *config,
	size_t section, const struct bot *bot);

/* And in what profiles want to know. */
void config_check_profiles(
	struct reading *reading, const struct config *config);

/* And in the relay. */
void config_check_relay(
	struct reading *reading, const struct config *config, size_t section);

/* Where an option was set, or its section when it was not. */
struct place config_place(
	const struct reading *reading, size_t section, const char *name);

/* Is it a room's name, or how one begins and a '*' at the end? */
bool config_is_pattern(const char *pattern);

/* Adds what every configuration has of tenants, and sorts them. */
void config_complete_tenants(struct config *config);

/* Adds the passages, or takes them away again. Each is called as its listener,
 * with this behind it. */
#define PASSAGE_END ".http"
void config_complete_passages(struct config *config);
void config_drop_passages(struct config *config);

/* Has this option of a listener a meaning for its role? */
bool config_role_fits(const struct listener *listener, const char *option);

/* Makes the configuration; what is wrong becomes complaints. */
struct config *config_make(struct reading *reading);

/* Adds what every configuration has: listeners, the room class for all. */
void config_complete(struct config *config);
struct config *config_new(void);

#endif
