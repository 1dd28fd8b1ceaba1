/*
 * How long a slot rests between the end of one process and the start of the
 * next. One that was healthy is replaced at once, but not more than ten times a
 * second; one that never served waits twice as long each time.
 */
#ifndef MASTER_BACKOFF_H
#define MASTER_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 30000

struct backoff {
	unsigned failures; /* in a row; all zero is a fresh one */
};

/* A process ended that had served, or not, and had lived so long. Returns the
 * milliseconds to rest. */
uint64_t backoff_rest_ms(
	struct backoff *backoff, bool was_healthy, uint64_t lived_ms);

#endif
