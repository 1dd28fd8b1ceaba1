/*
 * Each direction has a buffer with a bound: one side is not read while the
 * other does not take. The end of one side is passed on when all before it is
 * through; when the api has ended and its last byte is with the client, what
 * the client still sends is thrown away for a moment, because a close with
 * unread bytes would be a reset that overtakes the answer.
 *
 * An api that hears no more may still have an answer on its way: what cannot be
 * sent to it is thrown away, and only its own end is the end.
 */
#include "worker/gateway/passage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/table.h"
#include "shared/text.h"
#include "shared/tls.h"
#include "worker/gateway/visitor.h"

#define WAITING_MAX 65536
#define TICK_MS 500

/* Without a byte in either direction, and after the api's last one. */
#define IDLE_MS 75000
#define LINGER_MS 2000

/* Who has an answer and has been quiet so long is between two requests. */
#define PAUSE_MS 500

/* Before a full house lets one go for another. */
#define YIELD_MS 10000

struct passage {
	struct passage *prev, *next;
	struct passages *all;
	struct tls *tls; /* of the client; NULL: none */
	struct event *client_event, *api_event;
	int client, api;
	bool client_has_ended, api_has_ended;
	bool client_is_told, api_is_told; /* that the other side has ended */
	bool api_is_deaf;                 /* it takes nothing more */
	bool is_counted;
	bool waits_for_api;  /* it has heard something since it last spoke */
	uint8_t address[16]; /* of who is connected */
	struct buffer to_api, to_client;
	uint64_t moved_ms;
};

static void
drop(struct passage *passage)
{
	struct passages *all = passage->all;

	DL_DELETE(all->all, passage);
	all->count--;
	if (passage->is_counted && all->on_end)
		all->on_end(all->self, passage->address);
	event_free(passage->client_event);
	event_free(passage->api_event);
	tls_free(&passage->tls);
	close(passage->client);
	close(passage->api);
	buffer_fini(&passage->to_api);
	buffer_fini(&passage->to_client);
	free(passage);
}

/* In a full house the one goes that has been without a byte for longest: most
 * likely it waits for a next request. */
static bool
has_room(struct passages *passages)
{
	struct passage *passage, *oldest = passages->all;

	if (passages->count < passages->count_max)
		return true;
	DL_FOREACH(passages->all, passage)
	{
		if (passage->moved_ms < oldest->moved_ms)
			oldest = passage;
	}
	if (clock_ms() - oldest->moved_ms < YIELD_MS)
		return false;
	drop(oldest);
	return true;
}

static ssize_t
receive_from_client(struct passage *passage, uint8_t *at)
{
	if (passage->tls)
		return tls_recv(passage->tls, at, TLS_READ_BYTES);
	return recv(passage->client, at, TLS_READ_BYTES, 0);
}

/* False: this side is broken. */
static bool
note_received(struct buffer *into, bool *has_ended, ssize_t got)
{
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got == 0)
		*has_ended = true;
	into->length += (size_t)got;
	return true;
}

/* Nobody hears him any more, and it does not keep the passage. */
static bool
drain_client(struct passage *passage)
{
	struct buffer nowhere = { 0 };
	uint8_t *at = buffer_reserve(&nowhere, TLS_READ_BYTES);
	bool is_good = note_received(&nowhere, &passage->client_has_ended,
		receive_from_client(passage, at));

	buffer_fini(&nowhere);
	return is_good;
}

static bool
read_client(struct passage *passage)
{
	struct buffer *into = &passage->to_api;
	uint8_t *at;

	if (passage->api_has_ended || passage->api_is_deaf)
		return drain_client(passage);
	at = buffer_reserve(into, TLS_READ_BYTES);
	passage->moved_ms = clock_ms();
	passage->waits_for_api = true;
	return note_received(into, &passage->client_has_ended,
		receive_from_client(passage, at));
}

static bool
read_api(struct passage *passage)
{
	struct buffer *into = &passage->to_client;
	uint8_t *at = buffer_reserve(into, TLS_READ_BYTES);
	ssize_t got = recv(passage->api, at, TLS_READ_BYTES, 0);

	/* It went with some of ours unread; all of its own has come before. */
	if (got < 0 && errno == ECONNRESET)
		got = 0;
	passage->moved_ms = clock_ms();
	passage->waits_for_api = false;
	return note_received(into, &passage->api_has_ended, got);
}

static ssize_t
send_to_client(struct passage *passage)
{
	const struct buffer *from = &passage->to_client;
	int flushed;

	if (!passage->tls)
		return send(passage->client, from->data, from->length,
			MSG_NOSIGNAL);
	flushed = tls_flush(passage->tls);
	if (flushed < 0)
		return -1;
	return tls_send(passage->tls, from->data,
		MIN_OF(from->length, TLS_RECORD_BYTES));
}

static bool
note_sent(struct passage *passage, struct buffer *from, ssize_t sent)
{
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	buffer_drop_front(from, (size_t)sent);
	passage->moved_ms = clock_ms();
	return true;
}

/* Most passages wait for their next request most of the time. */
static void
give_back(struct buffer *buffer)
{
	if (buffer->length == 0)
		buffer_fini(buffer);
}

static bool
write_client(struct passage *passage)
{
	struct buffer *from = &passage->to_client;

	if (from->length > 0)
		return note_sent(passage, from, send_to_client(passage));
	if (passage->tls && tls_waiting(passage->tls) &&
		tls_flush(passage->tls) < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!passage->api_has_ended || passage->client_is_told)
		return true;
	passage->client_is_told = true;
	passage->moved_ms = clock_ms();
	if (passage->tls)
		tls_shut(passage->tls);
	return shutdown(passage->client, SHUT_WR) == 0;
}

static void
write_api(struct passage *passage)
{
	struct buffer *from = &passage->to_api;

	if (passage->api_has_ended || passage->api_is_deaf) {
		buffer_fini(from);
	} else if (from->length > 0) {
		passage->api_is_deaf = !note_sent(passage, from,
			send(passage->api, from->data, from->length,
				MSG_NOSIGNAL));
	} else if (passage->client_has_ended && !passage->api_is_told) {
		passage->api_is_told = true;
		shutdown(passage->api, SHUT_WR);
	}
}

static void
watch(struct event *event, bool reads, bool writes)
{
	short wanted =
		EV_PERSIST | (reads ? EV_READ : 0) | (writes ? EV_WRITE : 0);
	short had = event_get_events(event);

	if (had == wanted && event_pending(event, EV_READ | EV_WRITE, NULL))
		return;
	event_del(event);
	event_assign(event, event_get_base(event), event_get_fd(event), wanted,
		event_get_callback(event), event_get_callback_arg(event));
	if (reads || writes)
		event_add(event, NULL);
}

static void
watch_what_matters(struct passage *passage)
{
	bool tls_waits = passage->tls && tls_waiting(passage->tls) > 0;

	watch(passage->client_event,
		!passage->client_has_ended &&
			(passage->api_has_ended ||
				passage->to_api.length < WAITING_MAX),
		passage->to_client.length > 0 || tls_waits);
	watch(passage->api_event, !passage->api_has_ended &&
					  passage->to_client.length<WAITING_MAX,
						  passage->to_api.length> 0 &&
					  !passage->api_has_ended &&
					  !passage->api_is_deaf);
}

/* After each event: writes what can be written, and ends when all is said. */
static void
settle(struct passage *passage, bool is_good)
{
	if (is_good)
		write_api(passage);
	if (!is_good || !write_client(passage)) {
		drop(passage);
		return;
	}
	give_back(&passage->to_api);
	give_back(&passage->to_client);
	if (passage->client_is_told && passage->client_has_ended)
		drop(passage);
	else
		watch_what_matters(passage);
}

static void
on_client(evutil_socket_t fd, short what, void *self)
{
	struct passage *passage = self;

	(void)fd;
	settle(passage, !(what & EV_READ) || read_client(passage));
}

static void
on_api(evutil_socket_t fd, short what, void *self)
{
	struct passage *passage = self;

	(void)fd;
	settle(passage, !(what & EV_READ) || read_api(passage));
}

/* To the api it is as if the client had ended, so that an answer which is on
 * its way all the same still comes. */
static bool
is_over(const struct passage *passage, uint64_t now)
{
	return passage->all->is_ending && !passage->waits_for_api &&
	       !passage->client_has_ended && passage->to_client.length == 0 &&
	       now - passage->moved_ms >= PAUSE_MS;
}

static void
look_at_the_clock(struct passage *passage, uint64_t now)
{
	uint64_t patience = passage->client_is_told ? LINGER_MS : IDLE_MS;

	if (now - passage->moved_ms >= patience) {
		drop(passage);
	} else if (is_over(passage, now)) {
		passage->client_has_ended = true;
		settle(passage, true);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *self)
{
	struct passages *passages = self;
	struct passage *passage, *next;
	uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	DL_FOREACH_SAFE(passages->all, passage, next)
	{
		look_at_the_clock(passage, now);
	}
	if (!passages->all)
		event_del(passages->tick);
}

/* A socket with a number that the door can do without. */
static int
open_socket(int descriptor_min)
{
	int low =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int fd;

	if (low < 0 || low >= descriptor_min)
		return low;
	fd = fcntl(low, F_DUPFD_CLOEXEC, descriptor_min);
	close(low);
	return fd;
}

static int
reach(const char *path, int descriptor_min)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = open_socket(descriptor_min);

	if (fd < 0)
		return -1;
	strlcpy(to.sun_path, path, sizeof(to.sun_path));
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The line of the PROXY protocol, version 1: who is connected. For whom a proxy
 * speaks is told by each of its requests, and the api looks at them. */
static void
introduce(struct buffer *out, const struct sockaddr_storage *peer)
{
	uint8_t address[16];
	char words[INET6_ADDRSTRLEN];
	uint16_t port = address_to_bytes(peer, address);
	bool is_mapped = IN6_IS_ADDR_V4MAPPED((struct in6_addr *)address);

	if (IN6_IS_ADDR_UNSPECIFIED((struct in6_addr *)address)) {
		buffer_add_string(out, "PROXY UNKNOWN\r\n");
		return;
	}
	must(inet_ntop(is_mapped ? AF_INET : AF_INET6,
		     is_mapped ? address + 12 : address, words,
		     sizeof(words)) != NULL);
	buffer_add_format(out, "PROXY %s %s %s %u 0\r\n",
		is_mapped ? "TCP4" : "TCP6", words,
		is_mapped ? "0.0.0.0" : "::", port);
}

void
passages_init(struct passages *passages, struct event_base *base)
{
	passages->base = base;
	passages->tick = event_new(base, -1, EV_PERSIST, on_tick, passages);
	must(passages->tick != NULL);
}

void
passages_fini(struct passages *passages)
{
	while (passages->all)
		drop(passages->all);
	if (passages->tick)
		event_free(passages->tick);
}

void
passages_end(struct passages *passages)
{
	passages->is_ending = true;
}

bool
passages_open(struct passages *passages, const struct visitor *visitor,
	const char *path, bool is_counted)
{
	const struct timeval period = { .tv_usec = TICK_MS * 1000 };
	int api =
		has_room(passages) ? reach(path, passages->descriptor_min) : -1;
	struct passage *passage;

	if (api < 0)
		return false;
	passage = base_alloc_zeroed(1, sizeof(*passage));
	passage->all = passages;
	passage->client = visitor->fd;
	passage->tls = visitor->tls;
	passage->api = api;
	passage->moved_ms = clock_ms();
	passage->waits_for_api = true;
	passage->is_counted = is_counted;
	address_to_bytes(&visitor->speaker, passage->address);
	introduce(&passage->to_api, &visitor->speaker);
	buffer_add_text(&passage->to_api, visitor->early);
	passage->client_event = event_new(
		passages->base, visitor->fd, EV_PERSIST, on_client, passage);
	passage->api_event =
		event_new(passages->base, api, EV_PERSIST, on_api, passage);
	must(passage->client_event && passage->api_event);
	DL_APPEND(passages->all, passage);
	passages->count++;
	if (!event_pending(passages->tick, EV_TIMEOUT, NULL))
		event_add(passages->tick, &period);
	settle(passage, true);
	return true;
}
