/*
 * The head of a frame as it looks on the wire (RFC 6455 5.2): read and checked
 * as far as it has come. For frame.c and frame_write.c.
 */
#ifndef WORKER_GATEWAY_FRAME_HEAD_H
#define WORKER_GATEWAY_FRAME_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD_READ_MAX 14
#define CONTROL_MAX 125

#define BIT_FINAL 0x80
#define BITS_RESERVED 0x70
#define BIT_CONTROL 0x08
#define BIT_MASKED 0x80

enum opcode {
	OPCODE_CONTINUATION = 0,
	OPCODE_TEXT = 1,
	OPCODE_BINARY = 2,
	OPCODE_CLOSE = 8,
	OPCODE_PING = 9,
	OPCODE_PONG = 10,
};

struct frame_head {
	uint64_t length; /* of the payload */
	uint8_t mask[4];
	uint8_t opcode;
	bool is_final;
	uint8_t size;    /* of the head itself */
	bool is_too_big; /* why it is bad: over the limit, else 7.4.1 1002 */
};

/* What the place of a frame in the stream asks of its head. */
struct frame_place {
	bool in_message;       /* fragments came before */
	size_t message_length; /* of these fragments */
	size_t limit;          /* of a message */
};

enum frame_head_state {
	HEAD_SHORT,
	HEAD_GOOD,
	HEAD_BAD,
};

/* Reads as much of a head as there is; bad at the first byte that breaks a
 * rule, which for a message that is too long is the last one of its length. */
enum frame_head_state frame_head_read(struct frame_head *head,
	const uint8_t *bytes, size_t count, const struct frame_place *place);

#endif
