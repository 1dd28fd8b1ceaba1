/*
 * UTF-8 checked while it arrives (RFC 3629 4): used by the frame reader, whose
 * messages come in pieces that may end inside a character.
 */
#ifndef WORKER_GATEWAY_UTF8_H
#define WORKER_GATEWAY_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The state between two pieces; all zero is a fresh one. */
struct utf8 {
	uint8_t need;      /* bytes that the character still lacks */
	uint8_t low, high; /* what the next of them may be */
};

/* False at the first byte that no valid text can have here. */
bool utf8_take(struct utf8 *utf8, const uint8_t *data, size_t length);

/* Valid and not ended inside a character. */
bool utf8_is_whole(const uint8_t *data, size_t length);

#endif
