/*
 * The text of one value inside JSON that has been found good: bodies and seqs
 * go back out as they were sent, and not as a parser understood the numbers in
 * them.
 */
#ifndef SHARED_RAW_H
#define SHARED_RAW_H

#include <stdbool.h>

#include "shared/text.h"

struct buffer;

/* The value of a member of an object, borrowed; false when there is none, or
 * its name is written with escapes. */
bool raw_find(struct text object, const char *member, struct text *value);

/* The next element of an array, whose rest is moved behind it; first the array
 * itself. false: there is none. */
bool raw_next(struct text *rest, struct text *value);

/* Appends the value without the space between its parts. */
void raw_write_compact(struct buffer *out, struct text value);

/* Is it a number without fraction and exponent? */
bool raw_is_integer(struct text value);

#endif
