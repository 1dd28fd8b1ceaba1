/*
 * The parameters of a query or of an urlencoded form, as backends of profiles
 * send them: names in any case, the first of several counts. A body that is a
 * JSON object counts as a form of its members.
 */
#ifndef WORKER_API_FORM_H
#define WORKER_API_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/text.h"

#define FORM_FIELDS_MAX 64

struct form_field {
	size_t name_at, name_length, value_at, value_length; /* in bytes */
};

struct form {
	struct form_field
		fields[FORM_FIELDS_MAX]; /* further ones are ignored */
	size_t count;
	struct buffer bytes;
};

/* What is wrongly encoded in a part leaves that part out. */
void form_read(struct form *form, struct text urlencoded);
void form_read_body(struct form *form, struct text body);
void form_fini(struct form *form);

bool form_has(const struct form *form, const char *name);

/* Empty when it is missing. */
struct text form_get(const struct form *form, const char *name);

/* A signed decimal number of 32 bits as strconv.ParseInt reads it; 0 for all
 * else. */
int32_t form_number(const struct form *form, const char *name);

#endif
