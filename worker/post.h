/*
 * The post: letters of one process to the others. A letter that finds its ring
 * full either comes back to the caller (post_offer) or waits here, in order and
 * bounded (post_send). Used by worker.c alone; roles call worker_offer() and
 * worker_send().
 */
#ifndef WORKER_POST_H
#define WORKER_POST_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct letter;
struct post;

/* What may wait for one slot, in bytes; a slot that lets more pile up is
 * reported stuck in our row of the scoreboard. */
#define POST_WAITING_MAX (16u << 20)

struct post *post_new(struct arena *arena, unsigned slot, uint32_t life);
void post_free(struct post **post);

/* Posts now, behind nothing that waits; false when there is no room. */
bool post_offer(struct post *post, unsigned to, struct letter *letter);

/* Posts, or keeps a copy. Once a slot is reported stuck its letters are dropped
 * until another life is in it. */
void post_send(struct post *post, unsigned to, struct letter *letter);

/* Tries again what waits. */
void post_retry(struct post *post);

/* Bytes that wait, all slots together. */
uint64_t post_waiting(const struct post *post);

#endif
