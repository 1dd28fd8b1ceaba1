#include "master/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "master/activation.h"
#include "master/listeners_inside.h"
#include "shared/address.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"

#define BACKLOG 65535

/* How long children of a dead master may take to leave their sockets. */
#define LEAVE_MS 3000

struct opening {
	const struct config *config;
	const struct arena_shape *shape;
	struct listening made;
	uint64_t wait_until_ms;
};

static int
set_option(int fd, int level, int option)
{
	const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on));
}

static int
bind_socket(const struct address *address, bool is_shared)
{
	int family = address->storage.ss_family;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int reason;

	if (fd < 0)
		return -1;
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR) == 0 &&
		(family != AF_INET6 ||
			set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0) &&
		(!is_shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT) == 0) &&
		bind(fd, (const struct sockaddr *)&address->storage,
			address->length) == 0)
		return fd;
	reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

/* SO_REUSEPORT would let two servers of one user share a port without a word,
 * so whether the port is free is found out without it. */
static int
probe(struct opening *opening, const struct address *address)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };

	for (;;) {
		int fd = bind_socket(address, false);

		if (fd >= 0) {
			close(fd);
			return 0;
		}
		if (errno != EADDRINUSE || clock_ms() >= opening->wait_until_ms)
			return -1;
		nanosleep(&pause, NULL);
	}
}

int
listeners_bind(const struct address *address)
{
	int fd = bind_socket(address, true);
	int reason;

	if (fd < 0 || listen(fd, BACKLOG) == 0)
		return fd;
	reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

bool
listeners_is_served_by(const struct config *config,
	const struct arena_shape *shape, const struct listening *listening,
	unsigned listener, unsigned slot)
{
	enum role role = config->listeners[listener].role == LISTENER_API
				 ? ROLE_API
				 : ROLE_GATEWAY;

	return listening->is_on[slot] && shape->roles[slot] == role;
}

struct heritage_socket *
listeners_add(
	struct listening *listening, int fd, unsigned slot, unsigned listener)
{
	listening->sockets = base_realloc(listening->sockets,
		(listening->count + 1) * sizeof(struct heritage_socket));
	listening->sockets[listening->count++] = (struct heritage_socket){
		.fd = fd, .slot = slot, .listener = listener
	};
	return &listening->sockets[listening->count - 1];
}

static int
open_tcp(struct opening *opening, const struct address *address,
	unsigned listener)
{
	if (probe(opening, address) < 0)
		return -1;
	for (unsigned i = 0; i < opening->shape->slots; i++) {
		int fd;

		if (!listeners_is_served_by(opening->config, opening->shape,
			    &opening->made, listener, i))
			continue;
		fd = listeners_bind(address);
		if (fd < 0)
			return -1;
		listeners_add(&opening->made, fd, i, listener);
	}
	return 0;
}

static bool
somebody_answers(const struct address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answers = fd >= 0 &&
		       connect(fd, (const struct sockaddr *)&address->storage,
			       address->length) == 0;

	if (fd >= 0)
		close(fd);
	return answers;
}

/* Only a socket may be in the way, and only a dead one is removed. */
static int
clear_path(const struct address *address)
{
	struct stat what;

	if (lstat(address_path(address), &what) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(what.st_mode) || somebody_answers(address)) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(address_path(address));
}

int
listeners_open_unix(const char *path, unsigned mode)
{
	struct address address = { .length = sizeof(struct sockaddr_un) };
	struct sockaddr_un *to = (struct sockaddr_un *)&address.storage;
	int fd;

	if (strlen(path) >= sizeof(to->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	to->sun_family = AF_UNIX;
	strlcpy(to->sun_path, path, sizeof(to->sun_path));
	if (clear_path(&address) < 0)
		return -1;
	fd = bind_socket(&address, false);
	if (fd < 0)
		return -1;
	if (chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0) {
		int reason = errno;

		close(fd);
		unlink(path);
		errno = reason;
		return -1;
	}
	return fd;
}

static int
open_unix(struct opening *opening, const struct address *address,
	unsigned listener)
{
	bool is_ours = opening->config->listeners[listener].is_passage;
	int fd = listeners_open_unix(
		address_path(address), is_ours ? 0600 : 0660);

	if (fd < 0)
		return -1;
	listeners_add(&opening->made, fd, HERITAGE_ANY_SLOT, listener);
	return 0;
}

static bool
may_have_siblings(int fd)
{
	socklen_t length = sizeof(int);
	int is_on = 0;

	return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &is_on, &length) == 0 &&
	       is_on;
}

/* The given socket for one slot, and others beside it for the rest; false, and
 * none, where that cannot be: beside a socket of root nobody else may bind. */
static bool
open_siblings(struct opening *opening, const struct address *address,
	unsigned listener, int fd)
{
	struct listening *made = &opening->made;
	size_t first = made->count;

	for (unsigned i = 0; i < opening->shape->slots; i++) {
		bool is_first = made->count == first;
		int own;

		if (!listeners_is_served_by(
			    opening->config, opening->shape, made, listener, i))
			continue;
		own = is_first ? fd : listeners_bind(address);
		if (own >= 0) {
			listeners_add(made, own, i, listener)->is_given =
				is_first;
			continue;
		}
		while (made->count > first + 1)
			close(made->sockets[--made->count].fd);
		made->count = first;
		return false;
	}
	return made->count > first;
}

static int
open_given(struct opening *opening, const struct address *address,
	unsigned listener)
{
	int fds[ACTIVATION_MAX];
	int count = activation_take(address, fds);

	if (count < 0)
		return -1;
	if (count == 1 && !address_is_unix(address) &&
		may_have_siblings(fds[0]) &&
		open_siblings(opening, address, listener, fds[0]))
		return 0;
	for (int i = 0; i < count; i++)
		listeners_add(
			&opening->made, fds[i], HERITAGE_ANY_SLOT, listener)
			->is_given = true;
	return 0;
}

static int
open_one(struct opening *opening, unsigned index)
{
	const struct listener *listener = &opening->config->listeners[index];
	struct address address;
	int result;

	must(address_read(listener->address, &address));
	if (activation_has(&address))
		result = open_given(opening, &address, index);
	else if (address_is_unix(&address))
		result = open_unix(opening, &address, index);
	else
		result = open_tcp(opening, &address, index);
	if (result < 0)
		log_error("listener %s: %s: %s", listener->name,
			listener->address, strerror(errno));
	return result;
}

int
listeners_open(const struct config *config, const struct arena_shape *shape,
	bool wait, struct listening *listening)
{
	struct opening opening = { .config = config, .shape = shape };
	int result = 0;

	memcpy(opening.made.is_on, listening->is_on, sizeof(listening->is_on));
	if (wait)
		opening.wait_until_ms = clock_ms() + LEAVE_MS;
	for (unsigned i = 0; result == 0 && i < config->listener_count; i++)
		result = open_one(&opening, i);
	if (result < 0)
		listeners_close(config, &opening.made);
	*listening = opening.made;
	return result;
}

static void
close_socket(const struct config *config, const struct heritage_socket *socket)
{
	struct address address;

	close(socket->fd);
	if (!socket->is_given &&
		address_read(config->listeners[socket->listener].address,
			&address) &&
		address_is_unix(&address))
		unlink(address_path(&address));
}

static bool
has_fd(const struct listening *listening, int fd)
{
	for (size_t i = 0; i < listening->count; i++)
		if (listening->sockets[i].fd == fd)
			return true;
	return false;
}

void
listeners_drop(const struct config *old, struct listening *listening,
	const struct listening *kept)
{
	for (size_t i = 0; i < listening->count; i++)
		if (!has_fd(kept, listening->sockets[i].fd))
			close_socket(old, &listening->sockets[i]);
	free(listening->sockets);
	listening->sockets = NULL;
	listening->count = 0;
}

void
listeners_close(const struct config *config, struct listening *listening)
{
	static const struct listening none;

	listeners_drop(config, listening, &none);
}

/* The sockets of the listener that had this address before; false when there
 * was none. */
static bool
take_over(const struct config *old, const struct listening *open,
	const struct listener *listener, unsigned number,
	struct listening *renewed)
{
	bool is_open = false;

	for (size_t i = 0; i < open->count; i++) {
		const struct heritage_socket *socket = &open->sockets[i];
		const struct listener *former =
			&old->listeners[socket->listener];

		if (former->role != listener->role ||
			strcmp(former->address, listener->address) != 0)
			continue;
		listeners_add(renewed, socket->fd, socket->slot, number)
			->is_given = socket->is_given;
		is_open = true;
	}
	return is_open;
}

int
listeners_renew(const struct config *old, const struct listening *open,
	const struct config *config, const struct arena_shape *shape,
	struct listening *renewed)
{
	struct opening opening = { .config = config, .shape = shape };

	memcpy(opening.made.is_on, open->is_on, sizeof(open->is_on));
	for (unsigned i = 0; i < config->listener_count; i++) {
		if (take_over(old, open, &config->listeners[i], i,
			    &opening.made) ||
			open_one(&opening, i) == 0)
			continue;
		listeners_drop(config, &opening.made, open);
		return -1;
	}
	*renewed = opening.made;
	return 0;
}
