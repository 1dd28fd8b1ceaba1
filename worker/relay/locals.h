/*
 * Sessions of this host and their rooms, as its gateways tell them, and what
 * other hosts are told of that: of each change a live item, and of all there is
 * the pages of a snapshot.
 *
 * Items set what is, and say nothing of what was: taken in their order, from
 * any number on, they lead from the state that a page shows to the present one,
 * and do no harm to one that is later already.
 */
#ifndef WORKER_RELAY_LOCALS_H
#define WORKER_RELAY_LOCALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct letter;
struct locals;
struct wire_live_item;

typedef void locals_say(void *self, const struct wire_live_item *item);

struct locals *locals_new(locals_say *say, void *self);
void locals_free(struct locals **locals);

/* ARRIVE, DEPART, JOIN, LEAVE or ANNOUNCED of a gateway; false: it makes no
 * sense. What is said of a connection that is not known is passed over. */
bool locals_take(struct locals *locals, const struct letter *letter);

/* This life in a slot is asked to tell all that it has; has it and have all
 * others? */
void locals_await(struct locals *locals, unsigned slot, uint32_t life);
bool locals_are_whole(const struct locals *locals);

/* All that this slot has told up to this life is gone. */
void locals_lose(struct locals *locals, unsigned slot, uint32_t life);

/* See roster_page(). */
uint64_t locals_page(const struct locals *locals, uint64_t after,
	size_t bytes_max, struct buffer *items);

size_t locals_count(const struct locals *locals);

#endif
