#include "shared/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log_line.h"
#include "shared/log_repeat.h"

#define MESSAGE_BYTES 1536

/* How long a line may wait for a pipe that is full, once. */
#define PATIENCE_MS 100

static struct {
	int fd;
	enum log_level level;
	enum log_format format;
	char *path;
	char name[64];
	bool is_stuck; /* it took no line the last time */
	uint64_t lost; /* lines since then */
	log_listener *listener;
	void *listener_self;
} log_state = {
	.fd = STDERR_FILENO, .level = LOG_LEVEL_INFO, .name = "confabd"
};

/* Of all that is here; some processes have threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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

static int
open_path(const char *path)
{
	bool is_stderr = path == NULL || strcmp(path, "stderr") == 0;
	char *copy = NULL;

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
log_open(const char *path, enum log_level level, enum log_format format)
{
	int result;

	pthread_mutex_lock(&lock);
	log_state.level = level;
	log_state.format = format;
	result = open_path(path);
	pthread_mutex_unlock(&lock);
	return result;
}

int
log_reopen(void)
{
	int result;

	pthread_mutex_lock(&lock);
	result = log_state.path ? open_file(log_state.path) : 0;
	pthread_mutex_unlock(&lock);
	return result;
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
	log_repeat_forget();
	log_state.lost = 0;
}

void
log_set_listener(log_listener *listener, void *self)
{
	pthread_mutex_lock(&lock);
	log_state.listener = listener;
	log_state.listener_self = self;
	pthread_mutex_unlock(&lock);
}

/* systemd names the socket that it made our standard error; somebody may have
 * put another in its place since. */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat what;

	return fd == STDERR_FILENO && stream &&
	       sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(fd, &what) == 0 && what.st_dev == device &&
	       what.st_ino == inode;
}

/* A pipe takes a line that poll() sees room for; files always do. */
static bool
has_room(void)
{
	struct pollfd out = { .fd = log_state.fd, .events = POLLOUT };
	bool has = poll(&out, 1, log_state.is_stuck ? 0 : PATIENCE_MS) > 0;

	log_state.is_stuck = !has;
	return has;
}

static void
put(enum log_level level, const char *message)
{
	const struct log_facts facts = {
		.level = level,
		.format = log_state.format,
		.is_for_journal = is_journal(log_state.fd),
		.process = log_state.name,
		.pid = (int)getpid(),
		.message = message,
	};
	struct log_line line;

	if (log_state.listener)
		log_state.listener(log_state.listener_self, level, message);
	log_line_make(&line, &facts);
	if (!has_room() || write(log_state.fd, line.bytes, line.length) < 0)
		log_state.lost++;
}

static void
put_lost(void)
{
	uint64_t lost = log_state.lost;
	char message[80];

	if (lost == 0 || !has_room())
		return;
	log_state.lost = 0;
	snprintf(message, sizeof(message),
		"… %llu lines could not be written and are lost",
		(unsigned long long)lost);
	put(LOG_LEVEL_WARNING, message);
	if (log_state.lost > 0)
		log_state.lost = lost;
}

static void
put_repeated(const struct log_repeated *repeated)
{
	char message[LOG_REPEAT_EXAMPLE_BYTES + 80];

	snprintf(message, sizeof(message), "… and %llu more of this kind: %s",
		(unsigned long long)repeated->count, repeated->example);
	put(repeated->level, message);
}

static void
put_all_repeated(bool is_end)
{
	struct log_repeated repeated;

	pthread_mutex_lock(&lock);
	put_lost();
	while (log_repeat_next(clock_ms(), is_end, &repeated))
		put_repeated(&repeated);
	pthread_mutex_unlock(&lock);
}

void
log_tick(void)
{
	put_all_repeated(false);
}

void
log_finish(void)
{
	put_all_repeated(true);
}

/* format: of a line that counts; NULL: this one does not. */
static void
take(enum log_level level, const char *format, const char *message)
{
	struct log_repeated before;

	pthread_mutex_lock(&lock);
	put_lost();
	if (!format) {
		put(level, message);
	} else {
		bool may = log_repeat_may(
			format, level, message, clock_ms(), &before);

		if (before.count > 0)
			put_repeated(&before);
		if (may)
			put(level, message);
	}
	pthread_mutex_unlock(&lock);
}

/* What does not fit ends in an ellipsis, at the end of a character. */
__attribute__((format(printf, 2, 0))) static void
write_message(char message[MESSAGE_BYTES], const char *format, va_list args)
{
	static const char ellipsis[] = "…";
	size_t at = MESSAGE_BYTES - sizeof(ellipsis);

	if (vsnprintf(message, MESSAGE_BYTES, format, args) < MESSAGE_BYTES)
		return;
	while (((unsigned char)message[at] & 0xc0) == 0x80 && at > 0)
		at--;
	memcpy(message + at, ellipsis, sizeof(ellipsis));
}

/* Debugging is for those who want to see everything. */
__attribute__((format(printf, 3, 0))) static void
write_line(
	enum log_level level, bool is_counted, const char *format, va_list args)
{
	char message[MESSAGE_BYTES];
	int saved_errno = errno;

	if (level > log_state.level)
		return;
	write_message(message, format, args);
	take(level, is_counted && level < LOG_LEVEL_DEBUG ? format : NULL,
		message);
	errno = saved_errno;
}

#define WRITE_LINE(level, is_counted, format)                                  \
	do {                                                                   \
		va_list args;                                                  \
		va_start(args, format);                                        \
		write_line((level), (is_counted), (format), args);             \
		va_end(args);                                                  \
	} while (0)

void
log_error(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_ERROR, true, format);
}

void
log_warning(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_WARNING, true, format);
}

void
log_info(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_INFO, true, format);
}

void
log_debug(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_DEBUG, true, format);
}

void
log_event(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_INFO, false, format);
}

void
fatal(const char *format, ...)
{
	WRITE_LINE(LOG_LEVEL_ERROR, false, format);
	log_finish();
	exit(1);
}
