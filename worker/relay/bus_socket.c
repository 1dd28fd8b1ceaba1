/*
 * Sockets of nng, as the bus wants them: bounded in every direction, and never
 * blocking.
 */
#include "worker/relay/bus.h"

#include <event2/event.h>
#include <nng/nng.h>

#include <netdb.h>
#include <nng/protocol/bus0/bus.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "shared/base.h"
#include "shared/bus_url.h"
#include "shared/log.h"
#include "worker/relay/bus_inside.h"

/* An answer waits so long at most, for nng to note that the last one to the
 * same peer has gone; it comes to a millisecond where the peer reads. */
#define ANSWER_MS_MAX 20

#define RECONNECT_MS_MIN 100
#define RECONNECT_MS_MAX 2000
#define RECONNECT_MS_NEVER (24 * 3600 * 1000)

#define URL_BYTES (BUS_HOST_BYTES + 32)

static int
failed(const char *what, int error)
{
	log_error("relay: %s: %s", what, nng_strerror(error));
	return -1;
}

int
bus_open_frames(struct bus *bus)
{
	int error = nng_bus0_open(&bus->frames);

	if (error != 0)
		return failed("bus", error);
	if ((error = nng_socket_set_int(bus->frames, NNG_OPT_SENDBUF,
		     BUS_FRAMES_WAITING_MAX)) != 0 ||
		(error = nng_socket_set_int(bus->frames, NNG_OPT_RECVBUF,
			 BUS_FRAMES_WAITING_MAX)) != 0 ||
		(error = nng_socket_set_size(bus->frames, NNG_OPT_RECVMAXSZ,
			 bus->options.frame_bytes_max)) != 0)
		return failed("bus", error);
	bus_gate_open(&bus->gate, bus->options.pipes_max, PLACES_MAX, bus->bell,
		bus->frames);
	return 0;
}

int
bus_open_answers(struct bus *bus)
{
	int error = nng_rep0_open(&bus->answers);

	if (error != 0)
		return failed("bus", error);
	if ((error = nng_socket_set_size(bus->answers, NNG_OPT_RECVMAXSZ,
		     bus->options.request_bytes_max)) != 0 ||
		(error = nng_socket_set_ms(
			 bus->answers, NNG_OPT_SENDTIMEO, ANSWER_MS_MAX)) != 0)
		return failed("bus", error);
	bus_gate_open(&bus->asking_gate, bus->options.pipes_max, 0, bus->bell,
		bus->answers);
	return 0;
}

int
bus_open_asker(struct bus_peer *peer)
{
	const struct bus *bus = peer->bus;
	int error = nng_req0_open(&peer->asker);

	if (error != 0)
		return failed("bus", error);
	if ((error = nng_socket_set_size(peer->asker, NNG_OPT_RECVMAXSZ,
		     bus->options.answer_bytes_max)) != 0 ||
		(error = nng_socket_set_ms(peer->asker, NNG_OPT_REQ_RESENDTIME,
			 NNG_DURATION_INFINITE)) != 0)
		return failed("bus", error);
	/* The next pipe may be there before the last one is gone. */
	bus_gate_open(&peer->gate, 0, 4, bus->bell, peer->asker);
	return 0;
}

/* nng looks up addresses, too, and leaves out a family of which this machine
 * has none but that of loopback. */
static bool
is_found(const char *host)
{
	const struct addrinfo like = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_ADDRCONFIG | AI_NUMERICHOST };
	struct addrinfo *found = NULL;
	bool is_found = getaddrinfo(host, NULL, &like, &found) == 0;

	if (is_found)
		freeaddrinfo(found);
	return is_found;
}

static void
report_host(const struct bus_url *url)
{
	log_error("relay: %s: this machine has no IPv6 address but those of "
		  "loopback, and nng takes none then: write an IPv4 address",
		url->host);
}

/* As nng can use it: an IPv4 address has a form among those of IPv6, too. What
 * a name stands for is not known before it is dialed. */
static void
write_url(char text[URL_BYTES], const struct bus_url *url, unsigned port)
{
	const char *scheme = url->is_tls ? "tls+tcp" : "tcp";
	char host[BUS_HOST_BYTES];

	snprintf(host, sizeof(host), "%s", url->host + (url->host[0] == '['));
	host[strcspn(host, "]")] = 0;
	if (url->is_name || is_found(host)) {
		snprintf(
			text, URL_BYTES, "%s://%s:%u", scheme, url->host, port);
		return;
	}
	if (url->host[0] == '[')
		report_host(url);
	snprintf(text, URL_BYTES, "%s://[%s%s]:%u", scheme,
		url->host[0] == '[' ? "" : "::ffff:", host, port);
}

int
bus_listen(struct bus *bus, nng_socket socket, const struct bus_url *where,
	unsigned port)
{
	char url[URL_BYTES];
	nng_listener listener;
	int error;

	write_url(url, where, port);
	error = nng_listener_create(&listener, socket, url);

	if (error == 0 && bus->tls)
		error = nng_listener_set_ptr(
			listener, NNG_OPT_TLS_CONFIG, bus->tls);
	if (error == 0)
		error = nng_listener_start(listener, 0);
	return error == 0 ? 0 : failed(url, error);
}

int
bus_dial(struct bus_peer *peer, nng_socket socket, unsigned port,
	nng_dialer *dialer)
{
	char url[URL_BYTES];
	int error;

	write_url(url, &peer->where, port);
	error = nng_dialer_create(dialer, socket, url);
	if (error != 0)
		return failed(url, error);
	if ((peer->tls && (error = nng_dialer_set_ptr(*dialer,
				   NNG_OPT_TLS_CONFIG, peer->tls)) != 0) ||
		(error = nng_dialer_set_ms(
			 *dialer, NNG_OPT_RECONNMINT, RECONNECT_MS_MIN)) != 0 ||
		(error = nng_dialer_set_ms(
			 *dialer, NNG_OPT_RECONNMAXT, RECONNECT_MS_MAX)) != 0 ||
		(error = nng_dialer_start(*dialer, NNG_FLAG_NONBLOCK)) != 0) {
		nng_dialer_close(*dialer);
		*dialer = (nng_dialer)NNG_DIALER_INITIALIZER;
		return failed(url, error);
	}
	return 0;
}

void
bus_dial_again(nng_dialer dialer, bool is_wanted)
{
	nng_dialer_set_ms(dialer, NNG_OPT_RECONNMINT,
		is_wanted ? RECONNECT_MS_MIN : RECONNECT_MS_NEVER);
}

struct event *
bus_watch(struct bus *bus, nng_socket socket, void (*on)(int, short, void *),
	void *self)
{
	struct event *event;
	int fd, error = nng_socket_get_int(socket, NNG_OPT_RECVFD, &fd);

	if (error != 0) {
		failed("bus", error);
		return NULL;
	}
	event = event_new(bus->base, fd, EV_READ | EV_PERSIST, on, self);
	must(event != NULL && event_add(event, NULL) == 0);
	return event;
}

nng_msg *
bus_message(struct text bytes)
{
	nng_msg *message;

	if (nng_msg_alloc(&message, bytes.length) != 0)
		return NULL;
	if (bytes.length > 0)
		memcpy(nng_msg_body(message), bytes.at, bytes.length);
	return message;
}

struct text
bus_message_text(nng_msg *message)
{
	return (struct text){ nng_msg_body(message), nng_msg_len(message) };
}
