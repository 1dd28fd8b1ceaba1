/*
 * Changes of what was said: a message is looked up first, to see whose it is
 * and who else has it; then the change is said like a message, to the same.
 */
#ifndef WORKER_EDGE_CHANGE_H
#define WORKER_EDGE_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/records.h"
#include "shared/text.h"

struct buffer;

/* The message of this id, as the page that was asked for has it; false when it
 * is not there to be changed. */
bool change_find(const struct page *page, uint64_t id_time, uint64_t id_origin,
	struct message *found);

/* The change of what was found: its deletion when there is no body. Until the
 * message expires, and where it was wanted alone, the change is too. Who says
 * it, and who waits for the answer, is for the caller to add; so are the other
 * sides. */
struct message change_message(const struct message *found, struct text body);

/* Those who have the message, but with no places yet; returns how many. */
size_t change_copy_sides(struct buffer *sides, struct text others);

#endif
