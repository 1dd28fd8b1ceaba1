#include "worker/api/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/buffer.h"
#include "shared/hash.h"
#include "shared/log.h"
#include "shared/percent.h"
#include "shared/table.h"

/*
 * A path is decoded and then believed only as names without a leading dot, so
 * "..", hidden files and empty names fall out before any file is touched. What
 * the file system makes of it is resolved and must still lie in the directory.
 * The cache is bounded by the directory, of which it can hold each file once.
 */

#define PATH_BYTES_MAX 512
#define FILE_BYTES_MAX (16 * 1024 * 1024)

struct kept {
	char *path; /* decoded, without the first '/' */
	struct web_file file;
	struct buffer body;
	struct timespec changed;
	off_t size;
	ino_t inode;
	UT_hash_handle hh;
};

struct pages {
	char *directory; /* as configured */
	char *root;      /* resolved; NULL until it is there */
	struct kept *kept;
};

static const struct {
	const char *ending;
	const char *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".json", "application/json" },
	{ ".webmanifest", "application/manifest+json" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".jpg", "image/jpeg" },
	{ ".gif", "image/gif" },
	{ ".webp", "image/webp" },
	{ ".ico", "image/x-icon" },
	{ ".woff2", "font/woff2" },
	{ ".txt", "text/plain; charset=utf-8" },
	{ ".md", "text/plain; charset=utf-8" },
};

struct pages *
pages_new(const char *directory)
{
	struct pages *pages = base_alloc_zeroed(1, sizeof(*pages));

	pages->directory = base_strdup(directory);
	pages->root = realpath(directory, NULL);
	if (pages->root == NULL)
		log_warning("pages: web_dir %s cannot be used (%s): there will "
			    "be no pages until it can",
			directory, strerror(errno));
	return pages;
}

static void
forget(struct pages *pages, struct kept *kept)
{
	HASH_DEL(pages->kept, kept);
	buffer_fini(&kept->body);
	free(kept->path);
	free(kept);
}

void
pages_free(struct pages **pointer)
{
	struct pages *pages = *pointer;
	struct kept *kept, *next;

	*pointer = NULL;
	if (pages == NULL)
		return;
	HASH_ITER(hh, pages->kept, kept, next)
	{
		forget(pages, kept);
	}
	free(pages->directory);
	free(pages->root);
	free(pages);
}

/* false: it is broken or too long. */
static bool
decode(const char *path, char decoded[PATH_BYTES_MAX])
{
	struct buffer bytes = { 0 };
	bool is_good = percent_decode(text_of(path), false, &bytes) &&
		       bytes.length < PATH_BYTES_MAX;

	buffer_add_byte(&bytes, 0);
	if (is_good)
		memcpy(decoded, bytes.data, bytes.length);
	buffer_fini(&bytes);
	return is_good;
}

/* Names without a leading dot and control characters, one '/' between two. */
static bool
is_plain(const char *path)
{
	bool at_start = true;

	for (; *path; path++) {
		if (at_start && (*path == '.' || *path == '/'))
			return false;
		if ((unsigned char)*path < 0x20 || *path == 0x7f ||
			*path == '\\')
			return false;
		at_start = *path == '/';
	}
	return !at_start;
}

/* The path below the directory that a request means. */
static bool
read_path(const char *path, char name[PATH_BYTES_MAX])
{
	static const char index_name[] = "index.html";
	char decoded[PATH_BYTES_MAX];
	size_t length;

	if (!decode(path, decoded) || decoded[0] != '/')
		return false;
	length = strlen(decoded);
	if (decoded[length - 1] == '/') {
		if (length + sizeof(index_name) > PATH_BYTES_MAX)
			return false;
		memcpy(decoded + length, index_name, sizeof(index_name));
	}
	memcpy(name, decoded + 1, strlen(decoded));
	return is_plain(name);
}

static bool
lies_below(const char *path, const char *root)
{
	size_t length = strlen(root);

	return strncmp(path, root, length) == 0 && path[length] == '/';
}

/* A descriptor of the regular file, or -1. */
static int
open_below(struct pages *pages, const char *name, struct stat *stat)
{
	char path[PATH_MAX];
	char resolved[PATH_MAX];
	int fd = -1;

	if (pages->root == NULL)
		pages->root = realpath(pages->directory, NULL);
	if (pages->root == NULL)
		return -1;
	if (snprintf(path, sizeof(path), "%s/%s", pages->root, name) >=
		(int)sizeof(path))
		return -1;
	if (realpath(path, resolved) && lies_below(resolved, pages->root))
		fd = open(resolved,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, stat) < 0 || !S_ISREG(stat->st_mode) ||
			       stat->st_size > FILE_BYTES_MAX)) {
		close(fd);
		return -1;
	}
	return fd;
}

static const char *
type_of(const char *name)
{
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < ARRAY_LEN(types); i++)
		if (strcasecmp(ending, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static bool
is_as_kept(const struct kept *kept, const struct stat *stat)
{
	return kept->size == stat->st_size && kept->inode == stat->st_ino &&
	       kept->changed.tv_sec == stat->st_mtim.tv_sec &&
	       kept->changed.tv_nsec == stat->st_mtim.tv_nsec;
}

static bool
read_all(int fd, struct buffer *out, size_t length)
{
	while (out->length < length) {
		ssize_t got = read(
			fd, buffer_reserve(out, length), length - out->length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		out->length += (size_t)got;
	}
	return true;
}

/* Reads the file and keeps it; NULL when it cannot be read whole. */
static struct kept *
keep(struct pages *pages, const char *name, int fd, const struct stat *stat)
{
	struct kept *kept = base_alloc_zeroed(1, sizeof(*kept));

	if (!read_all(fd, &kept->body, (size_t)stat->st_size)) {
		log_warning("pages: %s/%s cannot be read", pages->root, name);
		buffer_fini(&kept->body);
		free(kept);
		return NULL;
	}
	kept->path = base_strdup(name);
	kept->changed = stat->st_mtim;
	kept->size = stat->st_size;
	kept->inode = stat->st_ino;
	kept->file.body = buffer_text(&kept->body);
	kept->file.type = type_of(name);
	snprintf(kept->file.tag, sizeof(kept->file.tag), "\"%016" PRIx64 "\"",
		hash_stable(kept->file.body.at, kept->file.body.length));
	HASH_ADD_KEYPTR(hh, pages->kept, kept->path, strlen(kept->path), kept);
	return kept;
}

const struct web_file *
pages_find(struct pages *pages, const char *path)
{
	char name[PATH_BYTES_MAX];
	struct kept *kept = NULL;
	struct stat stat;
	int fd;

	if (!read_path(path, name))
		return NULL;
	HASH_FIND_STR(pages->kept, name, kept);
	fd = open_below(pages, name, &stat);
	if (kept && (fd < 0 || !is_as_kept(kept, &stat))) {
		forget(pages, kept);
		kept = NULL;
	}
	if (fd < 0)
		return NULL;
	if (kept == NULL)
		kept = keep(pages, name, fd, &stat);
	close(fd);
	return kept ? &kept->file : NULL;
}

bool
web_tag_matches(const char *tags, const char *tag)
{
	size_t length = strlen(tag);

	for (; *tags; tags += strcspn(tags, ",")) {
		tags += strspn(tags, ", \t");
		if (*tags == '*')
			return true;
		if (strncmp(tags, "W/", 2) == 0)
			tags += 2;
		if (strncmp(tags, tag, length) == 0)
			return true;
	}
	return false;
}
