/*
 * Time: monotonic for durations, unix for people. Read once per loop turn where
 * a turn is what matters.
 */
#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stdint.h>

/* Milliseconds, microseconds and nanoseconds since some start; never goes back,
 * and is the same for all processes of the machine. */
uint64_t clock_ms(void);
uint64_t clock_us(void);
uint64_t clock_ns(void);

/* Milliseconds since 1970, as the machine believes. */
uint64_t clock_unix_ms(void);

#endif
