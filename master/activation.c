#include "master/activation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/log.h"

#define FIRST_FD 3
#define NAME_BYTES 128

static struct {
	struct address addresses[ACTIVATION_MAX];
	unsigned count;
} given;

static bool
is_same(const struct address *one, const struct address *other)
{
	const struct sockaddr_in *v4 = (const void *)&one->storage;
	const struct sockaddr_in *other_v4 = (const void *)&other->storage;
	const struct sockaddr_in6 *v6 = (const void *)&one->storage;
	const struct sockaddr_in6 *other_v6 = (const void *)&other->storage;

	if (one->storage.ss_family != other->storage.ss_family)
		return false;
	if (address_is_unix(one))
		return strcmp(address_path(one), address_path(other)) == 0;
	if (one->storage.ss_family == AF_INET)
		return v4->sin_port == other_v4->sin_port &&
		       v4->sin_addr.s_addr == other_v4->sin_addr.s_addr;
	return v6->sin6_port == other_v6->sin6_port &&
	       memcmp(&v6->sin6_addr, &other_v6->sin6_addr,
		       sizeof(v6->sin6_addr)) == 0;
}

/* As the configuration would have it. */
static void
name_address(const struct address *address, char name[NAME_BYTES])
{
	const struct sockaddr_in *v4 = (const void *)&address->storage;
	const struct sockaddr_in6 *v6 = (const void *)&address->storage;
	char host[INET6_ADDRSTRLEN] = "";

	if (address_is_unix(address)) {
		snprintf(name, NAME_BYTES, "unix:%s", address_path(address));
	} else if (address->storage.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(name, NAME_BYTES, "%s:%u", host, ntohs(v4->sin_port));
	} else {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(name, NAME_BYTES, "[%s]:%u", host,
			ntohs(v6->sin6_port));
	}
}

static bool
has_option(int fd, int option, int value)
{
	socklen_t length = sizeof(int);
	int got = 0;

	return getsockopt(fd, SOL_SOCKET, option, &got, &length) == 0 &&
	       got == value;
}

/* Its flags are shared by all who have it, the manager too; for a socket that
 * listens all of them want these. */
static int
take_in(int fd)
{
	struct address *address = &given.addresses[given.count];
	int family;

	address->length = sizeof(address->storage) - 1;
	if (!has_option(fd, SO_ACCEPTCONN, 1) ||
		!has_option(fd, SO_TYPE, SOCK_STREAM) ||
		getsockname(fd, (struct sockaddr *)&address->storage,
			&address->length) < 0)
		return -1;
	family = address->storage.ss_family;
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return -1;
	given.count++;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void
set_close_on_exec(bool is_on)
{
	for (unsigned i = 0; i < given.count; i++)
		fcntl(FIRST_FD + (int)i, F_SETFD, is_on ? FD_CLOEXEC : 0);
}

int
activation_open(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *number = getenv("LISTEN_FDS");
	long count = number ? atol(number) : 0;

	if (!pid || atol(pid) != (long)getpid() || count <= 0)
		return 0;
	if (count > ACTIVATION_MAX) {
		log_error("LISTEN_FDS: %ld sockets are too many", count);
		return -1;
	}
	for (int fd = FIRST_FD; fd < FIRST_FD + count; fd++)
		if (take_in(fd) < 0) {
			log_error("LISTEN_FDS: descriptor %d is no stream "
				  "socket that listens",
				fd);
			return -1;
		}
	set_close_on_exec(true);
	return 0;
}

void
activation_shed(void)
{
	for (unsigned i = 0; i < given.count; i++)
		close(FIRST_FD + (int)i);
	given.count = 0;
}

/* Meanwhile we may have gone to the background. */
void
activation_hand_over(bool is_on)
{
	char pid[16];

	if (given.count == 0)
		return;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	set_close_on_exec(!is_on);
}

bool
activation_has(const struct address *address)
{
	for (unsigned i = 0; i < given.count; i++)
		if (is_same(&given.addresses[i], address))
			return true;
	return false;
}

int
activation_take(const struct address *address, int fds[ACTIVATION_MAX])
{
	int count = 0;

	for (unsigned i = 0; i < given.count; i++) {
		if (!is_same(&given.addresses[i], address))
			continue;
		fds[count] = fcntl(FIRST_FD + (int)i, F_DUPFD_CLOEXEC,
			FIRST_FD + ACTIVATION_MAX);
		if (fds[count++] >= 0)
			continue;
		while (--count > 0)
			close(fds[count - 1]);
		return -1;
	}
	return count;
}

static bool
has_listener(const struct config *config, const struct address *given_address)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		struct address address;

		if (address_read(config->listeners[i].address, &address) &&
			is_same(&address, given_address))
			return true;
	}
	return false;
}

int
activation_check(const struct config *config)
{
	int result = 0;

	for (unsigned i = 0; i < given.count; i++) {
		char name[NAME_BYTES];

		if (has_listener(config, &given.addresses[i]))
			continue;
		name_address(&given.addresses[i], name);
		log_error("LISTEN_FDS: the service manager gave a socket at "
			  "%s, and no listener has that address",
			name);
		result = -1;
	}
	return result;
}
