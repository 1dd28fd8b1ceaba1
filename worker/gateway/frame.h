/*
 * Frames of RFC 6455, server side, without extensions: a reader that takes
 * bytes as they come and unmasks in place, and writers for what the server
 * sends. Knows no socket.
 */
#ifndef WORKER_GATEWAY_FRAME_H
#define WORKER_GATEWAY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;

enum frame_event {
	FRAME_NEED_MORE, /* all bytes taken, nothing complete */
	FRAME_TEXT,      /* a whole text message, valid UTF-8 (8.1) */
	FRAME_BINARY,    /* a whole binary message */
	FRAME_PING,      /* data is to be sent back in a pong (5.5.2) */
	FRAME_PONG,
	FRAME_CLOSE, /* data is the reason, close_code 1005 when there was none
		      */
	FRAME_BAD,   /* close the connection with close_code (7.4.1) */
};

/* Close codes of RFC 6455 7.4.1 that the server sends or may receive. */
enum frame_close {
	CLOSE_NORMAL = 1000,
	CLOSE_GOING_AWAY = 1001,
	CLOSE_PROTOCOL = 1002,
	CLOSE_UNSUPPORTED = 1003,
	CLOSE_NO_STATUS = 1005,
	CLOSE_NOT_UTF8 = 1007,
	CLOSE_TOO_BIG = 1009,
	CLOSE_RESTART = 1012,
};

/* One per connection; all zero is a fresh one. A frame that came whole in one
 * read needs no memory at all; what came in pieces waits on the heap, as much
 * as has come and never by the length that was announced. */
struct frame_reader {
	struct frame_pieces *pieces; /* NULL between messages */
};

struct frame {
	const uint8_t *data; /* borrowed until the next call */
	size_t length;
	uint16_t close_code; /* for FRAME_CLOSE and FRAME_BAD */
};

struct frame_rules {
	size_t limit;        /* largest message, in bytes */
	bool takes_any_text; /* UTF-8 or not */
};

/* Takes bytes from *at towards end until one event is complete; moves *at. The
 * bytes are changed (unmasked). Called until
 * it says FRAME_NEED_MORE, which also frees the message told before; after
 * FRAME_CLOSE or FRAME_BAD only frame_reader_fini() may follow. */
enum frame_event frame_read(struct frame_reader *reader, uint8_t **at,
	uint8_t *end, const struct frame_rules *rules, struct frame *frame);
void frame_reader_fini(struct frame_reader *reader);

#define FRAME_HEAD_MAX 10

/* Writes the head of an unmasked final text frame; returns its length. */
size_t frame_write_head(uint8_t head[FRAME_HEAD_MAX], uint64_t length);

/* How long the frame is that begins here, head and all; it must be one that the
 * server wrote. */
size_t frame_written_length(const uint8_t *frame);

/* Appends whole frames. Pings and pongs carry at most 125 bytes. */
void frame_add_text(struct buffer *out, const void *data, size_t length);
void frame_add_ping(struct buffer *out, const void *data, size_t length);
void frame_add_pong(struct buffer *out, const void *data, size_t length);

/* reason is cut at 123 bytes, never inside a character. CLOSE_NO_STATUS never
 * travels (7.4.1): the frame is then empty. */
void frame_add_close(struct buffer *out, uint16_t code, const char *reason);

#endif
