/*
 * The configuration: what confab.conf says, checked. Read by the master before
 * the first fork and inherited by its children; never changed in place.
 */
#ifndef SHARED_CONFIG_H
#define SHARED_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/crypto_algorithm.h"
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

enum tls_version {
	TLS_VERSION_1_2,
	TLS_VERSION_1_3,
};

enum tenant_auth {
	AUTH_NONE,
	AUTH_TOKEN,
};

/* In the order of their words in config_tenants.c. */
enum webhook_event {
	EVENT_ONLINE,
	EVENT_OFFLINE,
	EVENT_ENTER,
	EVENT_EXIT,
	EVENT_OCCUPIED,
	EVENT_VACATED,
	EVENT_MESSAGE,
	EVENT_COUNT
};

enum when_down {
	WHEN_DOWN_REFUSE,
	WHEN_DOWN_ALLOW,
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

/* On a listener one more: 0 is as the profile has it. */
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
#define LIST(name, count, live, help)                                          \
	char **name;                                                           \
	size_t count;
#define READ_FILE(name, bytes, live, help) char *name;
#define READ_FILES(name, count, bytes, live, help) LIST(name, count, live, help)
#define BYTES(name, length, live, help)                                        \
	uint8_t *name;                                                         \
	size_t length;

/* listener NAME { … }. profiles: names of profiles.def; origins: allowed Origin
 * patterns, "*" allows all and none. */
struct listener {
	char *name;
	bool is_passage; /* see config_passage() */
#include "shared/listener_options.def"
};

/* tenant NAME { … }; no text is NULL, an empty one is off. */
struct tenant {
	char *name;
	unsigned event_mask; /* 1 << enum webhook_event */
#include "shared/tenant_options.def"
};

/* key "file:PATH" { … }: who sends what stands in the file is a backend. */
struct key {
	char *title; /* "file:PATH" */
#include "shared/key_options.def"
};

/* bot NAME { … }: a user whose ears are a URL. */
struct bot {
	char *name;
#include "shared/bot_options.def"
};

/* What stood in a file that an option names when the configuration was read,
 * without the line break at its end. It is never shown. */
struct secret {
	char *number; /* of no meaning */
#include "shared/secret_options.def"
};

/* room "PATTERN" { … }: a pattern is a name, or a prefix and '*'. */
struct room_class {
	char *pattern;
#include "shared/room_options.def"
};

/* limits { … } */
struct limits {
#include "shared/limit_options.def"
};

/* More are no mesh. */
#define RELAY_PEERS_MAX 32
#define CLUSTER_BYTES_MAX 64

/* relay { … }; an empty listen: there is none. */
struct config_relay {
#include "shared/relay_options.def"
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
	struct config_relay relay;
	struct room_class inbox; /* inbox { … }: some options of a room */
	struct config_origin *origins; /* of what the files set */
	size_t origin_count;
	char *path; /* the file it was read from, NULL for --dev */
	struct listener *listeners; /* passages last */
	size_t listener_count;
	size_t passage_count;            /* of them */
	struct room_class *room_classes; /* the most specific first */
	size_t room_class_count;
	struct tenant *tenants; /* by name; default is always there */
	size_t tenant_count;
	struct key *keys;
	size_t key_count;
	struct bot *bots;
	size_t bot_count;
	struct secret *secrets; /* each file once */
	size_t secret_count;
};

#undef NUMBER
#undef SIZE
#undef SECONDS
#undef FLAG
#undef TEXT
#undef CHOICE
#undef SAMPLE
#undef LIST
#undef READ_FILE
#undef READ_FILES
#undef BYTES

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

/* Appends all of it as a file has it, and what stands in the files that it
 * names: for processes of ours alone. */
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
 * was added or removed. Of a file whose content is another, from is empty and
 * to says so. is_live: a reload applies it. */
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

/* The configuration of `make run`: all below directory, loopback only, with
 * the pages, and every room and inbox can be searched. What stands in the file
 * CONFIG_DEV_KEY below directory, if there is one, is a key for all tenants. */
#define CONFIG_DEV_KEY "/api.key"
struct config *config_dev(
	const char *directory, const char *web_dir, const char *sql_dir);
void config_free(struct config **config);

/* Where a gateway carries what comes to this listener and is no WebSocket: an
 * api listener on a unix socket, which no file describes; NULL: nowhere. */
const struct listener *config_passage(
	const struct config *config, const struct listener *front);

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

/* NULL when no tenant is called so. */
const struct tenant *config_tenant(
	const struct config *config, struct text name);

/* Of a path that an option names: never NULL then, and never empty. */
const struct secret *config_secret(
	const struct config *config, const char *path);

/* What stands in its file. */
struct text config_key_text(const struct config *config, const struct key *key);

/* May it log in there? */
bool config_has_platform(const struct tenant *tenant, int64_t platform);

/* Does this bot, or any, hear what is said in a room? */
bool config_bot_hears(
	const struct bot *bot, struct text tenant, struct text room);
bool config_has_bot(
	const struct config *config, struct text tenant, struct text room);

/* "online" for EVENT_ONLINE. */
const char *config_event_name(enum webhook_event event);

#endif
