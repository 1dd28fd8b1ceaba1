/*
 * The log of one process: one line for one event, written with one write(2),
 * so that lines of several processes never mix. Used by everyone.
 */
#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
};

/* Where lines go and which: path NULL or "stderr" means standard error. Returns
 * -1 with errno when the file cannot be opened; lines then keep going to
 * where they went before. */
int log_open(const char *path, enum log_level level, enum log_format format);

/* Opens the file of log_open() again, after a rotation. */
int log_reopen(void);

void log_set_level(enum log_level level);

/* The name that stands in each line, "master" or "gateway 1"; copied. */
void log_set_name(const char *name);

#define LOG_PRINTF __attribute__((format(printf, 1, 2)))

LOG_PRINTF void log_error(const char *format, ...);
LOG_PRINTF void log_warning(const char *format, ...);
LOG_PRINTF void log_info(const char *format, ...);
LOG_PRINTF void log_debug(const char *format, ...);

/* Logs an error and exits with 1; only before the first client is served. */
LOG_PRINTF _Noreturn void fatal(const char *format, ...);

#endif
