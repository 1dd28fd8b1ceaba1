/*
 * The bytes of a segment, as a disk may give them back. The first byte says
 * what is done to the rest: 1 mends the check sums, so that the fuzzer comes
 * past them; 2 takes it as a record of each kind instead.
 *
 * Whatever the bytes are: reading ends, a writer either refuses the directory
 * and leaves the file alone, or goes on behind the last whole batch.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/crc32c.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/segment.h"

#define MEND 1
#define RECORD_BYTES 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[64], path[PATH_MAX];

static void
remove_directory(void)
{
	char lock[PATH_MAX], made[PATH_MAX];

	snprintf(lock, sizeof(lock), "%s/lock", directory);
	snprintf(made, sizeof(made), "%s/new", directory);
	unlink(path);
	unlink(lock);
	unlink(made);
	rmdir(directory);
}

static void
make_directory(void)
{
	if (directory[0])
		return;
	snprintf(directory, sizeof(directory), "/tmp/fuzz_journal.XXXXXX");
	must(mkdtemp(directory) != NULL);
	segment_path(path, directory, 0);
	must(log_open("/dev/null", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT) == 0);
	atexit(remove_directory);
}

/* Gives head and batches the check sums that they should have. */
static void
mend(uint8_t *bytes, size_t size)
{
	struct segment_head head;
	struct batch_head batch;

	if (size < sizeof(head))
		return;
	segment_head_make(&head, 0);
	memcpy(bytes, &head, sizeof(head));
	for (size_t at = sizeof(head); size - at >= sizeof(batch);
		at += batch.size) {
		memcpy(&batch, bytes + at, sizeof(batch));
		if (batch.size < sizeof(batch) || batch.size > size - at)
			return;
		batch.position = at - sizeof(head);
		batch.magic = BATCH_MAGIC;
		memcpy(bytes + at, &batch, sizeof(batch));
		batch.crc = crc32c(0, bytes + at + BATCH_CRC_FROM,
			batch.size - BATCH_CRC_FROM);
		memcpy(bytes + at, &batch, sizeof(batch));
	}
}

static void
write_segment(const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0);
	must(write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

/* Reads to the end and returns where that was. */
static uint64_t
read_all(uint64_t limit)
{
	struct journal_reader *reader = journal_reader_new(directory, 0);
	struct journal_batch batch;
	uint64_t position = 0;

	while (journal_reader_next(reader, limit, &batch) ==
		JOURNAL_READ_BATCH) {
		struct unpack in = unpack_of(batch.records);
		uint64_t sum = 0;

		must(batch.position == position && batch.end > position);
		must(batch.end <= limit);
		position = batch.end;
		for (size_t i = 0; i < batch.count && !in.failed; i++) {
			struct text record = unpack_text(&in);

			for (size_t k = 0; k < record.length; k++)
				sum += (uint8_t)record.at[k];
		}
		for (size_t i = 0; i < batch.cursor_count; i++)
			sum += batch.cursors[i].position;
		must(sum != 1 || position > 0);
	}
	must(journal_reader_position(reader) == position);
	journal_reader_free(&reader);
	return position;
}

static void
try_segment(uint8_t *bytes, size_t size, bool is_mended)
{
	struct journal *journal;
	struct stat about;
	uint64_t end;

	if (is_mended)
		mend(bytes, size);
	write_segment(bytes, size);
	end = read_all(UINT64_MAX);
	must(read_all(size) <= end);
	journal = journal_open(directory, false);
	if (journal == NULL) {
		must(stat(path, &about) == 0 && about.st_size == (off_t)size);
		return;
	}
	must(journal_end(journal) == end);
	journal_add(journal, TEXT_LITERAL("behind"));
	must(journal_commit(journal, 1) == JOURNAL_OK);
	must(read_all(UINT64_MAX) == journal_end(journal));
	must(read_all(journal_end(journal)) == journal_end(journal));
	journal_close(&journal);
}

#define MORE
#define NUMBER(field)
#define TEXT(field)                                                            \
	must(it.field.length == 0 ||                                           \
		((const uint8_t *)it.field.at >= data &&                       \
			(const uint8_t *)it.field.at + it.field.length <=      \
				data + size));
#define RECORD(name, fields)                                                   \
	static void try_##name(const uint8_t *data, size_t size)               \
	{                                                                      \
		struct unpack in = { data, data + size, false };               \
		struct name it;                                                \
		if (name##_unpack(&in, &it)) {                                 \
			fields                                                 \
		}                                                              \
	}
#include "shared/records.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE

static void
try_records(const uint8_t *data, size_t size)
{
#define RECORD(name, fields) try_##name(data, size);
#include "shared/records.def"
#undef RECORD
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes;

	if (size == 0)
		return 0;
	make_directory();
	bytes = base_alloc(size - 1);
	memcpy(bytes, data + 1, size - 1);
	if (data[0] & RECORD_BYTES)
		try_records(bytes, size - 1);
	else
		try_segment(bytes, size - 1, (data[0] & MEND) != 0);
	free(bytes);
	return 0;
}
