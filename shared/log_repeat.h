/*
 * What is logged again and again is counted instead: lines of one kind, which
 * is one format string, are written at once as long as they are few; of more
 * than that within some seconds only the count is written. So nobody who can
 * cause a line can fill a disk with it. For log.c alone.
 */
#ifndef SHARED_LOG_REPEAT_H
#define SHARED_LOG_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/log_level.h"

/* So many of a kind within that time, and one when the last time was not
 * enough. */
#define LOG_REPEAT_LINES 20
#define LOG_REPEAT_MS 10000

/* Kinds that are watched at once; beyond, the oldest is forgotten. */
#define LOG_REPEAT_KINDS 64

#define LOG_REPEAT_EXAMPLE_BYTES 160

/* Lines that were not written. */
struct log_repeated {
	uint64_t count; /* 0: none */
	enum log_level level;
	char example[LOG_REPEAT_EXAMPLE_BYTES]; /* its beginning */
};

/* May this line be written? before: what has to be told first. */
bool log_repeat_may(const char *format, enum log_level level,
	const char *message, uint64_t now_ms, struct log_repeated *before);

/* Takes the next kind whose time is over, or any when there will be no more
 * lines; false: none is left. */
bool log_repeat_next(
	uint64_t now_ms, bool is_end, struct log_repeated *repeated);

/* In a new process: what was counted is its parent's. */
void log_repeat_forget(void);

#endif
