/*
 * How one line of the log looks: as text, as JSON, or as journald wants it,
 * which has the time itself and takes a level as <number>. For log.c alone.
 */
#ifndef SHARED_LOG_LINE_H
#define SHARED_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/log_level.h"

/* A pipe takes so many at once, unmixed with those of others. */
#define LOG_LINE_BYTES 4096

struct log_line {
	char bytes[LOG_LINE_BYTES];
	size_t length;
};

struct log_facts {
	enum log_level level;
	enum log_format format;
	bool is_for_journal;
	const char *process;
	int pid;
	const char *message;
};

/* Bytes that are no UTF-8, or could end a line or steer a terminal, are written
 * as \xHH (in JSON control characters as \u00HH). What is too long is cut. */
void log_line_make(struct log_line *line, const struct log_facts *facts);

#endif
