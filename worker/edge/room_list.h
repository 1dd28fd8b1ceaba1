/*
 * A page of all rooms, put together from what each ledger tells of its own.
 */
#ifndef WORKER_EDGE_ROOM_LIST_H
#define WORKER_EDGE_ROOM_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

struct room_line;
struct room_list;
struct rooms_page;

struct room_list *room_list_new(unsigned ledgers, size_t limit);
void room_list_free(struct room_list **list);

/* The part of one ledger; a second one of the same is passed over. true: that
 * was the last one. */
bool room_list_add(struct room_list *list, const struct rooms_page *page);

/* The first lines in the order of their names, to be freed; their texts stay in
 * the list. next: the last name, when there are more; else empty. */
struct room_line *room_list_page(
	const struct room_list *list, size_t *count, struct text *next);

#endif
