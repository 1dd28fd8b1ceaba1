/*
 * Segments: the files of the journal and how their bytes lie. Used by
 * journal*.c and by who looks which there are; everybody else sees batches.
 *
 * A segment is a head and then batches, one behind the other; a batch is a
 * head, its cursors and its records, each record a packed text. Positions count
 * bytes of batches, not of segments' heads, so a segment goes on exactly where
 * the one before it ended. Numbers lie as this machine has them: a journal is
 * not carried to a machine of the other byte order (its magic would not match).
 */
#ifndef SHARED_SEGMENT_H
#define SHARED_SEGMENT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_VERSION 1
#define BATCH_BYTES_MAX (1U << 30)

struct segment_head {
	char magic[8];
	uint32_t version;
	uint32_t crc; /* of base and reserved */
	uint64_t base;
	uint64_t reserved;
};

struct batch_head {
	uint32_t magic;
	uint32_t size; /* of the batch with this head */
	uint32_t crc;  /* of everything behind this field */
	uint32_t count;
	uint64_t position;
	uint64_t time_ms;
	uint64_t arena;
	uint32_t cursor_count;
	uint32_t reserved;
};

struct batch_cursor {
	uint64_t position;
	uint32_t slot;
	uint32_t reserved;
};

_Static_assert(sizeof(struct segment_head) == 32, "lies on disk");
_Static_assert(sizeof(struct batch_head) == 48, "lies on disk");
_Static_assert(sizeof(struct batch_cursor) == 16, "lies on disk");

#define SEGMENT_HEAD_BYTES sizeof(struct segment_head)
#define BATCH_MAGIC 0x42664363U /* "cCfB" */
#define BATCH_CRC_FROM offsetof(struct batch_head, count)

enum segment_state {
	SEGMENT_GOOD,
	SEGMENT_TORN,  /* its head was never finished; it holds nothing */
	SEGMENT_WRONG, /* damaged, or of a newer version (logged) */
};

/* directory/BASE.seg, BASE as 16 hex digits. */
void segment_path(char path[PATH_MAX], const char *directory, uint64_t base);

/* The bases of all segments, ascending, on the heap; -1 with errno. */
int segment_list(const char *directory, uint64_t **bases, size_t *count);

void segment_head_make(struct segment_head *head, uint64_t base);
enum segment_state segment_head_check(int fd, const char *path, uint64_t base);

/* Do these bytes begin with a whole, undamaged batch of that position? */
bool batch_is_whole(const void *bytes, size_t length, uint64_t position);

#endif
