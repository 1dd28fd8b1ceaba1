#include "worker/gateway/frame_head.h"

#include <string.h>

/* RFC 6455 5.2 and 5.4: what the first byte may say. */
static bool
opcode_is_allowed(uint8_t first, bool in_message)
{
	uint8_t opcode = first & 0x0f;

	if (first & BITS_RESERVED)
		return false;
	switch (opcode) {
	case OPCODE_CONTINUATION:
		return in_message;
	case OPCODE_TEXT:
	case OPCODE_BINARY:
		return !in_message;
	case OPCODE_CLOSE:
	case OPCODE_PING:
	case OPCODE_PONG:
		return first & BIT_FINAL;
	default:
		return false;
	}
}

static uint64_t
read_big_endian(const uint8_t *bytes, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* "The minimal number of bytes MUST be used", and no top bit (5.2). */
static bool
length_is_allowed(uint64_t length, size_t width)
{
	if (width == 2)
		return length > 125;
	return length > UINT16_MAX && length <= INT64_MAX;
}

static bool
length_fits(uint64_t length, const struct frame_place *place)
{
	return length <= place->limit &&
	       place->message_length <= place->limit - length;
}

enum frame_head_state
frame_head_read(struct frame_head *head, const uint8_t *bytes, size_t count,
	const struct frame_place *place)
{
	size_t width;
	bool is_control;

	head->is_too_big = false;
	if (count < 1)
		return HEAD_SHORT;
	if (!opcode_is_allowed(bytes[0], place->in_message))
		return HEAD_BAD;
	if (count < 2)
		return HEAD_SHORT;
	is_control = bytes[0] & BIT_CONTROL;
	head->length = bytes[1] & 0x7f;
	if (!(bytes[1] & BIT_MASKED))
		return HEAD_BAD;
	if (is_control && head->length > CONTROL_MAX)
		return HEAD_BAD;
	width = head->length < 126 ? 0 : head->length == 126 ? 2 : 8;
	if (count < 2 + width)
		return HEAD_SHORT;
	if (width) {
		head->length = read_big_endian(bytes + 2, width);
		if (!length_is_allowed(head->length, width))
			return HEAD_BAD;
	}
	if (!is_control && !length_fits(head->length, place)) {
		head->is_too_big = true;
		return HEAD_BAD;
	}
	if (count < 2 + width + sizeof(head->mask))
		return HEAD_SHORT;
	memcpy(head->mask, bytes + 2 + width, sizeof(head->mask));
	head->opcode = bytes[0] & 0x0f;
	head->is_final = bytes[0] & BIT_FINAL;
	head->size = (uint8_t)(2 + width + sizeof(head->mask));
	return HEAD_GOOD;
}
