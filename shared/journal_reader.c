/*
 * The reader follows the row of segments and believes nothing that it reads: a
 * length counts only when so many bytes are there, a batch only when its check
 * sum fits. It reads ahead in large pieces, but keeps nothing from behind the
 * limit, because those bytes may be taken back and written anew.
 */
#include "shared/journal_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/log.h"
#include "shared/segment.h"

#define PIECE_BYTES (256U * 1024)
#define KEEP_BYTES (4U * 1024 * 1024)

struct journal_reader {
	char *directory;
	uint64_t position; /* of the next batch, */
	bool is_doubtful;  /* if one begins there */
	int fd;            /* of the segment it lies in, or -1 */
	uint64_t base;
	struct buffer window; /* what was read ahead, from window_from on */
	uint64_t window_from;
	struct journal_cursor *cursors;
	size_t cursor_room;
};

struct journal_reader *
journal_reader_new(const char *directory, uint64_t position)
{
	struct journal_reader *reader = base_alloc_zeroed(1, sizeof(*reader));

	reader->directory = base_strdup(directory);
	reader->position = position;
	reader->fd = -1;
	return reader;
}

void
journal_reader_doubt(struct journal_reader *reader)
{
	reader->is_doubtful = true;
}

static void
leave_segment(struct journal_reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
	buffer_clear(&reader->window, KEEP_BYTES);
}

void
journal_reader_free(struct journal_reader **reader)
{
	if (*reader == NULL)
		return;
	leave_segment(*reader);
	buffer_fini(&(*reader)->window);
	free((*reader)->cursors);
	free((*reader)->directory);
	free(*reader);
	*reader = NULL;
}

uint64_t
journal_reader_position(const struct journal_reader *reader)
{
	return reader->position;
}

/* What to say when the place that is wanted has no whole batch. */
static enum journal_read
no_batch(const struct journal_reader *reader, uint64_t limit)
{
	if (limit == UINT64_MAX)
		return JOURNAL_READ_END;
	if (reader->is_doubtful)
		return JOURNAL_READ_BAD;
	log_error(
		"journal: %s is damaged or incomplete at position %" PRIu64
		": no whole batch where one was committed (segment %016" PRIx64
		", offset %" PRIu64 ")",
		reader->directory, reader->position, reader->base,
		reader->position - reader->base + SEGMENT_HEAD_BYTES);
	return JOURNAL_READ_BAD;
}

static enum journal_read
enter_file(struct journal_reader *reader, uint64_t base, uint64_t limit)
{
	char path[PATH_MAX];
	enum segment_state state;

	segment_path(path, reader->directory, base);
	reader->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0 && errno == ENOENT)
		return JOURNAL_READ_GONE; /* forgotten this moment */
	if (reader->fd < 0) {
		log_error("journal: %s cannot be opened: %s", path,
			strerror(errno));
		return JOURNAL_READ_BAD;
	}
	reader->base = base;
	state = segment_head_check(reader->fd, path, base);
	if (state == SEGMENT_GOOD)
		return JOURNAL_READ_BATCH;
	leave_segment(reader);
	return state == SEGMENT_TORN ? no_batch(reader, limit)
				     : JOURNAL_READ_BAD;
}

/* Opens the segment that holds the position; JOURNAL_READ_BATCH: it is open. */
static enum journal_read
enter_segment(struct journal_reader *reader, uint64_t limit)
{
	enum journal_read result = JOURNAL_READ_END;
	uint64_t *bases;
	size_t count, i;

	if (segment_list(reader->directory, &bases, &count) < 0 &&
		errno != ENOENT) {
		log_error("journal: %s cannot be listed: %s", reader->directory,
			strerror(errno));
		return JOURNAL_READ_BAD;
	}
	for (i = count; i > 0 && bases[i - 1] > reader->position;)
		i--;
	if (count == 0) {
		result = no_batch(reader, limit);
	} else if (i == 0 && reader->position > 0) {
		result = JOURNAL_READ_GONE;
	} else {
		i = i ? i - 1 : 0;
		reader->position = MAX_OF(reader->position, bases[i]);
		result = enter_file(reader, bases[i], limit);
	}
	free(bases);
	return result;
}

/* Has the segment that this one is followed by been made? */
static bool
has_successor(const struct journal_reader *reader)
{
	char path[PATH_MAX];

	if (reader->position == reader->base)
		return false;
	segment_path(path, reader->directory, reader->position);
	return access(path, F_OK) == 0;
}

/* Bytes of the segment from the position on. */
static uint64_t
bytes_left(const struct journal_reader *reader)
{
	uint64_t before = reader->position - reader->base + SEGMENT_HEAD_BYTES;
	struct stat stat;

	if (fstat(reader->fd, &stat) < 0 || (uint64_t)stat.st_size < before)
		return 0;
	return (uint64_t)stat.st_size - before;
}

/* Shows so many bytes from the position on, or NULL when they are not there. It
 * reads ahead, but not over the limit. */
static const uint8_t *
look(struct journal_reader *reader, size_t length, uint64_t limit)
{
	struct buffer *window = &reader->window;
	size_t done = (size_t)(reader->position - reader->window_from);
	size_t ahead = length;

	if (window->length >= done && window->length - done >= length)
		return window->data + done;
	if (bytes_left(reader) < length)
		return NULL;
	if (window->length > done)
		buffer_drop_front(window, done);
	else
		window->length = 0;
	reader->window_from = reader->position;
	if (limit - reader->position > length)
		ahead = MAX_OF(length,
			(size_t)MIN_OF(PIECE_BYTES, limit - reader->position));
	while (window->length < length) {
		uint8_t *at = buffer_reserve(window, ahead - window->length);
		uint64_t from = reader->position - reader->base +
				SEGMENT_HEAD_BYTES + window->length;
		ssize_t got = pread(
			reader->fd, at, ahead - window->length, (off_t)from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return NULL;
		window->length += (size_t)got;
	}
	return window->data;
}

static void
copy_cursors(struct journal_reader *reader, const uint8_t *at, size_t count)
{
	if (count > reader->cursor_room) {
		reader->cursors = base_realloc(
			reader->cursors, count * sizeof(*reader->cursors));
		reader->cursor_room = count;
	}
	for (size_t i = 0; i < count; i++) {
		struct batch_cursor cursor;

		memcpy(&cursor, at + i * sizeof(cursor), sizeof(cursor));
		reader->cursors[i] =
			(struct journal_cursor){ cursor.slot, cursor.position };
	}
}

/* The batch at the position, if a whole one lies there. */
static bool
take_batch(struct journal_reader *reader, uint64_t limit,
	struct journal_batch *batch)
{
	const uint8_t *at = look(reader, sizeof(struct batch_head), limit);
	struct batch_head head;
	size_t before_records;

	if (at == NULL)
		return false;
	memcpy(&head, at, sizeof(head));
	if (head.magic != BATCH_MAGIC || head.size < sizeof(head))
		return false;
	at = look(reader, head.size, limit);
	if (at == NULL || !batch_is_whole(at, head.size, reader->position))
		return false;
	copy_cursors(reader, at + sizeof(head), head.cursor_count);
	before_records =
		sizeof(head) + head.cursor_count * sizeof(struct batch_cursor);
	*batch = (struct journal_batch){
		.position = head.position,
		.end = head.position + head.size,
		.arena = head.arena,
		.time_ms = head.time_ms,
		.count = head.count,
		.records = { (const char *)at + before_records,
			head.size - before_records },
		.cursors = reader->cursors,
		.cursor_count = head.cursor_count,
	};
	return true;
}

enum journal_read
journal_reader_next(struct journal_reader *reader, uint64_t limit,
	struct journal_batch *batch)
{
	while (reader->position < limit) {
		enum journal_read entered = JOURNAL_READ_BATCH;

		if (reader->fd < 0)
			entered = enter_segment(reader, limit);
		if (entered != JOURNAL_READ_BATCH)
			return entered;
		if (reader->position >= limit)
			break; /* moved to the oldest one */
		if (take_batch(reader, limit, batch)) {
			if (batch->end > limit)
				break;
			reader->position = batch->end;
			reader->is_doubtful = false;
			return JOURNAL_READ_BATCH;
		}
		if (!has_successor(reader)) {
			buffer_clear(&reader->window, KEEP_BYTES);
			return no_batch(reader, limit);
		}
		leave_segment(reader);
	}
	return JOURNAL_READ_END;
}
