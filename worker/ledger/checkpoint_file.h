/*
 * How a checkpoint lies on disk: a head, then for each stream its name, its top
 * offset and the time of its last message, packed; then the bans
 * (bans_writer.h), the systems (systems.h), the rolls (rolls.h), the sources
 * (hosts.h), the bans that were lifted, the accords (accords.h), the keys
 * (keys.h) and the marks (marks.h), each behind their size in bytes, a
 * uint64_t. Version 1 had no keys, version 2 no marks, and no size before the
 * keys, version 3 no bans, version 4 no systems, version 5 no rolls, version 6
 * no sources, version 7 no bans that were lifted, version 8 no accords. Used by
 * checkpoint.c, which writes, and checkpoint_load.c, which reads.
 */
#ifndef WORKER_LEDGER_CHECKPOINT_FILE_H
#define WORKER_LEDGER_CHECKPOINT_FILE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/base.h"

#define CHECKPOINT_VERSION 9
#define CHECKPOINT_VERSION_OF_KEYS 2
#define CHECKPOINT_VERSION_OF_MARKS 3
#define CHECKPOINT_VERSION_OF_BANS 4
#define CHECKPOINT_VERSION_OF_SYSTEMS 5
#define CHECKPOINT_VERSION_OF_ROLLS 6
#define CHECKPOINT_VERSION_OF_HOSTS 7
#define CHECKPOINT_VERSION_OF_LIFTED 8
#define CHECKPOINT_VERSION_OF_ACCORDS 9
#define CHECKPOINT_MAGIC "confabC\n"
#define CHECKPOINT_NAME "checkpoint"
#define CHECKPOINT_OLD_NAME "checkpoint.old"
#define CHECKPOINT_NEW_NAME "checkpoint.new"
#define CHECKPOINT_BAD_NAME "checkpoint.bad"

struct checkpoint_head {
	char magic[8];
	uint32_t version;
	uint32_t crc; /* of everything behind this field */
	uint64_t size;
	uint64_t position;
	uint64_t id_time;
	uint64_t epoch;
	uint64_t count;
};

_Static_assert(sizeof(struct checkpoint_head) == 56, "lies on disk");

#define CHECKPOINT_CRC_FROM offsetof(struct checkpoint_head, size)

static inline void
checkpoint_path(char path[PATH_MAX], const char *directory, const char *name)
{
	must(snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX);
}

#endif
