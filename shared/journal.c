/*
 * The writer. Its file ends where its last batch ends: whatever a failed write
 * left behind is cut off, at once or, if even that fails, before the next
 * batch. A segment is made under another name, gets its head, and is renamed,
 * so a kill leaves none without a head.
 */
#include "shared/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/crc32c.h"
#include "shared/journal_tail.h"
#include "shared/log.h"
#include "shared/pack.h"
#include "shared/segment.h"

#define SEGMENT_BYTES (64ULL * 1024 * 1024)
#define KEEP_BYTES (4U * 1024 * 1024)
#define DIRECTORY_MODE 0750
#define FILE_MODE 0640

struct journal {
	char *directory;
	int lock_fd;
	int fd; /* of the last segment, or -1 before the first batch */
	bool sync;
	bool must_cut; /* bytes of a failed batch still stand behind end */
	bool must_sync_directory; /* a segment's name may not be on disk yet */
	bool is_failing;          /* so that a full disk is logged once */
	uint64_t end;
	uint64_t segment_bytes;
	uint64_t *bases; /* of all segments, ascending */
	size_t base_count;

	/* The batch being built. */
	struct buffer records;
	struct buffer cursors;
	size_t count;
};

static int
lock_directory(struct journal *journal)
{
	char path[PATH_MAX];

	if (mkdir(journal->directory, DIRECTORY_MODE) < 0 && errno != EEXIST) {
		log_error("journal: cannot make %s: %s", journal->directory,
			strerror(errno));
		return -1;
	}
	must(snprintf(path, sizeof(path), "%s/lock", journal->directory) <
		PATH_MAX);
	journal->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	if (journal->lock_fd < 0) {
		log_error("journal: cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		log_error("journal: %s is in use by another process",
			journal->directory);
	else
		log_error("journal: cannot lock %s: %s", path, strerror(errno));
	return -1;
}

bool
journal_is_in_use(const char *directory)
{
	char path[PATH_MAX];
	bool is_in_use;
	int fd;

	must(snprintf(path, sizeof(path), "%s/lock", directory) < PATH_MAX);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	is_in_use = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return is_in_use;
}

static int
open_segments(struct journal *journal)
{
	if (segment_list(journal->directory, &journal->bases,
		    &journal->base_count) < 0) {
		log_error("journal: cannot list %s: %s", journal->directory,
			strerror(errno));
		return -1;
	}
	return journal_tail_open(journal->directory, journal->bases,
		&journal->base_count, &journal->fd, &journal->end);
}

struct journal *
journal_open(const char *directory, bool sync_each_batch)
{
	struct journal *journal = base_alloc_zeroed(1, sizeof(*journal));

	journal->directory = base_strdup(directory);
	journal->sync = sync_each_batch;
	journal->segment_bytes = SEGMENT_BYTES;
	journal->lock_fd = journal->fd = -1;
	if (lock_directory(journal) < 0 || open_segments(journal) < 0)
		journal_close(&journal);
	return journal;
}

void
journal_set_sync(struct journal *journal, bool sync_each_batch)
{
	journal->sync = sync_each_batch;
}

void
journal_close(struct journal **journal)
{
	struct journal *old = *journal;

	if (old == NULL)
		return;
	if (old->fd >= 0)
		close(old->fd);
	if (old->lock_fd >= 0)
		close(old->lock_fd);
	buffer_fini(&old->records);
	buffer_fini(&old->cursors);
	free(old->bases);
	free(old->directory);
	free(old);
	*journal = NULL;
}

uint64_t
journal_end(const struct journal *journal)
{
	return journal->end;
}

uint64_t
journal_begin(const struct journal *journal)
{
	return journal->base_count ? journal->bases[0] : journal->end;
}

size_t
journal_segments(const struct journal *journal)
{
	return journal->base_count;
}

uint64_t
journal_segment_base(const struct journal *journal, size_t number)
{
	must(number < journal->base_count);
	return journal->bases[number];
}

uint64_t
journal_segment_of(const struct journal *journal, uint64_t position)
{
	uint64_t found = journal_begin(journal);

	for (size_t i = 0; i < journal->base_count; i++)
		if (journal->bases[i] <= position)
			found = journal->bases[i];
	return found;
}

void
journal_set_segment_bytes(struct journal *journal, uint64_t bytes)
{
	journal->segment_bytes = bytes;
}

void
journal_add(struct journal *journal, struct text record)
{
	pack_text(&journal->records, record);
	journal->count++;
}

void
journal_add_cursor(struct journal *journal, uint32_t slot, uint64_t position)
{
	struct batch_cursor cursor = { .position = position, .slot = slot };

	buffer_add(&journal->cursors, &cursor, sizeof(cursor));
}

size_t
journal_pending(const struct journal *journal)
{
	return journal->count;
}

/* Logs the first failure of a row of them and says what it means. */
static enum journal_result
failed(struct journal *journal, const char *what)
{
	int error = errno;

	if (!journal->is_failing)
		log_error("journal: %s: cannot %s: %s; what should go there "
			  "is refused until that is mended",
			journal->directory, what, strerror(error));
	journal->is_failing = true;
	if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		return JOURNAL_FULL;
	return JOURNAL_FAILED;
}

static int
sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return result;
}

int
journal_sync(const char *directory, uint64_t from, uint64_t to)
{
	char path[PATH_MAX];
	uint64_t *bases;
	size_t count;
	int result = segment_list(directory, &bases, &count);

	for (size_t i = 0; result == 0 && i < count && bases[i] < to; i++) {
		if (i + 1 < count && bases[i + 1] <= from)
			continue;
		segment_path(path, directory, bases[i]);
		result = sync_path(path);
	}
	free(bases);
	return result < 0 ? -1 : sync_path(directory);
}

static int
write_head(const struct journal *journal, int fd)
{
	struct segment_head head;
	ssize_t written;

	segment_head_make(&head, journal->end);
	written = write(fd, &head, sizeof(head));
	if (written >= 0 && written < (ssize_t)sizeof(head))
		errno = ENOSPC;
	if (written != (ssize_t)sizeof(head))
		return -1;
	return journal->sync ? fsync(fd) : 0;
}

static enum journal_result
begin_segment(struct journal *journal)
{
	char path[PATH_MAX], made[PATH_MAX];
	int fd;

	segment_path(path, journal->directory, journal->end);
	must(snprintf(made, sizeof(made), "%s/new", journal->directory) <
		PATH_MAX);
	fd = open(made, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
		FILE_MODE);
	if (fd < 0)
		return failed(journal, "make a segment");
	if (write_head(journal, fd) < 0 || rename(made, path) < 0) {
		enum journal_result result = failed(journal, "make a segment");

		close(fd);
		unlink(made);
		return result;
	}
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = fd;
	journal->bases = base_realloc(journal->bases,
		(journal->base_count + 1) * sizeof(*journal->bases));
	journal->bases[journal->base_count++] = journal->end;
	journal->must_sync_directory = journal->sync;
	return JOURNAL_OK;
}

/* Bytes of the last segment up to the last batch. */
static uint64_t
segment_length(const struct journal *journal)
{
	return journal->end - journal->bases[journal->base_count - 1] +
	       SEGMENT_HEAD_BYTES;
}

static bool
cut_back(struct journal *journal)
{
	journal->must_cut =
		ftruncate(journal->fd, (off_t)segment_length(journal)) < 0;
	return !journal->must_cut;
}

static enum journal_result
prepare_segment(struct journal *journal)
{
	enum journal_result result = JOURNAL_OK;

	if (journal->fd >= 0 && journal->must_cut && !cut_back(journal))
		return failed(journal, "cut a failed batch");
	if (journal->fd < 0 || segment_length(journal) > journal->segment_bytes)
		result = begin_segment(journal);
	if (result == JOURNAL_OK && journal->must_sync_directory) {
		if (sync_path(journal->directory) < 0)
			return failed(journal, "keep a segment");
		journal->must_sync_directory = false;
	}
	return result;
}

static int
write_all(int fd, struct iovec *parts, int count)
{
	while (count > 0) {
		ssize_t written = writev(fd, parts, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		while (count > 0 && (size_t)written >= parts->iov_len) {
			written -= (ssize_t)parts->iov_len;
			parts++;
			count--;
		}
		if (count > 0) {
			parts->iov_base = (char *)parts->iov_base + written;
			parts->iov_len -= (size_t)written;
		}
	}
	return 0;
}

static enum journal_result
write_batch(struct journal *journal, uint64_t arena)
{
	struct batch_head head = {
		.magic = BATCH_MAGIC,
		.size = (uint32_t)(sizeof(head) + journal->cursors.length +
				   journal->records.length),
		.count = (uint32_t)journal->count,
		.position = journal->end,
		.time_ms = clock_unix_ms(),
		.arena = arena,
		.cursor_count = (uint32_t)(journal->cursors.length /
					   sizeof(struct batch_cursor)),
	};
	struct iovec parts[] = {
		{ &head, sizeof(head) },
		{ journal->cursors.data, journal->cursors.length },
		{ journal->records.data, journal->records.length },
	};
	uint32_t crc = crc32c(0, (const char *)&head + BATCH_CRC_FROM,
		sizeof(head) - BATCH_CRC_FROM);
	enum journal_result result;

	crc = crc32c(crc, journal->cursors.data, journal->cursors.length);
	head.crc = crc32c(crc, journal->records.data, journal->records.length);
	if (write_all(journal->fd, parts, ARRAY_LEN(parts)) == 0 &&
		(!journal->sync || fdatasync(journal->fd) == 0)) {
		journal->end += head.size;
		return JOURNAL_OK;
	}
	result = failed(journal, "write a batch");
	cut_back(journal);
	return result;
}

enum journal_result
journal_commit(struct journal *journal, uint64_t arena)
{
	enum journal_result result = JOURNAL_OK;

	if (journal->count > 0 &&
		journal->records.length + journal->cursors.length >
			BATCH_BYTES_MAX - sizeof(struct batch_head)) {
		errno = EFBIG;
		result = failed(journal, "write so large a batch");
	} else if (journal->count > 0) {
		result = prepare_segment(journal);
		if (result == JOURNAL_OK)
			result = write_batch(journal, arena);
		if (result == JOURNAL_OK && journal->is_failing) {
			journal->is_failing = false;
			log_info("journal: %s can be written again",
				journal->directory);
		}
	}
	buffer_clear(&journal->records, KEEP_BYTES);
	buffer_clear(&journal->cursors, KEEP_BYTES);
	journal->count = 0;
	return result;
}

static bool
is_older(const char *path, uint64_t seconds)
{
	struct stat stat;

	return lstat(path, &stat) < 0 ||
	       stat.st_mtime + (time_t)seconds <= time(NULL);
}

void
journal_forget(
	struct journal *journal, uint64_t position, uint64_t keep_seconds)
{
	size_t gone = 0;

	while (gone + 1 < journal->base_count &&
		journal->bases[gone + 1] <= position) {
		char path[PATH_MAX];

		segment_path(path, journal->directory, journal->bases[gone]);
		if (!is_older(path, keep_seconds))
			break;
		if (unlink(path) < 0 && errno != ENOENT) {
			log_warning("journal: cannot remove %s: %s", path,
				strerror(errno));
			break;
		}
		gone++;
	}
	if (gone == 0)
		return;
	journal->base_count -= gone;
	memmove(journal->bases, journal->bases + gone,
		journal->base_count * sizeof(*journal->bases));
}
