#include "master/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"

#define WORDS_BYTES 160
#define KEPT_MAX 8

static struct {
	int fd; /* -1: nobody listens */
	struct sockaddr_un to;
	socklen_t to_length;
	uint64_t watchdog_ms; /* half of what is allowed; 0: nobody asks */
	uint64_t watched_ms;  /* when it was told last */
	char kept[KEPT_MAX][WORDS_BYTES];
	unsigned kept_count;
	char status[WORDS_BYTES];
} notify = { .fd = -1 };

/* "/path", or "@name" in the abstract namespace. */
static bool
read_address(const char *name)
{
	size_t length = strlen(name);

	if (length < 2 || length >= sizeof(notify.to.sun_path) ||
		(name[0] != '/' && name[0] != '@'))
		return false;
	notify.to.sun_family = AF_UNIX;
	memcpy(notify.to.sun_path, name, length + 1);
	if (name[0] == '@')
		notify.to.sun_path[0] = 0;
	notify.to_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				       length + (name[0] == '/'));
	return true;
}

static void
read_watchdog(void)
{
	const char *allowed = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!allowed || (pid && atol(pid) != (long)getpid()))
		return;
	notify.watchdog_ms = strtoull(allowed, NULL, 10) / 2000;
}

void
notify_open(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	if (!name)
		return;
	if (!read_address(name)) {
		log_warning(
			"NOTIFY_SOCKET is no address of a socket: %s", name);
		return;
	}
	notify.fd =
		socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	read_watchdog();
}

void
notify_shed(void)
{
	if (notify.fd >= 0)
		close(notify.fd);
	notify.fd = -1;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

bool
notify_is_heard(void)
{
	return notify.fd >= 0;
}

/* False when it is worth another try. */
static bool
send_words(const char *words)
{
	return sendto(notify.fd, words, strlen(words), MSG_NOSIGNAL,
		       (const struct sockaddr *)&notify.to,
		       notify.to_length) >= 0 ||
	       (errno != EAGAIN && errno != EINTR && errno != ENOBUFS);
}

void
notify_retry(void)
{
	unsigned sent = 0;

	if (notify.fd < 0)
		return;
	while (sent < notify.kept_count && send_words(notify.kept[sent]))
		sent++;
	notify.kept_count -= sent;
	memmove(notify.kept[0], notify.kept[sent],
		notify.kept_count * sizeof(notify.kept[0]));
}

/* The newest words say most: the oldest give way. */
void
notify_say(const char *words)
{
	if (notify.fd < 0)
		return;
	notify_retry();
	if (notify.kept_count == 0 && send_words(words))
		return;
	if (notify.kept_count == KEPT_MAX)
		memmove(notify.kept[0], notify.kept[1],
			--notify.kept_count * sizeof(notify.kept[0]));
	snprintf(notify.kept[notify.kept_count++], WORDS_BYTES, "%s", words);
}

void
notify_status(const char *words)
{
	char line[WORDS_BYTES];

	if (notify.fd < 0 || strcmp(words, notify.status) == 0)
		return;
	snprintf(line, sizeof(line), "STATUS=%s", words);
	if (send_words(line))
		snprintf(notify.status, sizeof(notify.status), "%s", words);
}

void
notify_reloading(void)
{
	char words[WORDS_BYTES];

	snprintf(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)clock_us());
	notify_say(words);
}

/* Whoever executes us anew finds the variables as they should be. */
void
notify_new_process(void)
{
	char words[WORDS_BYTES];

	snprintf(words, sizeof(words), "MAINPID=%d", (int)getpid());
	notify_say(words);
	if (notify.watchdog_ms > 0)
		setenv("WATCHDOG_PID", words + strlen("MAINPID="), 1);
}

void
notify_watchdog(uint64_t now_ms)
{
	if (notify.fd < 0 || notify.watchdog_ms == 0 ||
		now_ms < notify.watched_ms + notify.watchdog_ms)
		return;
	if (send_words("WATCHDOG=1"))
		notify.watched_ms = now_ms;
}
