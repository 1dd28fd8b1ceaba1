#include "shared/journal_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/journal_reader.h"
#include "shared/log.h"
#include "shared/segment.h"

/* Is there a whole batch anywhere in these bytes, which begin at position? A
 * batch says its own position, which no text of a client can contain: JSON
 * has no zero bytes. */
static bool
holds_batch(const uint8_t *bytes, size_t length, uint64_t position)
{
	uint32_t magic = BATCH_MAGIC;
	const uint8_t *at = bytes;

	for (;;) {
		size_t left = length - (size_t)(at - bytes);
		const uint8_t *found = memmem(at, left, &magic, sizeof(magic));

		if (found == NULL)
			return false;
		left = length - (size_t)(found - bytes);
		if (batch_is_whole(
			    found, left, position + (uint64_t)(found - bytes)))
			return true;
		at = found + 1;
	}
}

static int
read_tail(int fd, uint64_t from, uint64_t size, struct buffer *tail)
{
	buffer_reserve(tail, (size_t)(size - from));
	while (from + tail->length < size) {
		ssize_t got = pread(fd, tail->data + tail->length,
			(size_t)(size - from) - tail->length,
			(off_t)(from + tail->length));

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EIO; /* it became shorter under our eyes */
		if (got <= 0)
			return -1;
		tail->length += (size_t)got;
	}
	return 0;
}

/* Cuts what lies behind the last whole batch, unless that is damage. */
static int
cut_tail(int fd, const char *path, uint64_t keep, uint64_t end)
{
	struct buffer tail = { 0 };
	struct stat stat;
	int result = -1;

	if (fstat(fd, &stat) < 0)
		goto fail;
	if ((uint64_t)stat.st_size <= keep)
		return 0;
	if (read_tail(fd, keep, (uint64_t)stat.st_size, &tail) < 0)
		goto fail;
	if (holds_batch(tail.data, tail.length, end)) {
		log_error("journal: %s is damaged at offset %" PRIu64
			  ": whole batches follow behind the damage, so "
			  "nothing is cut; restore the file from a copy",
			path, keep);
		goto out;
	}
	if (ftruncate(fd, (off_t)keep) < 0)
		goto fail;
	log_warning("journal: %s: cut %zu bytes of an unfinished batch at "
		    "offset %" PRIu64,
		path, tail.length, keep);
	result = 0;
	goto out;

fail:
	log_error(
		"journal: %s cannot be read or cut: %s", path, strerror(errno));
out:
	buffer_fini(&tail);
	return result;
}

/* Walks the last segment to its last whole batch. */
static int
find_end(const char *directory, const char *path, int fd, uint64_t base,
	uint64_t *end)
{
	struct journal_reader *reader = journal_reader_new(directory, base);
	struct journal_batch batch;
	enum journal_read read;

	do
		read = journal_reader_next(reader, UINT64_MAX, &batch);
	while (read == JOURNAL_READ_BATCH);
	*end = journal_reader_position(reader);
	journal_reader_free(&reader);
	if (read != JOURNAL_READ_END)
		return -1;
	return cut_tail(fd, path, *end - base + SEGMENT_HEAD_BYTES, *end);
}

/* A segment before the last one must be whole up to where the next begins. */
static int
check_older(const char *directory, uint64_t base, uint64_t next)
{
	uint64_t want = next - base + SEGMENT_HEAD_BYTES;
	enum segment_state state = SEGMENT_WRONG;
	char path[PATH_MAX];
	struct stat stat;
	bool is_right = false;
	int fd;

	segment_path(path, directory, base);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat) < 0) {
		log_error("journal: cannot open %s: %s", path, strerror(errno));
		goto out;
	}
	state = segment_head_check(fd, path, base);
	is_right = state == SEGMENT_GOOD && (uint64_t)stat.st_size == want;
	if (!is_right && state != SEGMENT_WRONG)
		log_error("journal: %s is damaged at offset %" PRIu64
			  ": it should have %" PRIu64 " bytes, and segments "
			  "follow; restore the file from a copy",
			path, MIN_OF((uint64_t)stat.st_size, want), want);

out:
	if (fd >= 0)
		close(fd);
	return is_right ? 0 : -1;
}

/* 1: it is no segment yet and was removed. */
static int
open_last(const char *directory, uint64_t base, int *fd, uint64_t *end)
{
	char path[PATH_MAX];

	segment_path(path, directory, base);
	*fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (*fd < 0) {
		log_error("journal: cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	*end = base;
	switch (segment_head_check(*fd, path, base)) {
	case SEGMENT_GOOD:
		return find_end(directory, path, *fd, base, end);
	case SEGMENT_TORN:
		log_warning("journal: %s was never finished: removed", path);
		if (unlink(path) == 0)
			return 1;
		log_error(
			"journal: cannot remove %s: %s", path, strerror(errno));
		break;
	case SEGMENT_WRONG:
		break;
	}
	return -1;
}

int
journal_tail_open(const char *directory, const uint64_t *bases, size_t *count,
	int *fd, uint64_t *end)
{
	int result;

	*fd = -1;
	*end = 0;
	for (size_t i = 0; i + 1 < *count; i++)
		if (check_older(directory, bases[i], bases[i + 1]) < 0)
			return -1;
	if (*count == 0)
		return 0;
	result = open_last(directory, bases[*count - 1], fd, end);
	if (result == 0)
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	if (result < 0)
		return -1;
	(*count)--;
	return 0;
}
