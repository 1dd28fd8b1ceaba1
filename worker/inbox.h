/*
 * The inbox: letters of all other processes to this one, read from the rings
 * into its slot. Used by worker.c alone.
 */
#ifndef WORKER_INBOX_H
#define WORKER_INBOX_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct inbox;
struct letter;

typedef void inbox_reader(const struct letter *letter, void *self);

struct inbox *inbox_new(struct arena *arena, unsigned slot);
void inbox_free(struct inbox **inbox);

/* Shows waiting letters, oldest first per sender, of each sender only so many
 * that none keeps the others waiting. Returns how many it showed. Letters are
 * borrowed until they are released. */
unsigned inbox_take(struct inbox *inbox, inbox_reader *read, void *self);

/* Is there nothing that was not shown? */
bool inbox_is_empty(const struct inbox *inbox);

/* Gives back what was shown: everything, or what one sender wrote before a
 * position in its ring. */
void inbox_release_all(struct inbox *inbox);
void inbox_release(struct inbox *inbox, unsigned from, uint64_t position);

/* Where the letter that was shown last ends in its ring. */
uint64_t inbox_letter_end(const struct inbox *inbox);

/* How far the ring of a sender was read. */
uint64_t inbox_position(const struct inbox *inbox, unsigned from);

/* What becomes of all letters shown so far is decided; and up to where it was,
 * by us or those before us. See ring_decide(). */
void inbox_decide(struct inbox *inbox);
uint64_t inbox_decided(const struct inbox *inbox, unsigned from);

#endif
