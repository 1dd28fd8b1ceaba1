/*
 * base64url without padding (RFC 4648, section 5; RFC 7515, section 2), as
 * tokens and key sets have it. There is one way only to write some bytes:
 * reading refuses padding, other characters and bits that stand for nothing.
 */
#ifndef SHARED_BASE64_H
#define SHARED_BASE64_H

#include <stdbool.h>

#include "shared/text.h"

struct buffer;

void base64_write(struct buffer *out, struct text bytes);

/* Appends the bytes; false when the text is none, and nothing is appended. */
bool base64_read(struct buffer *out, struct text text);

#endif
