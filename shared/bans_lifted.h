/*
 * Which bans were lifted, or are over, and when that was said: of the bans of
 * several hosts the last word counts, in whatever order they come, so a word
 * that takes a ban away has to be remembered like one that gives it. For
 * bans_writer.c alone.
 *
 * Memory is bounded: some 200 bytes each, BANS_LIFTED_MAX of them; then the one
 * that came first goes.
 */
#ifndef SHARED_BANS_LIFTED_H
#define SHARED_BANS_LIFTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"

#define BANS_LIFTED_MAX 32768

struct ban;
struct ban_lifted;

/* Zeroed is empty. */
struct bans_lifted {
	struct ban_lifted *table;
	struct ban_lifted *last; /* that was shown, if it is still there */
	size_t count;
	uint64_t given; /* numbers of entries, from 1 */
	struct buffer key;
};

void bans_lifted_fini(struct bans_lifted *lifted);

/* ban->since of the one that took this ban away, unix ms; 0: none did. */
uint64_t bans_lifted_since(struct bans_lifted *lifted, const struct ban *ban);
void bans_lifted_note(struct bans_lifted *lifted, const struct ban *ban);

/* It is given again. */
void bans_lifted_forget(struct bans_lifted *lifted, const struct ban *ban);

/* The one behind this number, in the order in which they came, as a BAN_LIFT
 * whose texts live until the next call; its number, 0: there is none. */
uint64_t bans_lifted_next(
	struct bans_lifted *lifted, uint64_t after, struct ban *ban);

#endif
