#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/bans_writer.h"
#include "shared/buffer.h"
#include "shared/crc32c.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/pack.h"
#include "shared/systems.h"
#include "worker/ledger/accords.h"
#include "worker/ledger/checkpoint.h"
#include "worker/ledger/checkpoint_file.h"
#include "worker/ledger/hosts.h"
#include "worker/ledger/keys.h"
#include "worker/ledger/marks.h"
#include "worker/ledger/rolls.h"
#include "worker/ledger/streams.h"

enum loaded {
	LOADED,
	LOADED_NOT,     /* there is none */
	LOADED_DAMAGED, /* logged */
	LOADED_REFUSED, /* it must not be passed over (logged) */
};

static enum loaded
read_file(const char *path, struct buffer *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	ssize_t got = 0;

	if (fd < 0 && errno == ENOENT)
		return LOADED_NOT;
	if (fd < 0 || fstat(fd, &stat) < 0)
		goto fail;
	buffer_reserve(bytes, (size_t)stat.st_size);
	while (bytes->length < (size_t)stat.st_size) {
		got = read(fd, bytes->data + bytes->length,
			(size_t)stat.st_size - bytes->length);
		if (got <= 0)
			goto fail;
		bytes->length += (size_t)got;
	}
	close(fd);
	return LOADED;

fail:
	log_warning("checkpoint: %s cannot be read: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return LOADED_DAMAGED;
}

static enum loaded
check(const char *path, const struct buffer *bytes,
	struct checkpoint_head *head)
{
	*head = (struct checkpoint_head){ 0 };
	if (bytes->length >= sizeof(*head))
		memcpy(head, bytes->data, sizeof(*head));
	if (memcmp(head->magic, CHECKPOINT_MAGIC, sizeof(head->magic)) == 0 &&
		head->version > CHECKPOINT_VERSION) {
		log_error("checkpoint: %s was written by a newer confab "
			  "(format %" PRIu32 ", this one knows %d); install "
			  "that version again",
			path, head->version, CHECKPOINT_VERSION);
		return LOADED_REFUSED;
	}
	if (memcmp(head->magic, CHECKPOINT_MAGIC, sizeof(head->magic)) == 0 &&
		head->size == bytes->length &&
		head->crc == crc32c(0, bytes->data + CHECKPOINT_CRC_FROM,
				     bytes->length - CHECKPOINT_CRC_FROM))
		return LOADED;
	log_warning("checkpoint: %s is damaged", path);
	return LOADED_DAMAGED;
}

static void
read_streams(struct unpack *in, uint64_t count, struct streams *streams)
{
	for (uint64_t i = 0; i < count && !in->failed; i++) {
		struct text text = unpack_text(in);
		struct stream_name name = { .length = (uint8_t)text.length };
		struct stream *stream;

		if (in->failed || text.length < 2 ||
			text.length > sizeof(name.bytes) ||
			memchr(text.at, 0x1f, text.length) == NULL) {
			in->failed = true;
			break;
		}
		memcpy(name.bytes, text.at, text.length);
		stream = streams_need(streams, &name);
		stream->top = stream->assigned = unpack_number(in);
		stream->time_ms = unpack_number(in);
	}
}

/* The next part that stands behind its size. */
static struct unpack
next_part(struct unpack *in)
{
	struct unpack part = { .at = in->at, .end = in->at };
	uint64_t size = 0;

	known_take_bytes(in, &size, sizeof(size));
	in->failed |= size > (uint64_t)(in->end - in->at);
	if (in->failed) {
		part.failed = true;
		return part;
	}
	part.at = in->at;
	in->at += size;
	part.end = in->at;
	return part;
}

static bool
read_bans(struct unpack *in, struct bans_writer *bans)
{
	struct unpack part = next_part(in);

	if (bans == NULL)
		return part.at == part.end && !part.failed;
	return bans_writer_read(bans, &part);
}

static bool
read_lifted(struct unpack *in, struct bans_writer *bans)
{
	struct unpack part = next_part(in);

	if (bans == NULL)
		return part.at == part.end && !part.failed;
	return bans_writer_read_lifted(bans, &part);
}

static bool
read_systems(struct unpack *in, const struct arena *arena)
{
	struct unpack part = next_part(in);

	if (arena == NULL)
		return part.at == part.end && !part.failed;
	return systems_read(arena, &part);
}

static bool
read_rolls(struct unpack *in, struct rolls *rolls)
{
	struct unpack part = next_part(in);

	return rolls_read(rolls, &part);
}

static bool
read_hosts(struct unpack *in, struct hosts *hosts)
{
	struct unpack part = next_part(in);

	return hosts_read(hosts, &part);
}

static bool
read_accords(struct unpack *in, struct accords *accords)
{
	struct unpack part = next_part(in);

	return accords_read(accords, &part);
}

/* What stands behind the streams. */
static bool
read_parts(struct unpack *in, uint32_t version,
	const struct checkpoint_parts *parts)
{
	struct unpack keys, marks;

	if (version < CHECKPOINT_VERSION_OF_KEYS)
		return in->at == in->end;
	if (version < CHECKPOINT_VERSION_OF_MARKS)
		return keys_read(parts->keys, in);
	if (version >= CHECKPOINT_VERSION_OF_BANS &&
		!read_bans(in, parts->bans))
		return false;
	if (version >= CHECKPOINT_VERSION_OF_SYSTEMS &&
		!read_systems(in, parts->systems))
		return false;
	if (version >= CHECKPOINT_VERSION_OF_ROLLS &&
		!read_rolls(in, parts->rolls))
		return false;
	if (version >= CHECKPOINT_VERSION_OF_HOSTS &&
		!read_hosts(in, parts->hosts))
		return false;
	if (version >= CHECKPOINT_VERSION_OF_LIFTED &&
		!read_lifted(in, parts->bans))
		return false;
	if (version >= CHECKPOINT_VERSION_OF_ACCORDS &&
		!read_accords(in, parts->accords))
		return false;
	keys = next_part(in);
	marks = next_part(in);
	return keys_read(parts->keys, &keys) &&
	       marks_read(parts->marks, &marks) && in->at == in->end;
}

/* Its check sum is right, so what does not fit now is no accident. */
static enum loaded
fill(const char *path, const struct buffer *bytes,
	const struct checkpoint_head *head,
	const struct checkpoint_parts *parts)
{
	struct unpack in = unpack_of(buffer_text(bytes));

	in.at += sizeof(struct checkpoint_head);
	read_streams(&in, head->count, parts->streams);
	if (!in.failed && read_parts(&in, head->version, parts))
		return LOADED;
	log_error("checkpoint: %s holds what this version cannot read", path);
	return LOADED_REFUSED;
}

static enum loaded
load_file(const char *path, const struct journal *journal,
	const struct checkpoint_parts *parts, struct checkpoint *checkpoint)
{
	struct buffer bytes = { 0 };
	struct checkpoint_head head;
	enum loaded loaded = read_file(path, &bytes);

	if (loaded == LOADED)
		loaded = check(path, &bytes, &head);
	if (loaded == LOADED && (head.position < journal_begin(journal) ||
					head.position > journal_end(journal))) {
		log_warning("checkpoint: %s stands at position %" PRIu64
			    ", the journal from %" PRIu64 " to %" PRIu64,
			path, head.position, journal_begin(journal),
			journal_end(journal));
		loaded = LOADED_DAMAGED;
	}
	if (loaded == LOADED)
		loaded = fill(path, &bytes, &head, parts);
	if (loaded == LOADED)
		*checkpoint = (struct checkpoint){ head.position, head.id_time,
			head.epoch,
			head.version >= CHECKPOINT_VERSION_OF_KEYS };
	buffer_fini(&bytes);
	return loaded;
}

int
checkpoint_load(const char *directory, const struct journal *journal,
	const struct checkpoint_parts *parts, struct checkpoint *checkpoint)
{
	static const char *const names[] = { CHECKPOINT_NAME,
		CHECKPOINT_OLD_NAME };
	char path[PATH_MAX], bad[PATH_MAX];

	*checkpoint = (struct checkpoint){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		checkpoint_path(path, directory, names[i]);
		switch (load_file(path, journal, parts, checkpoint)) {
		case LOADED:
			return 0;
		case LOADED_REFUSED:
			return -1;
		case LOADED_DAMAGED:
			/* Out of the way, so that it replaces no good one. */
			checkpoint_path(bad, directory, CHECKPOINT_BAD_NAME);
			if (rename(path, bad) < 0)
				log_warning("checkpoint: cannot rename %s: %s",
					path, strerror(errno));
			break;
		case LOADED_NOT:
			break;
		}
	}
	if (journal_begin(journal) == 0)
		return 0;
	log_error("checkpoint: there is none that can be used in %s, and the "
		  "journal before position %" PRIu64 " is gone: restore %s "
		  "from a copy",
		directory, journal_begin(journal), CHECKPOINT_NAME);
	return -1;
}
