/*
 * Numbers: what letters call a request by that waits for an answer. None is
 * ever used again on this host by this slot, so an answer that comes too late,
 * twice, or for an earlier life, finds nobody.
 */
#ifndef WORKER_EDGE_NUMBERS_H
#define WORKER_EDGE_NUMBERS_H

#include <stdint.h>

struct numbers;

struct numbers *numbers_new(uint32_t life);

/* All must have been dropped. */
void numbers_free(struct numbers **numbers);

/* A number for `what`, which is borrowed until the number is dropped. */
uint64_t numbers_give(struct numbers *numbers, void *what);
void numbers_drop(struct numbers *numbers, uint64_t number);

/* NULL when nobody waits for it any more. */
void *numbers_find(const struct numbers *numbers, uint64_t number);

/* The next one from this place on, which is moved behind it; NULL: no more. */
void *numbers_next(const struct numbers *numbers, uint32_t *place);

#endif
