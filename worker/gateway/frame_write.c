/* What the server sends: never masked, never fragmented. */
#include "worker/gateway/frame.h"

#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/gateway/frame_head.h"

static void
add_head(struct buffer *out, enum opcode opcode, size_t length)
{
	uint8_t head[FRAME_HEAD_MAX];
	size_t head_length = frame_write_head(head, length);

	head[0] = (uint8_t)(BIT_FINAL | opcode);
	buffer_add(out, head, head_length);
}

size_t
frame_write_head(uint8_t head[FRAME_HEAD_MAX], uint64_t length)
{
	size_t width = length <= CONTROL_MAX ? 0 : length <= UINT16_MAX ? 2 : 8;

	head[0] = BIT_FINAL | OPCODE_TEXT;
	head[1] = width == 0 ? (uint8_t)length : width == 2 ? 126 : 127;
	for (size_t i = width; i > 0; i--) {
		head[1 + i] = (uint8_t)length;
		length >>= 8;
	}
	return 2 + width;
}

size_t
frame_written_length(const uint8_t *frame)
{
	size_t width = frame[1] <= CONTROL_MAX ? 0 : frame[1] == 126 ? 2 : 8;
	uint64_t length = width == 0 ? frame[1] : 0;

	for (size_t i = 0; i < width; i++)
		length = length << 8 | frame[2 + i];
	return (size_t)(2 + width + length);
}

void
frame_add_text(struct buffer *out, const void *data, size_t length)
{
	add_head(out, OPCODE_TEXT, length);
	buffer_add(out, data, length);
}

void
frame_add_ping(struct buffer *out, const void *data, size_t length)
{
	must(length <= CONTROL_MAX);
	add_head(out, OPCODE_PING, length);
	buffer_add(out, data, length);
}

void
frame_add_pong(struct buffer *out, const void *data, size_t length)
{
	must(length <= CONTROL_MAX);
	add_head(out, OPCODE_PONG, length);
	buffer_add(out, data, length);
}

void
frame_add_close(struct buffer *out, uint16_t code, const char *reason)
{
	size_t length = strlen(reason);

	if (code == CLOSE_NO_STATUS) {
		add_head(out, OPCODE_CLOSE, 0);
		return;
	}
	if (length > CONTROL_MAX - 2) {
		length = CONTROL_MAX - 2;
		while (length && ((uint8_t)reason[length] & 0xc0) == 0x80)
			length--;
	}
	add_head(out, OPCODE_CLOSE, 2 + length);
	buffer_add_byte(out, (uint8_t)(code >> 8));
	buffer_add_byte(out, (uint8_t)code);
	buffer_add(out, reason, length);
}
