/*
 * JSON as encoding/json of Go reads and writes it, for profiles of systems that
 * were written in it: names of members in any case, the last of several counts,
 * what is no UTF-8 becomes U+FFFD; and out with < > & as escapes.
 */
#ifndef SHARED_GOJSON_H
#define SHARED_GOJSON_H

#include <stdbool.h>

#include "shared/json.h"
#include "shared/text.h"

struct buffer;

/* Any value, to be given back with json_decref(); NULL when it is no JSON or
 * nested deeper than JSON_DEPTH_MAX. Nothing but blanks may follow it, unless
 * has_rest. */
json_t *gojson_read(struct text text, bool has_rest);

/* A member; NULL when it is missing or null. */
const json_t *gojson_get(const json_t *object, const char *name);

/* A string; empty when it is missing or null; false when it is another value.
 */
bool gojson_text(const json_t *object, const char *name, struct text *out);

void gojson_write_string(struct buffer *out, struct text text);
void gojson_write_value(struct buffer *out, const json_t *value);

#endif
