/*
 * Numbers and texts as bytes, for letters and journal records: a number is an
 * LEB128 varint, a text its length and its bytes. Reading is safe on any bytes:
 * the first thing that does not fit sets failed, and what follows reads as 0.
 */
#ifndef SHARED_PACK_H
#define SHARED_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;

struct unpack {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

void pack_number(struct buffer *out, uint64_t number);
void pack_text(struct buffer *out, struct text text);

struct unpack unpack_of(struct text bytes);
uint64_t unpack_number(struct unpack *in);

/* Borrowed from the bytes that are read. */
struct text unpack_text(struct unpack *in);

#endif
