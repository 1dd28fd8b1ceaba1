/*
 * The files that options name: keys, secrets, certificates. They are read
 * together with the configuration and travel with it to the children, so that
 * none of those needs rights to read them, or fails since a file is gone. A
 * secret that others on this machine could read or change is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/config_parts.h"

#define KEY_BYTES_LIMIT 4096
#define WHY_BYTES 256

/* A file that is wanted, and why it is not to be had. */
struct wanted {
	const char *path;
	size_t bytes_max;
	bool is_public; /* others may read it */
	char why[WHY_BYTES];
};

static bool
may_be_read(struct wanted *wanted, const struct stat *what)
{
	const char *why = NULL;

	if (!S_ISREG(what->st_mode))
		why = "is no regular file";
	else if (what->st_mode & S_IWOTH)
		why = "can be changed by everyone: take that right away "
		      "(chmod o-w)";
	else if ((what->st_mode & (S_IROTH | S_IXOTH)) && !wanted->is_public)
		why = "can be read by everyone: take that right away "
		      "(chmod o=)";
	if (why)
		snprintf(wanted->why, WHY_BYTES, "%s", why);
	return !why;
}

/* -1: it cannot be read, or the reason stands in why. */
static ssize_t
read_all(int fd, struct wanted *wanted, uint8_t *bytes)
{
	size_t length = 0;
	ssize_t got;

	do {
		got = read(fd, bytes + length, wanted->bytes_max + 1 - length);
		if (got < 0 && errno != EINTR)
			return -1;
		length += got > 0 ? (size_t)got : 0;
	} while (got != 0 && length <= wanted->bytes_max);
	if (length > 0 && bytes[length - 1] == '\n')
		length--;
	if (length > wanted->bytes_max)
		snprintf(wanted->why, WHY_BYTES, "has more than %zu bytes",
			wanted->bytes_max);
	else if (length == 0)
		snprintf(wanted->why, WHY_BYTES, "is empty");
	return (ssize_t)length;
}

static int
open_file(struct wanted *wanted)
{
	int fd = open(
		wanted->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat what;

	if (fd < 0 || fstat(fd, &what) < 0)
		snprintf(wanted->why, WHY_BYTES, "cannot be read: %s",
			strerror(errno));
	else if (may_be_read(wanted, &what))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* False with the reason in why. */
static bool
read_secret(struct wanted *wanted, struct secret *secret)
{
	ssize_t length;
	int fd = open_file(wanted);

	if (fd < 0)
		return false;
	secret->bytes = base_alloc(wanted->bytes_max + 1);
	length = read_all(fd, wanted, secret->bytes);
	if (length < 0)
		snprintf(wanted->why, WHY_BYTES, "cannot be read: %s",
			strerror(errno));
	close(fd);
	if (wanted->why[0] == 0) {
		secret->length = (size_t)length;
		return true;
	}
	explicit_bzero(secret->bytes, wanted->bytes_max + 1);
	free(secret->bytes);
	return false;
}

static void
keep_secret(struct config *config, const char *path, struct secret *taken)
{
	size_t count = config->secret_count;

	if (config_secret(config, path)) {
		config_free_object(SECTION_SECRET, taken);
		return;
	}
	must(asprintf(&taken->number, "%zu", count) >= 0);
	taken->path = base_strdup(path);
	config->secrets = base_realloc(
		config->secrets, (count + 1) * sizeof(*config->secrets));
	config->secrets[count] = *taken;
	config->secret_count++;
}

void
config_copy_secret(
	struct config *to, const struct config *from, const char *path)
{
	const struct secret *secret = config_secret(from, path);
	struct secret copy = { .length = secret->length };

	copy.bytes = base_alloc(secret->length + 1);
	memcpy(copy.bytes, secret->bytes, secret->length);
	keep_secret(to, path, &copy);
}

bool
config_add_secret(struct config *config, const char *path)
{
	struct wanted wanted = { .path = path, .bytes_max = KEY_BYTES_LIMIT };
	struct secret secret = { 0 };

	if (!read_secret(&wanted, &secret))
		return false;
	keep_secret(config, path, &secret);
	return true;
}

/* One that cannot be used takes no place, and each option that names it is told
 * of. One that another option names, too, is looked at again: what is a
 * certificate there may be a secret here. */
static void
add_secret(struct reading *reading, struct config *config,
	struct wanted *wanted, struct place place, const char *name)
{
	struct secret secret = { 0 };

	if (wanted->path[0] != '/')
		snprintf(wanted->why, WHY_BYTES, "must be an absolute path");
	if (wanted->why[0] != 0 || !read_secret(wanted, &secret)) {
		config_complain(reading, place, "%s: %s %s", name, wanted->path,
			wanted->why);
		return;
	}
	keep_secret(config, wanted->path, &secret);
}

/* Certificates are for everyone, and keys that only check signatures. */
static bool
is_public(enum section_kind kind, const struct option_info *option,
	const void *object)
{
	const struct tenant *tenant = object;

	if (kind == SECTION_LISTENER)
		return strcmp(option->name, "tls_certificate") == 0;
	if (kind == SECTION_RELAY)
		return strcmp(option->name, "tls_cert") == 0 ||
		       strcmp(option->name, "tls_ca") == 0;
	if (kind != SECTION_TENANT)
		return false;
	return strcmp(option->name, "token_jwks_file") == 0 ||
	       (tenant->token_algorithm != CRYPTO_HS256 &&
		       strcmp(option->name, "token_key_file") == 0);
}

static void
read_option(struct reading *reading, struct config *config, size_t section,
	const struct option_info *option, const void *object)
{
	enum section_kind kind = reading->sections[section].kind;
	const char *const *paths;
	size_t count = config_paths(option, object, &paths);

	for (size_t i = 0; i < count; i++) {
		struct wanted wanted = {
			.path = paths[i],
			.bytes_max = (size_t)option->max,
			.is_public = is_public(kind, option, object),
		};

		add_secret(reading, config, &wanted,
			config_place(reading, section, option->name),
			option->name);
	}
}

static void
read_key(struct reading *reading, struct config *config, size_t section)
{
	const struct section *from = &reading->sections[section];
	struct wanted wanted = {
		.path = from->title + strlen(KEY_TITLE_BEGIN),
		.bytes_max = KEY_BYTES_LIMIT,
	};

	if (!text_has_prefix(text_of(from->title), text_of(KEY_TITLE_BEGIN)))
		return;
	if (!reading->is_ours)
		add_secret(reading, config, &wanted, from->place, "key");
	else if (!config_secret(config, wanted.path))
		config_complain(reading, from->place,
			"%s: what stands in it did not come along",
			from->title);
}

/* What the sender has read came along. */
static void
check_travelled(struct reading *reading, const struct config *config,
	size_t section, const struct option_info *option, const void *object)
{
	const char *const *paths;
	size_t count = config_paths(option, object, &paths);

	for (size_t i = 0; i < count; i++)
		if (!config_secret(config, paths[i]))
			config_complain(reading,
				config_place(reading, section, option->name),
				"%s: what stands in %s did not come along",
				option->name, paths[i]);
}

void
config_read_secrets(
	struct reading *reading, struct config *config, void *const *objects)
{
	for (size_t i = 1; i < reading->section_count; i++) {
		enum section_kind kind = reading->sections[i].kind;
		size_t count;
		const struct option_info *options =
			config_options(kind, &count);

		for (size_t k = 0; k < count; k++)
			if (reading->is_ours)
				check_travelled(reading, config, i, &options[k],
					objects[i]);
			else
				read_option(reading, config, i, &options[k],
					objects[i]);
		if (kind == SECTION_KEY)
			read_key(reading, config, i);
	}
}
