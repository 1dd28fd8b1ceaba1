/*
 * A growing run of bytes with one owner. Kept and reused by those who build
 * letters, frames and replies, so that a busy loop does not allocate.
 */
#ifndef SHARED_BUFFER_H
#define SHARED_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer {
	uint8_t *data;
	size_t length;
	size_t capacity;
};

void buffer_fini(struct buffer *buffer);

/* Forgets the content and keeps the memory, unless that exceeds keep_bytes. */
void buffer_clear(struct buffer *buffer, size_t keep_bytes);

/* Makes room for more bytes behind the end and returns where they begin; the
 * caller fills them and adds what it used to length. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_add(struct buffer *buffer, const void *data, size_t length);
void buffer_add_text(struct buffer *buffer, struct text text);
void buffer_add_string(struct buffer *buffer, const char *string);
void buffer_add_byte(struct buffer *buffer, uint8_t byte);
__attribute__((format(printf, 2, 3))) void buffer_add_format(
	struct buffer *buffer, const char *format, ...);

/* Takes bytes from the front; the rest moves up. */
void buffer_drop_front(struct buffer *buffer, size_t length);

struct text buffer_text(const struct buffer *buffer);

#endif
