/*
 * What two builds of confab must agree on to share an arena, as hashes: how
 * structs lie in memory and what letters hold. Used by the arena alone.
 */
#ifndef SHARED_LAYOUT_H
#define SHARED_LAYOUT_H

#include <stdint.h>

/* Sizes and offsets of the structs of ring.h and scoreboard.h. */
uint64_t layout_of_structs(void);

/* Names and order of roles, counters, histograms, letters and the fields of
 * records. */
uint64_t layout_of_records(void);

#endif
