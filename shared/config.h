/*
 * The configuration: what confab.conf says, checked. Read by the master before
 * the first fork and inherited by its children; never changed in place.
 */
#ifndef SHARED_CONFIG_H
#define SHARED_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct option_info;

enum durability {
	DURABILITY_COMMIT,
	DURABILITY_FSYNC,
};

enum listener_role {
	LISTENER_WEBSOCKET,
	LISTENER_API,
};

/* listener NAME { … } */
struct listener {
	char *name;
	char *address; /* "127.0.0.1:8089", "[::1]:8089" or "unix:/path" */
	enum listener_role role;
	char **profiles; /* names of worker/gateway/profiles, for websocket */
	size_t profile_count;
	char **origins; /* allowed Origin patterns; "*" allows all and none */
	size_t origin_count;
	bool pages; /* api: serve web_dir */
};

enum who_may {
	MAY_MEMBERS,
	MAY_ANYONE,
	MAY_TOKEN, /* whose token allows it */
	MAY_API,   /* backends only */
};

enum slow_policy {
	SLOW_CLOSE,
	SLOW_DROP,   /* the oldest messages that wait */
	SLOW_NEWEST, /* only the newest one of the room waits */
};

enum login_policy {
	LOGIN_MULTI,
	LOGIN_REPLACE,
	LOGIN_REFUSE,
};

#define NUMBER(name, standard, min, max, live, help) int64_t name;
#define SIZE(name, standard, min, max, live, help) int64_t name;
#define SECONDS(name, standard, min, max, live, help) int64_t name;
#define FLAG(name, standard, live, help) bool name;
#define TEXT(name, standard, live, help) char *name;
#define CHOICE(name, standard, words, live, help) int name;
#define SAMPLE(name, standard, max, live, help) int64_t name;

/* room "PATTERN" { … }: a pattern is a name, or a prefix and '*'. */
struct room_class {
	char *pattern;
#include "shared/room_options.def"
};

/* limits { … } */
struct limits {
#include "shared/limit_options.def"
};

/* Where an option was set: its section, the option, and "file:line", or who has
 * set it. */
struct config_origin {
	unsigned kind;
	char *title;
	const struct option_info *option;
	char *place;
};

struct config {
#include "shared/options.def"
	struct limits limits;
	struct room_class inbox; /* inbox { … }: some options of a room */
	struct config_origin *origins; /* of what the files set */
	size_t origin_count;
	bool relay; /* a relay section stands in the file */
	char *path; /* the file it was read from, NULL for --dev */
	struct listener *listeners;
	size_t listener_count;
	struct room_class *room_classes; /* the most specific first */
	size_t room_class_count;
};

#undef NUMBER
#undef SIZE
#undef SECONDS
#undef FLAG
#undef TEXT
#undef CHOICE
#undef SAMPLE

/* Reads and checks a file; all its errors are printed to stderr, one line each
 * with file:line and what is allowed. NULL when there are any. */
struct config *config_read(const char *path);

/* The same, and each error goes to said(). */
typedef void config_said(void *self, const char *words);
struct config *config_read_telling(
	const char *path, config_said *said, void *self);

/* The same from what config_write() has written, relative paths too; name
 * stands for the file in what is printed. */
struct config *config_read_text(const char *name, struct text text);

/* Appends all of it as a file has it. */
void config_write(const struct config *config, struct buffer *out);

/* One option: its name with its section's, its value as a file has it, and
 * file:line or "default". A secret is only the name of its file. is_live: a
 * reload applies it. */
struct config_listing {
	const char *name, *value, *origin;
	bool is_live;
};

/* Tells every option. */
typedef void config_listed(void *self, const struct config_listing *listing);
void config_list(
	const struct config *config, config_listed *listed, void *self);

/* One difference. name: the option with its section; or a whole section, which
 * was added or removed. is_live: a reload applies it. */
struct config_change {
	const char *name;
	const char *from, *to;
	bool is_live;
};

typedef void config_told(void *self, const struct config_change *change);

void config_compare(const struct config *old, const struct config *new,
	config_told *told, void *self);

/* An option outside of all sections, which a reload applies, gets another value
 * until the next one; origin says by whom. False with the reason in why. */
bool config_override(struct config *config, const char *name, const char *value,
	const char *origin, char *why, size_t why_bytes);

/* What only a restart changes becomes what it was. */
void config_keep_fixed(struct config *new, const struct config *old);

/* The configuration of `make run`: all below directory, loopback only, and
 * every room and inbox can be searched. */
struct config *config_dev(
	const char *directory, const char *web_dir, const char *sql_dir);
void config_free(struct config **config);

/* One that nobody else changes. */
struct config *config_copy(const struct config *config);

/* Each gets the content of the other; the addresses stay. */
void config_swap(struct config *one, struct config *other);

/* gateways, with 0 replaced by the number of cores. */
unsigned config_gateways(const struct config *config);

/* The most specific class for a room; there is always one. */
const struct room_class *config_room_class(
	const struct config *config, struct text room);

/* The same for any stream, by its enum stream_kind. */
const struct room_class *config_stream_class(
	const struct config *config, unsigned kind, struct text name);

#endif
