#include "worker/ledger/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/bans_writer.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/crc32c.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/pack.h"
#include "shared/systems.h"
#include "shared/thread.h"
#include "worker/ledger/accords.h"
#include "worker/ledger/checkpoint_file.h"
#include "worker/ledger/hosts.h"
#include "worker/ledger/keys.h"
#include "worker/ledger/marks.h"
#include "worker/ledger/rolls.h"
#include "worker/ledger/streams.h"

/* What is added to the picture at once: two milliseconds. */
#define LINES_A_POLL 50000

enum writing {
	WRITING_NOTHING,
	WRITING_PICTURE, /* no thread yet */
	WRITING_NOW,
	WRITING_DONE,
	WRITING_FAILED,
};

struct checkpoint_writer {
	const char *directory;
	uint64_t newest, older; /* positions of the files that are kept */

	/* Of whom the picture is being taken. */
	struct keys *keys;
	struct marks *marks;
	size_t size_at; /* where the size of the part belongs that is written */
	bool has_keys;  /* all of them */

	/* The thread owns these from its start until it is joined. */
	struct buffer picture;
	uint64_t position;
	uint64_t synced; /* the journal is on the disk up to here */

	_Atomic int writing; /* enum writing */
	pthread_t thread;
};

struct checkpoint_writer *
checkpoint_writer_new(const char *directory, const struct checkpoint *loaded)
{
	struct checkpoint_writer *writer =
		base_alloc_zeroed(1, sizeof(*writer));

	writer->directory = directory;
	writer->newest = loaded->position;
	writer->synced = loaded->position;
	return writer;
}

void
checkpoint_writer_free(struct checkpoint_writer **writer)
{
	if (*writer == NULL)
		return;
	checkpoint_wait(*writer);
	free(*writer);
	*writer = NULL;
}

uint64_t
checkpoint_covered(const struct checkpoint_writer *writer)
{
	return writer->older;
}

/* A part begins with its size, which is known at its end. */
static void
begin_part(struct checkpoint_writer *writer)
{
	const uint64_t size = 0;

	writer->size_at = writer->picture.length;
	buffer_add(&writer->picture, &size, sizeof(size));
}

static void
end_part(struct checkpoint_writer *writer)
{
	uint64_t size =
		writer->picture.length - writer->size_at - sizeof(uint64_t);

	memcpy(writer->picture.data + writer->size_at, &size, sizeof(size));
}

static void
take_picture(struct buffer *picture, const struct streams *streams,
	const struct checkpoint *checkpoint)
{
	struct checkpoint_head head = {
		.version = CHECKPOINT_VERSION,
		.position = checkpoint->position,
		.id_time = checkpoint->id_time,
		.epoch = checkpoint->epoch,
	};
	const struct stream *stream;

	memcpy(head.magic, CHECKPOINT_MAGIC, sizeof(head.magic));
	buffer_add(picture, &head, sizeof(head));
	for (stream = streams->table; stream; stream = stream->hh.next) {
		if (stream->top == 0)
			continue;
		pack_text(picture,
			(struct text){ stream->name, stream->name_length });
		pack_number(picture, stream->top);
		pack_number(picture, stream->time_ms);
		head.count++;
	}
	memcpy(picture->data, &head, sizeof(head));
}

/* Left to the thread: a large picture takes its time. */
static void
seal_picture(struct buffer *picture)
{
	uint64_t size = picture->length;
	uint32_t crc;

	memcpy(picture->data + offsetof(struct checkpoint_head, size), &size,
		sizeof(size));
	crc = crc32c(0, picture->data + CHECKPOINT_CRC_FROM,
		picture->length - CHECKPOINT_CRC_FROM);
	memcpy(picture->data + offsetof(struct checkpoint_head, crc), &crc,
		sizeof(crc));
}

static int
write_file(const char *path, const struct buffer *picture)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	size_t done = 0;

	if (fd < 0)
		return -1;
	while (done < picture->length) {
		ssize_t got =
			write(fd, picture->data + done, picture->length - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			goto fail;
		done += (size_t)got;
	}
	if (fsync(fd) < 0)
		goto fail;
	return close(fd);

fail:
	close(fd);
	return -1;
}

/* What the checkpoint stands on has to be on the disk before it. */
static int
replace_files(const struct checkpoint_writer *writer)
{
	char path[PATH_MAX], old[PATH_MAX], made[PATH_MAX];

	checkpoint_path(path, writer->directory, CHECKPOINT_NAME);
	checkpoint_path(old, writer->directory, CHECKPOINT_OLD_NAME);
	checkpoint_path(made, writer->directory, CHECKPOINT_NEW_NAME);
	if (journal_sync(writer->directory, writer->synced, writer->position) <
			0 ||
		write_file(made, &writer->picture) < 0 ||
		(rename(path, old) < 0 && errno != ENOENT) ||
		rename(made, path) < 0) {
		log_warning("checkpoint: %s cannot be written: %s; the next "
			    "start will read more of the journal",
			path, strerror(errno));
		unlink(made);
		return -1;
	}
	return journal_sync(writer->directory, 0, 0);
}

static void *
write_in_thread(void *self)
{
	struct checkpoint_writer *writer = self;
	int result;

	seal_picture(&writer->picture);
	result = replace_files(writer);

	atomic_store_explicit(&writer->writing,
		result < 0 ? WRITING_FAILED : WRITING_DONE,
		memory_order_release);
	return NULL;
}

/* Takes the thread's result; the thread has ended or is about to. */
static int
finish(struct checkpoint_writer *writer)
{
	int writing;

	pthread_join(writer->thread, NULL);
	writing = atomic_load(&writer->writing);
	atomic_store(&writer->writing, WRITING_NOTHING);
	buffer_fini(&writer->picture);
	if (writing != WRITING_DONE)
		return -1;
	writer->older = writer->newest;
	writer->newest = writer->position;
	writer->synced = writer->position;
	return 0;
}

/* true: it is complete. */
static bool
go_on_with_parts(struct checkpoint_writer *writer, size_t most)
{
	if (!writer->has_keys) {
		if (!keys_write(writer->keys, &writer->picture, most))
			return false;
		end_part(writer);
		writer->has_keys = true;
		begin_part(writer);
	}
	if (!marks_write(writer->marks, &writer->picture, most))
		return false;
	end_part(writer);
	return true;
}

/* When the picture is complete, a thread takes it to the disk. */
static void
go_on_with_picture(struct checkpoint_writer *writer, size_t most)
{
	if (!go_on_with_parts(writer, most))
		return;
	atomic_store(&writer->writing, WRITING_NOW);
	if (thread_start(&writer->thread, write_in_thread, writer))
		return;
	log_warning("checkpoint: no thread can be started");
	atomic_store(&writer->writing, WRITING_NOTHING);
	buffer_fini(&writer->picture);
}

bool
checkpoint_poll(struct checkpoint_writer *writer)
{
	int writing =
		atomic_load_explicit(&writer->writing, memory_order_acquire);

	if (writing == WRITING_PICTURE)
		go_on_with_picture(writer, LINES_A_POLL);
	if (writing == WRITING_PICTURE || writing == WRITING_NOW)
		return false;
	if (writing != WRITING_NOTHING)
		finish(writer);
	return true;
}

int
checkpoint_wait(struct checkpoint_writer *writer)
{
	if (atomic_load(&writer->writing) == WRITING_PICTURE)
		go_on_with_picture(writer, SIZE_MAX);
	if (atomic_load(&writer->writing) == WRITING_NOTHING)
		return 0;
	return finish(writer);
}

bool
checkpoint_begin(struct checkpoint_writer *writer,
	const struct checkpoint_parts *parts,
	const struct checkpoint *checkpoint)
{
	if (!checkpoint_poll(writer))
		return false;
	if (checkpoint->position == writer->newest)
		return true;
	writer->position = checkpoint->position;
	writer->keys = parts->keys;
	writer->marks = parts->marks;
	writer->has_keys = false;
	take_picture(&writer->picture, parts->streams, checkpoint);
	begin_part(writer);
	if (parts->bans != NULL)
		bans_writer_write(parts->bans, &writer->picture);
	end_part(writer);
	begin_part(writer);
	if (parts->systems != NULL)
		systems_write(parts->systems, &writer->picture);
	end_part(writer);
	begin_part(writer);
	rolls_write(parts->rolls, &writer->picture);
	end_part(writer);
	begin_part(writer);
	hosts_write(parts->hosts, &writer->picture);
	end_part(writer);
	begin_part(writer);
	if (parts->bans != NULL)
		bans_writer_write_lifted(parts->bans, &writer->picture);
	end_part(writer);
	begin_part(writer);
	accords_write(parts->accords, &writer->picture);
	end_part(writer);
	begin_part(writer);
	keys_begin_writing(parts->keys, &writer->picture);
	marks_begin_writing(parts->marks);
	atomic_store(&writer->writing, WRITING_PICTURE);
	go_on_with_picture(writer, LINES_A_POLL);
	return true;
}
