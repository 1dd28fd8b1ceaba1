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

/* room "PATTERN" { … }: a pattern is a name, or a prefix and '*'. */
struct room_class {
	char *pattern;
	bool history; /* rooms of this class are remembered */
	bool listed;  /* shown by rooms listed:true */
	bool events;  /* enter and exit are pushed */
	bool search;  /* what is remembered can be searched */
};

struct config {
#define NUMBER(name, standard, min, max, live, help) int64_t name;
#define SIZE(name, standard, min, max, live, help) int64_t name;
#define SECONDS(name, standard, min, max, live, help) int64_t name;
#define FLAG(name, standard, live, help) bool name;
#define TEXT(name, standard, live, help) char *name;
#define CHOICE(name, standard, words, live, help) int name;
#include "shared/options.def"
#undef NUMBER
#undef SIZE
#undef SECONDS
#undef FLAG
#undef TEXT
#undef CHOICE
	bool relay; /* a relay section stands in the file */
	char *path; /* the file it was read from, NULL for --dev */
	struct listener *listeners;
	size_t listener_count;
	struct room_class *room_classes; /* the most specific first */
	size_t room_class_count;
};

/* Reads and checks a file; all its errors are printed to stderr, one line each
 * with file:line and what is allowed. NULL when there are any. */
struct config *config_read(const char *path);

/* The configuration of `make run`: all below directory, loopback only, and
 * every room can be searched. */
struct config *config_dev(
	const char *directory, const char *web_dir, const char *sql_dir);
void config_free(struct config **config);

/* gateways, with 0 replaced by the number of cores. */
unsigned config_gateways(const struct config *config);

/* The most specific class for a room; there is always one. */
const struct room_class *config_room_class(
	const struct config *config, struct text room);

#endif
