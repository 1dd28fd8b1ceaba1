#include "shared/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"

void
buffer_fini(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

void
buffer_clear(struct buffer *buffer, size_t keep_bytes)
{
	buffer->length = 0;
	if (buffer->capacity > keep_bytes)
		buffer_fini(buffer);
}

uint8_t *
buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t need = buffer->length + more;
	size_t capacity = buffer->capacity ? buffer->capacity : 256;

	if (need > buffer->capacity) {
		while (capacity < need)
			capacity *= 2;
		buffer->data = base_realloc(buffer->data, capacity);
		buffer->capacity = capacity;
	}
	return buffer->data + buffer->length;
}

void
buffer_add(struct buffer *buffer, const void *data, size_t length)
{
	if (length == 0)
		return;
	memcpy(buffer_reserve(buffer, length), data, length);
	buffer->length += length;
}

void
buffer_add_text(struct buffer *buffer, struct text text)
{
	buffer_add(buffer, text.at, text.length);
}

void
buffer_add_string(struct buffer *buffer, const char *string)
{
	buffer_add(buffer, string, strlen(string));
}

void
buffer_add_byte(struct buffer *buffer, uint8_t byte)
{
	*buffer_reserve(buffer, 1) = byte;
	buffer->length++;
}

void
buffer_add_format(struct buffer *buffer, const char *format, ...)
{
	size_t room = 128;
	int length;
	va_list args;

	for (;;) {
		char *at = (char *)buffer_reserve(buffer, room);

		va_start(args, format);
		length = vsnprintf(at, room, format, args);
		va_end(args);
		must(length >= 0);
		if ((size_t)length < room)
			break;
		room = (size_t)length + 1;
	}
	buffer->length += (size_t)length;
}

void
buffer_drop_front(struct buffer *buffer, size_t length)
{
	must(length <= buffer->length);
	if (length == 0)
		return;
	buffer->length -= length;
	memmove(buffer->data, buffer->data + length, buffer->length);
}

struct text
buffer_text(const struct buffer *buffer)
{
	return (struct text){ (const char *)buffer->data, buffer->length };
}
