#include "worker/api/intake.h"

#include <string.h>

#include "shared/base.h"
#include "worker/api/intake_head.h"

/* A line that tells the size of a chunk, with extensions nobody reads. */
#define SIZE_LINE_BYTES_MAX 256

/* Empty lines before a request are ignored (RFC 9112, 2.2), up to here. */
#define EMPTY_LINES_BYTES_MAX 64

void
intake_refuse(struct intake *intake, int status, const char *why)
{
	intake->phase = INTAKE_REFUSED;
	intake->status = status;
	intake->why = why;
	intake->asks_to_continue = false;
	buffer_fini(&intake->head);
	buffer_fini(&intake->body);
	buffer_fini(&intake->line);
}

bool
intake_has_begun(const struct intake *intake)
{
	return intake->phase != INTAKE_HEAD || intake->line.length ||
	       intake->head.length || intake->lines_bytes;
}

void
intake_clear(struct intake *intake)
{
	buffer_fini(&intake->head);
	buffer_fini(&intake->body);
	buffer_fini(&intake->line);
	*intake = (struct intake){ .phase = INTAKE_HEAD };
}

static void
begin_body(struct intake *intake, const struct intake_limits *limits,
	const struct intake_head *head)
{
	if (head->status) {
		intake_refuse(intake, head->status, head->why);
	} else if (head->is_chunked) {
		intake->phase = INTAKE_CHUNK_SIZE;
	} else if (head->length > limits->body_bytes) {
		intake_refuse(intake, 413, "the body is too big");
	} else {
		intake->left = head->length;
		intake->phase = head->length ? INTAKE_BODY : INTAKE_WHOLE;
	}
	if (intake->phase < INTAKE_WHOLE)
		intake->asks_to_continue = head->asks_to_continue;
}

static void
end_head(struct intake *intake, const struct intake_limits *limits)
{
	struct buffer out = { 0 };
	struct intake_head head;

	intake_head_read(&head, buffer_text(&intake->head), &out);
	buffer_fini(&intake->head);
	intake->head = out;
	intake->lines_bytes = 0;
	begin_body(intake, limits, &head);
}

static void
end_head_line(struct intake *intake, const struct intake_limits *limits)
{
	if (intake->line.length == 2 && intake->head.length == 0) {
		intake->lines_bytes += 2;
		if (intake->lines_bytes > EMPTY_LINES_BYTES_MAX)
			intake_refuse(intake, 400, "this is no HTTP request");
		return;
	}
	buffer_add_text(&intake->head, buffer_text(&intake->line));
	if (intake->line.length == 2)
		end_head(intake, limits);
}

/* Hexadecimal digits, and extensions behind a ';'. */
static void
end_size_line(struct intake *intake, const struct intake_limits *limits)
{
	const char *line = (const char *)intake->line.data;
	size_t digits = 0;

	intake->left = 0;
	for (; text_hex_digit(line[digits]) >= 0 && digits < 16; digits++)
		intake->left = intake->left << 4 |
			       (uint64_t)text_hex_digit(line[digits]);
	if (digits == 0 || digits == 16 || line[digits] == 0 ||
		!strchr(";\r \t", line[digits]))
		intake_refuse(intake, 400, "a chunk has no size");
	else if (intake->left == 0)
		intake->phase = INTAKE_TRAILER;
	else if (intake->left > limits->body_bytes - intake->body.length)
		intake_refuse(intake, 413, "the body is too big");
	else
		intake->phase = INTAKE_CHUNK;
}

/* What stands behind the last chunk is of no use here. */
static void
end_line(struct intake *intake, const struct intake_limits *limits)
{
	if (intake->line.length < 2 ||
		intake->line.data[intake->line.length - 2] != '\r')
		intake_refuse(intake, 400, "lines must end in CR LF");
	else if (intake->phase == INTAKE_HEAD)
		end_head_line(intake, limits);
	else if (intake->phase == INTAKE_CHUNK_SIZE)
		end_size_line(intake, limits);
	else if (intake->phase == INTAKE_CHUNK_END && intake->line.length != 2)
		intake_refuse(intake, 400, "a chunk is longer than its size");
	else if (intake->phase == INTAKE_CHUNK_END)
		intake->phase = INTAKE_CHUNK_SIZE;
	else if (intake->line.length == 2)
		intake->phase = INTAKE_WHOLE;
	buffer_clear(&intake->line, SIZE_LINE_BYTES_MAX);
}

static void
bound_lines(struct intake *intake, const struct intake_limits *limits)
{
	if (intake->phase == INTAKE_HEAD &&
		intake->head.length + intake->line.length > limits->head_bytes)
		intake_refuse(intake, 431, "the head is too big");
	else if (intake->phase == INTAKE_TRAILER &&
		 intake->lines_bytes > limits->head_bytes)
		intake_refuse(intake, 431, "the trailer is too big");
	else if (intake->phase == INTAKE_CHUNK_SIZE &&
		 intake->line.length > SIZE_LINE_BYTES_MAX)
		intake_refuse(intake, 400, "a chunk has no size");
	else if (intake->phase == INTAKE_CHUNK_END && intake->line.length > 2)
		intake_refuse(intake, 400, "a chunk is longer than its size");
}

static size_t
take_line(struct intake *intake, const struct intake_limits *limits,
	struct text bytes)
{
	const char *end = memchr(bytes.at, '\n', bytes.length);
	size_t length = end ? (size_t)(end - bytes.at) + 1 : bytes.length;

	buffer_add(&intake->line, bytes.at, length);
	if (intake->phase == INTAKE_TRAILER)
		intake->lines_bytes += length;
	bound_lines(intake, limits);
	if (end && intake->phase != INTAKE_REFUSED)
		end_line(intake, limits);
	return length;
}

static size_t
take_body(struct intake *intake, struct text bytes)
{
	size_t length = MIN_OF(bytes.length, intake->left);

	intake->asks_to_continue = false;
	buffer_add(&intake->body, bytes.at, length);
	intake->left -= length;
	if (intake->left == 0)
		intake->phase = intake->phase == INTAKE_BODY ? INTAKE_WHOLE
							     : INTAKE_CHUNK_END;
	return length;
}

size_t
intake_take(struct intake *intake, const struct intake_limits *limits,
	struct text bytes)
{
	size_t taken = 0;

	while (taken < bytes.length && intake->phase < INTAKE_WHOLE) {
		struct text rest = { bytes.at + taken, bytes.length - taken };

		if (intake->phase == INTAKE_BODY ||
			intake->phase == INTAKE_CHUNK)
			taken += take_body(intake, rest);
		else
			taken += take_line(intake, limits, rest);
	}
	return taken;
}
