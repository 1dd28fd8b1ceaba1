/*
 * Nearly every frame comes whole in one read: it is unmasked where it lies and
 * told from there. Everything else goes piece by piece through struct
 * frame_pieces, which lives only as long as something is incomplete: head
 * bytes, the payload of a control frame, the fragments of a message.
 *
 * Every rule is checked at the first byte that breaks it: the head as far as it
 * has come, the size limit at the head, UTF-8 with each piece.
 */
#include "worker/gateway/frame.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/gateway/frame_head.h"
#include "worker/gateway/utf8.h"

struct frame_pieces {
	struct buffer message;
	uint64_t left; /* payload bytes of this frame still to come */
	struct frame_head head;
	struct utf8 utf8;
	uint8_t message_opcode; /* 0: no message is open */
	uint8_t bytes_length;   /* of the head so far; 0 between frames */
	uint8_t control_length;
	bool in_payload;
	bool is_told; /* the message is complete and was told */
	uint8_t bytes[FRAME_HEAD_READ_MAX];
	uint8_t control[CONTROL_MAX];
};

static void
unmask(uint8_t *data, size_t length, const uint8_t mask[4], size_t offset)
{
	uint8_t turned[8];
	uint64_t key, word;
	size_t i = 0;

	for (size_t k = 0; k < sizeof(turned); k++)
		turned[k] = mask[(offset + k) & 3];
	memcpy(&key, turned, sizeof(key));
	for (; i + sizeof(word) <= length; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		word ^= key;
		memcpy(data + i, &word, sizeof(word));
	}
	for (; i < length; i++)
		data[i] ^= turned[i & 7];
}

static enum frame_event
bad(struct frame *frame, uint16_t code)
{
	*frame = (struct frame){ .close_code = code };
	return FRAME_BAD;
}

static enum frame_event
message_event(
	struct frame *frame, uint8_t opcode, const uint8_t *data, size_t length)
{
	*frame = (struct frame){ .data = data, .length = length };
	return opcode == OPCODE_TEXT ? FRAME_TEXT : FRAME_BINARY;
}

/* 7.4: those of the RFC that may travel, the registered ones 1012 to 1014, and
 * those of libraries and applications. */
static bool
close_code_is_allowed(uint16_t code)
{
	return (code >= 1000 && code <= 1003) ||
	       (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static enum frame_event
close_event(struct frame *frame, const uint8_t *data, size_t length)
{
	*frame = (struct frame){ data, 0, CLOSE_NO_STATUS };
	if (length == 0)
		return FRAME_CLOSE;
	if (length == 1)
		return bad(frame, CLOSE_PROTOCOL);
	*frame = (struct frame){
		.data = data + 2,
		.length = length - 2,
		.close_code = (uint16_t)(data[0] << 8 | data[1]),
	};
	if (!close_code_is_allowed(frame->close_code))
		return bad(frame, CLOSE_PROTOCOL);
	if (!utf8_is_whole(frame->data, frame->length))
		return bad(frame, CLOSE_NOT_UTF8);
	return FRAME_CLOSE;
}

static enum frame_event
control_event(
	struct frame *frame, uint8_t opcode, const uint8_t *data, size_t length)
{
	if (opcode == OPCODE_CLOSE)
		return close_event(frame, data, length);
	*frame = (struct frame){ .data = data, .length = length };
	return opcode == OPCODE_PING ? FRAME_PING : FRAME_PONG;
}

static void
pieces_free(struct frame_reader *reader)
{
	if (reader->pieces)
		buffer_fini(&reader->pieces->message);
	free(reader->pieces);
	reader->pieces = NULL;
}

static struct frame_pieces *
pieces_of(struct frame_reader *reader)
{
	if (!reader->pieces)
		reader->pieces = base_alloc_zeroed(1, sizeof(*reader->pieces));
	return reader->pieces;
}

/* Forgets what the call before told, and everything when nothing is open. */
static void
pieces_tidy(struct frame_reader *reader)
{
	struct frame_pieces *pieces = reader->pieces;

	if (!pieces)
		return;
	if (pieces->is_told) {
		buffer_fini(&pieces->message);
		pieces->message_opcode = 0;
		pieces->is_told = false;
	}
	if (!pieces->message_opcode && !pieces->bytes_length &&
		!pieces->in_payload)
		pieces_free(reader);
}

static void
payload_begin(struct frame_reader *reader, const struct frame_head *head)
{
	struct frame_pieces *pieces = pieces_of(reader);

	pieces->head = *head;
	pieces->left = head->length;
	pieces->bytes_length = 0;
	pieces->control_length = 0;
	pieces->in_payload = true;
	if (head->opcode == OPCODE_TEXT || head->opcode == OPCODE_BINARY) {
		pieces->message_opcode = head->opcode;
		pieces->utf8 = (struct utf8){ 0 };
	}
}

static enum frame_event
payload_end(struct frame_pieces *pieces, const struct frame_rules *rules,
	struct frame *frame)
{
	pieces->in_payload = false;
	if (pieces->head.opcode & BIT_CONTROL)
		return control_event(frame, pieces->head.opcode,
			pieces->control, pieces->control_length);
	if (!pieces->head.is_final)
		return FRAME_NEED_MORE;
	if (pieces->utf8.need && !rules->takes_any_text)
		return bad(frame, CLOSE_NOT_UTF8);
	pieces->is_told = true;
	buffer_reserve(&pieces->message, 1); /* an empty one has a place too */
	return message_event(frame, pieces->message_opcode,
		pieces->message.data, pieces->message.length);
}

/* Takes what is there of a frame whose head is known. */
static enum frame_event
payload_take(struct frame_pieces *pieces, uint8_t **at, uint8_t *end,
	const struct frame_rules *rules, struct frame *frame)
{
	size_t length = MIN_OF(pieces->left, (uint64_t)(end - *at));
	uint8_t *data = *at;

	unmask(data, length, pieces->head.mask,
		(pieces->head.length - pieces->left) & 3);
	*at += length;
	pieces->left -= length;
	if (pieces->head.opcode & BIT_CONTROL) {
		memcpy(pieces->control + pieces->control_length, data, length);
		pieces->control_length += (uint8_t)length;
	} else {
		if (pieces->message_opcode == OPCODE_TEXT &&
			!rules->takes_any_text &&
			!utf8_take(&pieces->utf8, data, length))
			return bad(frame, CLOSE_NOT_UTF8);
		buffer_add(&pieces->message, data, length);
	}
	return pieces->left ? FRAME_NEED_MORE
			    : payload_end(pieces, rules, frame);
}

/* Moves bytes of a head that comes in pieces; one at a time, so that none
 * behind the head is taken. */
static enum frame_head_state
head_gather(struct frame_pieces *pieces, struct frame_head *head, uint8_t **at,
	uint8_t *end, const struct frame_place *place)
{
	enum frame_head_state state = HEAD_SHORT;

	while (state == HEAD_SHORT && *at < end) {
		pieces->bytes[pieces->bytes_length++] = *(*at)++;
		state = frame_head_read(
			head, pieces->bytes, pieces->bytes_length, place);
	}
	return state;
}

static enum frame_head_state
head_take(struct frame_reader *reader, struct frame_head *head, uint8_t **at,
	uint8_t *end, size_t limit)
{
	struct frame_pieces *pieces = reader->pieces;
	struct frame_place place = { .limit = limit };
	enum frame_head_state state;

	if (pieces) {
		place.in_message = pieces->message_opcode != 0;
		place.message_length = pieces->message.length;
		if (pieces->bytes_length)
			return head_gather(pieces, head, at, end, &place);
	}
	state = frame_head_read(head, *at, (size_t)(end - *at), &place);
	if (state == HEAD_GOOD)
		*at += head->size;
	if (state == HEAD_SHORT && *at < end)
		return head_gather(pieces_of(reader), head, at, end, &place);
	return state;
}

/* A control frame or an unfragmented message that lies in the read whole? */
static bool
is_whole(const struct frame_head *head, size_t there)
{
	bool is_alone = (head->opcode & BIT_CONTROL) ||
			(head->opcode != OPCODE_CONTINUATION && head->is_final);

	return is_alone && head->length <= there;
}

static enum frame_event
whole_take(struct frame_reader *reader, const struct frame_head *head,
	uint8_t **at, const struct frame_rules *rules, struct frame *frame)
{
	size_t length = head->length;
	uint8_t *data = *at;

	*at += length;
	if (reader->pieces)
		reader->pieces->bytes_length = 0;
	unmask(data, length, head->mask, 0);
	if (head->opcode & BIT_CONTROL)
		return control_event(frame, head->opcode, data, length);
	if (head->opcode == OPCODE_TEXT && !rules->takes_any_text &&
		!utf8_is_whole(data, length))
		return bad(frame, CLOSE_NOT_UTF8);
	return message_event(frame, head->opcode, data, length);
}

enum frame_event
frame_read(struct frame_reader *reader, uint8_t **at, uint8_t *end,
	const struct frame_rules *rules, struct frame *frame)
{
	enum frame_event event;
	enum frame_head_state state;
	struct frame_head head;

	*frame = (struct frame){ 0 };
	pieces_tidy(reader);
	do {
		if (!reader->pieces || !reader->pieces->in_payload) {
			state = head_take(reader, &head, at, end, rules->limit);
			if (state == HEAD_SHORT)
				return FRAME_NEED_MORE;
			if (state == HEAD_BAD)
				return bad(frame, head.is_too_big
							  ? CLOSE_TOO_BIG
							  : CLOSE_PROTOCOL);
			if (is_whole(&head, (size_t)(end - *at)))
				return whole_take(
					reader, &head, at, rules, frame);
			payload_begin(reader, &head);
		}
		event = payload_take(reader->pieces, at, end, rules, frame);
	} while (event == FRAME_NEED_MORE && *at < end);
	return event;
}

void
frame_reader_fini(struct frame_reader *reader)
{
	pieces_free(reader);
}
