#include "shared/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static struct {
	int fd;
	enum log_level level;
	enum log_format format;
	char *path;
	char name[64];
} log_state = {
	.fd = STDERR_FILENO, .level = LOG_LEVEL_INFO, .name = "confabd"
};

static int
open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0)
		return -1;
	if (log_state.fd != STDERR_FILENO)
		close(log_state.fd);
	log_state.fd = fd;
	return 0;
}

int
log_open(const char *path, enum log_level level, enum log_format format)
{
	bool is_stderr = path == NULL || strcmp(path, "stderr") == 0;
	char *copy = NULL;

	log_state.level = level;
	log_state.format = format;
	if (!is_stderr) {
		if (open_file(path) < 0)
			return -1;
		copy = strdup(path);
	} else if (log_state.fd != STDERR_FILENO) {
		close(log_state.fd);
		log_state.fd = STDERR_FILENO;
	}
	free(log_state.path);
	log_state.path = copy;
	return 0;
}

int
log_reopen(void)
{
	return log_state.path ? open_file(log_state.path) : 0;
}

void
log_set_level(enum log_level level)
{
	log_state.level = level;
}

void
log_set_name(const char *name)
{
	snprintf(log_state.name, sizeof(log_state.name), "%s", name);
}

/* Control bytes would let a client's text forge a line, so they become '?';
 * for JSON the two special characters are escaped too. Returns the new end. */
static size_t
append_clean(char *line, size_t at, const char *text, bool is_json)
{
	for (; *text && at < LINE_BYTES - 8; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f)
			byte = '?';
		if (is_json && (byte == '"' || byte == '\\'))
			line[at++] = '\\';
		line[at++] = (char)byte;
	}
	return at;
}

static size_t
append_time(char *line, size_t room)
{
	struct timespec now;
	struct tm parts;
	size_t at;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	at = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &parts);
	at += (size_t)snprintf(
		line + at, room - at, ".%03ldZ", now.tv_nsec / 1000000);
	return at;
}

__attribute__((format(printf, 2, 0))) static void
write_line(enum log_level level, const char *format, va_list args)
{
	char text[LINE_BYTES / 2];
	char line[LINE_BYTES];
	int saved_errno = errno;
	bool is_json = log_state.format == LOG_FORMAT_JSON;
	size_t at = 0;

	if (level > log_state.level)
		return;
	vsnprintf(text, sizeof(text), format, args);
	if (is_json) {
		memcpy(line, "{\"time\":\"", 9);
		at = 9 + append_time(line + 9, 64);
		at += (size_t)snprintf(line + at, 160,
			"\",\"level\":\"%s\",\"pid\":%d,\"name\":\"%s\","
			"\"text\":\"",
			level_names[level], (int)getpid(), log_state.name);
	} else {
		at = append_time(line, 64);
		at += (size_t)snprintf(line + at, 160,
			" %s %s[%d]: ", level_names[level], log_state.name,
			(int)getpid());
	}
	at = append_clean(line, at, text, is_json);
	if (is_json) {
		line[at++] = '"';
		line[at++] = '}';
	}
	line[at++] = '\n';
	if (write(log_state.fd, line, at) < 0) {
		/* There is nobody left to tell. */
	}
	errno = saved_errno;
}

#define WRITE_LINE(level, format)                                              \
	do {                                                                   \
		va_list args;                                                  \
		va_start(args, format);                                        \
		write_line((level), (format), args);                           \
		va_end(args);                                                  \
	} while (0)

void
log_error(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_ERROR, format);
}

void
log_warning(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_WARNING, format);
}

void
log_info(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_INFO, format);
}

void
log_debug(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_DEBUG, format);
}

void
fatal(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_ERROR, format);
	exit(1);
}
