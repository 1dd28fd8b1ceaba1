#include "worker/api/entrance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/codes.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"
#include "shared/manners.h"
#include "shared/table.h"
#include "worker/api/curtain.h"
#include "worker/api/exchange.h"
#include "worker/api/gate.h"
#include "worker/api/reply.h"
#include "worker/api/routes.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

#define HEAD_BYTES_MAX (64 * 1024)
#define BODY_BYTES_MAX (1024 * 1024)
#define HELD_BYTES_MAX (64 * 1024 * 1024)

/* Besides the message: who shall get it, for one. */
#define BODY_BYTES_MORE (256 * 1024)

/* Without any byte, in either direction. */
#define TIMEOUT_SECONDS 60

/* From the first byte of a request to the end of its head, and of it all. */
#define HEAD_MS 10000
#define WHOLE_MS 30000
#define LINGER_MS 2000

/* Accepting rests so long when there is no descriptor left. */
#define REST_MS 200

/* What gets as far as the routes, so that an address can tell which methods it
 * knows; the gate refuses others. */
#define METHODS                                                                \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | \
		EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH)

struct entrance {
	struct entrance *prev, *next;
	struct entrances *entrances;
	struct evhttp *http;
	struct evhttp_bound_socket *socket; /* NULL once it is shut */
	ino_t inode;                        /* of the socket, whatever fd */
	bool is_wanted;                     /* while they are renewed */
	struct gates gates;
	struct exchanges exchanges;
	struct route_scene scene;
};

static void
on_request(struct evhttp_request *request, void *self)
{
	struct entrance *entrance = self;
	struct exchange *exchange = exchange_open(&entrance->exchanges,
		&entrance->scene, &entrance->gates, request);

	if (entrance->scene.listener)
		routes_answer(exchange);
	else
		reply_refuse(exchange, CODE_UNAVAILABLE,
			"this listener has left the configuration");
}

static void
accept_again(evutil_socket_t fd, short what, void *listener)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(listener);
}

/* Without a rest the loop would spin, because the connection still waits. A
 * socket that was shut down stays shut. */
static void
on_accept_failed(struct evconnlistener *listener, void *self)
{
	const struct timeval rest = { .tv_usec = REST_MS * 1000 };
	int why = errno;

	(void)self;
	evconnlistener_disable(listener);
	if (why == EINVAL)
		return;
	log_warning("api: cannot accept connections: %s", strerror(why));
	must(event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT,
		     accept_again, listener, &rest) == 0);
}

/* evhttp closes what it is given, so it gets a descriptor of its own. */
static int
listen_on(struct entrance *entrance, int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (own < 0 || evutil_make_socket_nonblocking(own) < 0)
		goto fail;
	entrance->socket =
		evhttp_accept_socket_with_handle(entrance->http, own);
	if (entrance->socket == NULL)
		goto fail;
	evconnlistener_set_error_cb(
		evhttp_bound_socket_get_listener(entrance->socket),
		on_accept_failed);
	return 0;

fail:
	log_error(
		"api: cannot accept on %s", entrance->scene.listener->address);
	if (own >= 0)
		close(own);
	return -1;
}

static void
entrance_free(struct entrance *entrance)
{
	DL_DELETE(entrance->entrances->all, entrance);
	evhttp_free(entrance->http);
	gates_fini(&entrance->gates);
	exchanges_fini(&entrance->exchanges);
	free(entrance);
}

static ino_t
inode_of(int fd)
{
	struct stat what;

	return fstat(fd, &what) == 0 ? what.st_ino : 0;
}

static struct bufferevent *
on_connection(struct event_base *base, void *self)
{
	struct entrance *entrance = self;
	struct bufferevent *bufferevent =
		curtain_new(base, entrance->gates.manners);

	gate_open(&entrance->gates, bufferevent);
	return bufferevent;
}

/* Its own limits are never reached: the gate's are below them. */
static struct evhttp *
open_http(struct entrance *entrance)
{
	struct evhttp *http =
		evhttp_new(worker_base(entrance->entrances->worker));

	must(http != NULL);
	evhttp_set_max_headers_size(http, 2 * HEAD_BYTES_MAX);
	evhttp_set_timeout(http, TIMEOUT_SECONDS);
	evhttp_set_allowed_methods(http, METHODS);
	evhttp_set_bevcb(http, on_connection, entrance);
	evhttp_set_gencb(http, on_request, entrance);
	return http;
}

/* A message of the greatest size always fits. */
static void
set_limits(struct entrance *entrance)
{
	struct entrances *entrances = entrance->entrances;
	const struct config *config = worker_config(entrances->worker);
	size_t message = (size_t)config->max_message_bytes + BODY_BYTES_MORE;

	entrance->gates.row = worker_row(entrances->worker);
	entrances->porch.crowd_max =
		(uint64_t)config->limits.connections_per_ip;
	/* The gateway counts who comes by a passage. */
	entrance->gates.porch =
		entrance->scene.listener->is_passage ? NULL : &entrances->porch;
	entrance->gates.manners = &entrances->manners[entrance->scene.listener -
						      config->listeners];
	entrance->gates.limits.head_bytes = HEAD_BYTES_MAX;
	entrance->gates.limits.body_bytes = MAX_OF(BODY_BYTES_MAX, message);
	entrance->gates.held_max = HELD_BYTES_MAX;
	entrance->gates.head_ms = HEAD_MS;
	entrance->gates.whole_ms = WHOLE_MS;
	entrance->gates.linger_ms = LINGER_MS;
}

/* Its TLS cannot be had (logged), so nobody is to come in. */
static bool
is_mute(const struct entrance *entrance)
{
	const struct manners *manners = entrance->gates.manners;

	return manners->needs_tls && !manners->tls;
}

static int
open_entrance(struct entrances *entrances, const struct heritage_socket *socket)
{
	const struct config *config = worker_config(entrances->worker);
	struct entrance *entrance = base_alloc_zeroed(1, sizeof(*entrance));

	entrance->entrances = entrances;
	entrance->inode = inode_of(socket->fd);
	entrance->is_wanted = true;
	entrance->scene = (struct route_scene){
		.worker = entrances->worker,
		.pages = entrances->pages,
		.errands = entrances->errands,
		.listener = &config->listeners[socket->listener],
		.is_stopping = &entrances->is_stopping,
	};
	set_limits(entrance);
	entrance->http = open_http(entrance);
	DL_APPEND(entrances->all, entrance);
	if (!is_mute(entrance) && listen_on(entrance, socket->fd) == 0)
		return 0;
	entrance_free(entrance);
	return -1;
}

static bool
is_mine(const struct entrances *entrances, const struct heritage_socket *socket)
{
	const struct config *config = worker_config(entrances->worker);

	return config->listeners[socket->listener].role == LISTENER_API;
}

static void
make_manners(struct entrances *entrances)
{
	const struct config *config = worker_config(entrances->worker);

	manners_free(&entrances->manners, entrances->manners_count);
	entrances->manners = manners_new(
		config, arena_tickets(worker_arena(entrances->worker)));
	entrances->manners_count = config->listener_count;
}

int
entrances_open(struct entrances *entrances)
{
	const struct heritage *heritage = worker_heritage(entrances->worker);

	make_manners(entrances);
	for (size_t i = 0; i < heritage->socket_count; i++)
		if (is_mine(entrances, &heritage->sockets[i]) &&
			open_entrance(entrances, &heritage->sockets[i]) < 0)
			return -1;
	return 0;
}

static void
shut(struct entrance *entrance)
{
	if (entrance->socket)
		evhttp_del_accept_socket(entrance->http, entrance->socket);
	entrance->socket = NULL;
}

/* The one that has this socket already, or a new one. */
static void
renew(struct entrances *entrances, const struct heritage_socket *socket)
{
	const struct config *config = worker_config(entrances->worker);
	ino_t inode = inode_of(socket->fd);
	struct entrance *entrance;

	DL_FOREACH(entrances->all, entrance)
	{
		if (entrance->inode != inode || !entrance->socket)
			continue;
		entrance->is_wanted = true;
		entrance->scene.listener = &config->listeners[socket->listener];
		set_limits(entrance);
		if (is_mute(entrance))
			shut(entrance);
		return;
	}
	open_entrance(entrances, socket);
}

/* Its listener has left the configuration. */
static void
retire(struct entrance *entrance)
{
	shut(entrance);
	entrance->scene.listener = NULL;
	entrance->gates.manners = NULL;
}

void
entrances_sweep(struct entrances *entrances, uint64_t now_ms)
{
	struct entrance *entrance, *next;

	DL_FOREACH_SAFE(entrances->all, entrance, next)
	{
		gates_sweep(&entrance->gates, now_ms);
		if (!entrance->scene.listener && entrance->exchanges.count == 0)
			entrance_free(entrance);
	}
}

void
entrances_renew(struct entrances *entrances)
{
	const struct heritage *heritage = worker_heritage(entrances->worker);
	struct entrance *entrance;

	make_manners(entrances);
	DL_FOREACH(entrances->all, entrance)
	{
		entrance->is_wanted = false;
		entrance->gates.manners = NULL;
	}
	for (size_t i = 0; i < heritage->socket_count; i++)
		if (is_mine(entrances, &heritage->sockets[i]))
			renew(entrances, &heritage->sockets[i]);
	DL_FOREACH(entrances->all, entrance)
	{
		if (!entrance->is_wanted)
			retire(entrance);
	}
}

unsigned
entrances_busy(const struct entrances *entrances)
{
	const struct entrance *entrance;
	unsigned count = 0;

	DL_FOREACH(entrances->all, entrance)
	{
		count += entrance->exchanges.count;
	}
	return count;
}

void
entrances_shut(struct entrances *entrances)
{
	struct entrance *entrance;

	DL_FOREACH(entrances->all, entrance)
	{
		shut(entrance);
	}
}

void
entrances_fini(struct entrances *entrances)
{
	while (entrances->all)
		entrance_free(entrances->all);
	manners_free(&entrances->manners, entrances->manners_count);
}
