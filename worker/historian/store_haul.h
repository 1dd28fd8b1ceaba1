/*
 * Reading the archive for another host: what one ledger here has said behind
 * one clock and not behind another, each message as it stands now, changes too,
 * in the order of the numbers of their rows; and behind the messages of each
 * stream what was taken away of it and how far it was read, as notes. On a
 * connection of its own that can only read; used by the reader threads, one
 * each.
 */
#ifndef WORKER_HISTORIAN_STORE_HAUL_H
#define WORKER_HISTORIAN_STORE_HAUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive_wanted;
struct buffer;
struct store_haul;

/* As store_reader_open(). */
struct store_haul *store_haul_open(const char *path);
void store_haul_close(struct store_haul **haul);

struct store_haul_bounds {
	unsigned ledgers;     /* of this host */
	size_t bytes;         /* of all items, but one at least */
	size_t message_bytes; /* one that is larger goes without its body */
};

/* The next rows behind wanted->after, as packed texts of packed haul_items, and
 * up to which row that is all there is; *is_end: there are no more. -1: the
 * database failed (logged). */
int store_haul_read(struct store_haul *haul,
	const struct archive_wanted *wanted,
	const struct store_haul_bounds *bounds, struct buffer *items,
	uint64_t *to, bool *is_end);

#endif
