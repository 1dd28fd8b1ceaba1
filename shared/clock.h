/*
 * Time: monotonic for durations, unix for people. Read once per loop turn where
 * a turn is what matters.
 */
#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stdint.h>

/* Milliseconds and microseconds since some start; never goes back. */
uint64_t clock_ms(void);
uint64_t clock_us(void);

/* Milliseconds since 1970, as the machine believes. */
uint64_t clock_unix_ms(void);

#endif
