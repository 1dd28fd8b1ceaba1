#include "shared/segment.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/crc32c.h"
#include "shared/log.h"

#define NAME_DIGITS 16

static const char segment_magic[8] = "confabJ\n";

void
segment_path(char path[PATH_MAX], const char *directory, uint64_t base)
{
	must(snprintf(path, PATH_MAX, "%s/%016" PRIx64 ".seg", directory,
		     base) < PATH_MAX);
}

static bool
name_read(const char *name, uint64_t *base)
{
	*base = 0;
	if (strspn(name, "0123456789abcdef") != NAME_DIGITS ||
		strcmp(name + NAME_DIGITS, ".seg") != 0)
		return false;
	*base = strtoull(name, NULL, 16);
	return true;
}

static int
compare_bases(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

int
segment_list(const char *directory, uint64_t **bases, size_t *count)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	size_t room = 0;
	uint64_t base;

	*bases = NULL;
	*count = 0;
	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		if (!name_read(entry->d_name, &base))
			continue;
		if (*count == room) {
			room = room ? 2 * room : 16;
			*bases = base_realloc(*bases, room * sizeof(base));
		}
		(*bases)[(*count)++] = base;
	}
	closedir(dir);
	if (*count > 1)
		qsort(*bases, *count, sizeof(base), compare_bases);
	return 0;
}

static uint32_t
head_crc(const struct segment_head *head)
{
	return crc32c(0, &head->base,
		sizeof(*head) - offsetof(struct segment_head, base));
}

void
segment_head_make(struct segment_head *head, uint64_t base)
{
	*head = (struct segment_head){ .version = SEGMENT_VERSION,
		.base = base };
	memcpy(head->magic, segment_magic, sizeof(segment_magic));
	head->crc = head_crc(head);
}

enum segment_state
segment_head_check(int fd, const char *path, uint64_t base)
{
	static const struct segment_head nothing;
	struct segment_head head;
	ssize_t got = pread(fd, &head, sizeof(head), 0);

	if (got < 0) {
		log_error("journal: %s cannot be read: %s", path,
			strerror(errno));
		return SEGMENT_WRONG;
	}
	if (got < (ssize_t)sizeof(head) ||
		memcmp(&head, &nothing, sizeof(head)) == 0)
		return SEGMENT_TORN;
	if (memcmp(head.magic, segment_magic, sizeof(segment_magic)) != 0) {
		log_error("journal: %s is damaged at offset 0: it does not "
			  "begin as a segment of a journal does",
			path);
		return SEGMENT_WRONG;
	}
	if (head.version > SEGMENT_VERSION) {
		log_error("journal: %s was written by a newer confab (format "
			  "%" PRIu32 ", this one knows %d); install that "
			  "version again",
			path, head.version, SEGMENT_VERSION);
		return SEGMENT_WRONG;
	}
	if (head.crc != head_crc(&head) || head.base != base) {
		log_error("journal: %s is damaged at offset 0: its head does "
			  "not fit its name or its check sum",
			path);
		return SEGMENT_WRONG;
	}
	return SEGMENT_GOOD;
}

bool
batch_is_whole(const void *bytes, size_t length, uint64_t position)
{
	struct batch_head head;

	if (length < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	if (head.magic != BATCH_MAGIC || head.position != position ||
		head.size > length || head.size < sizeof(head) ||
		head.size > BATCH_BYTES_MAX)
		return false;
	if (head.cursor_count >
		(head.size - sizeof(head)) / sizeof(struct batch_cursor))
		return false;
	return crc32c(0, (const char *)bytes + BATCH_CRC_FROM,
		       head.size - BATCH_CRC_FROM) == head.crc;
}
