/*
 * The pages: files of web_dir, kept in memory as long as they stay as they are.
 * Only regular files that lie in the directory are found, however the path is
 * written and wherever links lead; names that begin with a dot are hidden.
 */
#ifndef WORKER_API_PAGES_H
#define WORKER_API_PAGES_H

#include <stdbool.h>

#include "shared/text.h"

struct pages;

#define WEB_TAG_BYTES 20

struct web_file {
	struct text body;
	const char *type;        /* for Content-Type */
	char tag[WEB_TAG_BYTES]; /* for ETag, with its quotes */
};

/* A directory that is missing is logged, here and once; it may come later. */
struct pages *pages_new(const char *directory);
void pages_free(struct pages **pages);

/* The file for the path of a request, as it came, percent-encoded; a path that
 * ends in '/' means index.html there. Borrowed until the next call. NULL when
 * there is none. */
const struct web_file *pages_find(struct pages *pages, const char *path);

/* Does the value of If-None-Match (RFC 9110, 13.1.2) name the tag? */
bool web_tag_matches(const char *tags, const char *tag);

#endif
