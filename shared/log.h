/*
 * The log of one process: one line for one event, written with one write(2),
 * so that lines of several processes never mix. Used by everyone.
 *
 * What is logged again and again is counted, not repeated (log_repeat.h). A
 * pipe that nobody reads holds nobody up: lines that it does not take are lost,
 * and how many is told when it takes some again.
 */
#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include <stdbool.h>

#include "shared/log_level.h"

/* Where lines go and which: path NULL or "stderr" means standard error. Returns
 * -1 with errno when the file cannot be opened; lines then keep going to
 * where they went before. */
int log_open(const char *path, enum log_level level, enum log_format format);

/* Opens the file of log_open() again, after a rotation. */
int log_reopen(void);

void log_set_level(enum log_level level);

/* A process begins: the name that stands in each of its lines, "master" or
 * "gateway 1"; copied. */
void log_set_name(const char *name);

/* Hears each line that is written; one call at a time. It logs nothing. */
typedef void log_listener(
	void *self, enum log_level level, const char *message);

/* NULL: nobody listens. */
void log_set_listener(log_listener *listener, void *self);

/* Now and then: writes what was counted and is due. */
void log_tick(void);

/* Before the process ends: writes all that was counted. */
void log_finish(void);

#define LOG_PRINTF __attribute__((format(printf, 1, 2)))

LOG_PRINTF void log_error(const char *format, ...);
LOG_PRINTF void log_warning(const char *format, ...);
LOG_PRINTF void log_info(const char *format, ...);
LOG_PRINTF void log_debug(const char *format, ...);

/* One of many events that an operator has asked to see one by one, as info:
 * never counted. */
LOG_PRINTF void log_event(const char *format, ...);

/* Logs an error and exits with 1; only before the first client is served. */
LOG_PRINTF _Noreturn void fatal(const char *format, ...);

#endif
