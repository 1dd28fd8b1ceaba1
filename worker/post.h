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

/* What may wait for one slot, in bytes. A slot that lets more pile up and has
 * taken nothing for POST_STILL_MS is reported stuck in our row of the
 * scoreboard; so is one that takes too little and lets it grow to the second
 * bound. A burst alone is no reason: thousands of clients that lose their rooms
 * at once are tens of megabytes. */
#define POST_WAITING_MAX (16u << 20)
#define POST_WAITING_END (128u << 20)
#define POST_STILL_MS 1000

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

/* Bytes that wait for one slot. */
uint64_t post_waiting_for(const struct post *post, unsigned to);

/* Bytes for one slot that had to wait, since our start. */
uint64_t post_delayed(const struct post *post, unsigned to);

#endif
