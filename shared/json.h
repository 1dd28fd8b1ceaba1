/*
 * JSON from strangers: bounded in size and depth before it is parsed, without
 * duplicate members; and JSON out, written straight into a buffer.
 */
#ifndef SHARED_JSON_H
#define SHARED_JSON_H

#include <jansson.h>

#include "shared/text.h"

struct buffer;

#define JSON_DEPTH_MAX 32

/* The object in the text, to be given back with json_decref(); NULL when it is
 * no JSON object, is nested deeper than JSON_DEPTH_MAX or repeats a member.
 * When one of its integers needs more than 64 bits, all of them are reals. */
json_t *json_read_object(struct text text);

/* Any value, to be given back in the same way; NULL with the reason in why, as
 * words behind "the body" or the like. */
json_t *json_read_value(struct text text, char *why, size_t why_bytes);

/* Writes the text as a JSON string with its quotes; it must be UTF-8. */
void json_write_string(struct buffer *out, struct text text);

/* Writes any value compactly. */
void json_write_value(struct buffer *out, const json_t *value);

/* A string member as a text, borrowed; false when it is missing or no string.
 */
bool json_get_text(const json_t *object, const char *member, struct text *out);

#endif
