#include "worker/relay/bus.h"

#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/bus_url.h"
#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/log.h"
#include "shared/table.h"
#include "worker/relay/bus_inside.h"

/* Read in one turn of the loop; the rest in the next. */
#define FRAMES_A_TURN 256
#define REQUESTS_A_TURN 16

/* The memory of a large answer is not kept. */
#define ANSWER_BYTES_KEPT 65536

#define LOOK_MS 100

/* So long an end may take. */
#define END_MS 2000

static struct bus_peer *
peer_of(const struct bus *bus, uint64_t place)
{
	struct bus_peer *peer;

	DL_FOREACH(bus->peers, peer)
	if (peer->dialer.id != 0 &&
		bus_place_dialer(place) ==
			(uint32_t)nng_dialer_id(peer->dialer))
		return peer;
	return NULL;
}

static void
tell_pipe(struct bus *bus, const struct bus_pipe *pipe, bool is_up)
{
	if (is_up)
		bus->figures.pipes++;
	else
		bus->figures.pipes--;
	bus->hooks.on_pipe(
		bus->self, bus_place_pipe(pipe->place), pipe->dialed, is_up);
}

static void
look_at_pipes(struct bus *bus)
{
	for (unsigned i = 0; i < bus->gate.count; i++) {
		uint64_t place = atomic_load(&bus->gate.places[i]);
		struct bus_pipe before = bus->pipes[i];

		if (!bus_place_is_ready(place))
			place = 0;
		if (place == before.place)
			continue;
		bus->pipes[i] = (struct bus_pipe){ place, peer_of(bus, place),
			bus->figures.frames_sent, bus->figures.bytes_sent };
		if (before.place != 0)
			tell_pipe(bus, &before, false);
		if (place != 0)
			tell_pipe(bus, &bus->pipes[i], true);
	}
}

static void
on_bell(evutil_socket_t fd, short what, void *self)
{
	struct bus *bus = self;
	struct bus_peer *peer, *next;
	uint64_t times;

	(void)what;
	if (read(fd, &times, sizeof(times)) < 0)
		return;
	look_at_pipes(bus);
	DL_FOREACH_SAFE(bus->peers, peer, next)
	bus_peer_rung(peer);
	DL_FOREACH_SAFE(bus->leaving, peer, next)
	bus_peer_rung(peer);
}

/* A pipe is told of before the first frame that came over it. */
static void
on_frames(evutil_socket_t fd, short what, void *self)
{
	struct bus *bus = self;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < FRAMES_A_TURN; i++) {
		nng_msg *message;
		struct text bytes;
		uint32_t pipe;

		if (nng_recvmsg(bus->frames, &message, NNG_FLAG_NONBLOCK) != 0)
			return;
		pipe = (uint32_t)nng_pipe_id(nng_msg_get_pipe(message));
		bus_gate_ready(&bus->gate, pipe);
		look_at_pipes(bus);
		bytes = bus_message_text(message);
		bus->figures.frames_got++;
		bus->figures.bytes_got += bytes.length;
		if (bus->hooks.on_frame(bus->self, pipe, bytes))
			bus_gate_believe(&bus->gate, pipe);
		nng_msg_free(message);
	}
}

static void
answer(struct bus *bus)
{
	nng_msg *message;

	if (bus->answer.length > bus->options.answer_bytes_max)
		return;
	message = bus_message(buffer_text(&bus->answer));
	if (message && nng_sendmsg(bus->answers, message, 0) != 0)
		nng_msg_free(message);
}

/* A request that gets no answer is forgotten by nng when the next one is read.
 */
static void
on_requests(evutil_socket_t fd, short what, void *self)
{
	struct bus *bus = self;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < REQUESTS_A_TURN; i++) {
		nng_msg *message;
		bool is_answered;
		uint32_t pipe;

		if (nng_recvmsg(bus->answers, &message, NNG_FLAG_NONBLOCK) != 0)
			return;
		bus->figures.requests_got++;
		buffer_clear(&bus->answer, ANSWER_BYTES_KEPT);
		is_answered = bus->hooks.on_request(
			bus->self, bus_message_text(message), &bus->answer);
		pipe = (uint32_t)nng_pipe_id(nng_msg_get_pipe(message));
		nng_msg_free(message);
		if (!is_answered)
			continue;
		bus_gate_believe(&bus->asking_gate, pipe);
		answer(bus);
	}
}

static void
look_at_ends(struct bus *bus)
{
	struct bus_peer *peer;

	bus_look_at_ends(&bus->gate);
	bus_look_at_ends(&bus->asking_gate);
	DL_FOREACH(bus->peers, peer)
	bus_look_at_ends(&peer->gate);
	DL_FOREACH(bus->leaving, peer)
	bus_look_at_ends(&peer->gate);
}

static void
on_look(evutil_socket_t fd, short what, void *self)
{
	struct bus *bus = self;

	(void)fd;
	(void)what;
	if (bus->bytes_looked != bus->figures.bytes_sent)
		bus_look_at_waiting(bus);
	bus_look_at_trust(bus);
	bus->figures.pipes_idle +=
		bus_gate_end_idle(&bus->gate, bus->options.idle_ms) +
		bus_gate_end_idle(&bus->asking_gate, bus->options.idle_ms);
	look_at_ends(bus);
}

static int
listen_at(struct bus *bus, const struct bus_url *url)
{
	if (bus_listen(bus, bus->frames, url, url->port) < 0)
		return -1;
	return bus_listen(bus, bus->answers, url, url->port + 1U);
}

static int
set_up(struct bus *bus)
{
	const struct timeval look = { .tv_usec = LOOK_MS * 1000 };
	struct bus_url url;

	if (!bus_url_read(bus->options.listen, &url)) {
		log_error("relay: %s: not where a bus can listen",
			bus->options.listen);
		return -1;
	}
	if (url.is_tls && !(bus->tls = bus_tls_new(&bus->options, NULL)))
		return -1;
	if (bus_open_frames(bus) < 0 || bus_open_answers(bus) < 0)
		return -1;
	bus->frames_readable = bus_watch(bus, bus->frames, on_frames, bus);
	bus->answers_readable = bus_watch(bus, bus->answers, on_requests, bus);
	if (!bus->frames_readable || !bus->answers_readable)
		return -1;
	bus->rung = event_new(
		bus->base, bus->bell, EV_READ | EV_PERSIST, on_bell, bus);
	bus->look = event_new(bus->base, -1, EV_PERSIST, on_look, bus);
	must(bus->rung && event_add(bus->rung, NULL) == 0);
	must(bus->look && event_add(bus->look, &look) == 0);
	return listen_at(bus, &url);
}

/* With a zero behind it, as nng wants it. */
static struct text
text_copy(struct text text)
{
	char *copy = base_alloc(text.length + 1);

	if (text.length > 0)
		memcpy(copy, text.at, text.length);
	copy[text.length] = 0;
	return (struct text){ copy, text.length };
}

static void
text_forget(struct text text)
{
	crypto_forget((char *)text.at, text.length);
	free((char *)text.at);
}

struct bus *
bus_new(struct event_base *base, const struct bus_options *options,
	const struct bus_hooks *hooks, void *self)
{
	struct bus *bus = base_alloc_zeroed(1, sizeof(*bus));

	bus->base = base;
	bus->options = *options;
	bus->options.tls_cert = text_copy(options->tls_cert);
	bus->options.tls_key = text_copy(options->tls_key);
	bus->options.tls_ca = text_copy(options->tls_ca);
	bus->hooks = *hooks;
	bus->self = self;
	bus->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	must(bus->bell >= 0);
	if (set_up(bus) < 0)
		bus_free(&bus);
	return bus;
}

static void
free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static bool
has_ended(const struct bus *bus)
{
	return bus->leaving == NULL && bus_gate_is_empty(&bus->gate) &&
	       bus_gate_is_empty(&bus->asking_gate);
}

/* nng sees the end of a pipe when what came before has been read. */
static void
read_rest(nng_socket socket)
{
	nng_msg *message;

	while (nng_recvmsg(socket, &message, NNG_FLAG_NONBLOCK) == 0)
		nng_msg_free(message);
}

/* Hangs up everywhere and waits until nng has seen that. */
static void
end_pipes(struct bus *bus)
{
	uint64_t until_ms = clock_ms() + END_MS;
	struct bus_peer *peer, *next;

	atomic_store(&bus->gate.is_closed, true);
	atomic_store(&bus->asking_gate.is_closed, true);
	bus_hang_up_all(&bus->gate);
	bus_hang_up_all(&bus->asking_gate);
	while ((peer = bus->peers))
		bus_remove_peer(&peer);
	while (!has_ended(bus) && clock_ms() < until_ms) {
		struct pollfd bell = { bus->bell, POLLIN, 0 };
		uint64_t times;

		look_at_ends(bus);
		read_rest(bus->frames);
		read_rest(bus->answers);
		if (poll(&bell, 1, 10) > 0 &&
			read(bus->bell, &times, sizeof(times)) < 0)
			break;
		DL_FOREACH_SAFE(bus->leaving, peer, next)
		bus_peer_rung(peer);
	}
}

static void
close_socket(nng_socket socket)
{
	if (nng_socket_id(socket) > 0)
		nng_close(socket);
}

/* What nng has not let go of stays: its threads write there. */
void
bus_free(struct bus **gone)
{
	struct bus *bus = *gone;

	if (bus == NULL)
		return;
	*gone = NULL;
	free_event(bus->frames_readable);
	free_event(bus->answers_readable);
	free_event(bus->rung);
	free_event(bus->look);
	end_pipes(bus);
	if (!has_ended(bus))
		return;
	close_socket(bus->frames);
	close_socket(bus->answers);
	if (bus->tls)
		nng_tls_config_free(bus->tls);
	close(bus->bell);
	text_forget(bus->options.tls_cert);
	text_forget(bus->options.tls_key);
	text_forget(bus->options.tls_ca);
	buffer_fini(&bus->answer);
	free(bus);
}

static nng_pipe
pipe_of(uint32_t id)
{
	return (nng_pipe){ .id = id };
}

void
bus_close_pipe(struct bus *bus, uint32_t pipe)
{
	bus_hang_up(&bus->gate, pipe);
}

bool
bus_pipe_end(uint32_t pipe, const char *which, struct sockaddr_storage *storage)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
	struct sockaddr_in *in = (struct sockaddr_in *)storage;
	nng_sockaddr end = { 0 };

	*storage = (struct sockaddr_storage){ 0 };
	if (nng_pipe_get_addr(pipe_of(pipe), which, &end) != 0)
		return false;
	if (end.s_family == NNG_AF_INET) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = end.s_in.sa_addr;
		in->sin_port = end.s_in.sa_port;
	} else if (end.s_family == NNG_AF_INET6) {
		in6->sin6_family = AF_INET6;
		memcpy(&in6->sin6_addr, end.s_in6.sa_addr, 16);
		in6->sin6_port = end.s_in6.sa_port;
	}
	return storage->ss_family != 0;
}

void
bus_pipe_address(
	struct bus *bus, uint32_t pipe, char address[BUS_ADDRESS_BYTES])
{
	struct sockaddr_storage storage;
	uint8_t bytes[16];
	uint16_t port;

	(void)bus;
	_Static_assert(BUS_ADDRESS_BYTES >= ADDRESS_PEER_BYTES, "it fits");
	if (!bus_pipe_end(pipe, NNG_OPT_REMADDR, &storage)) {
		snprintf(address, BUS_ADDRESS_BYTES, "somebody");
		return;
	}
	port = address_to_bytes(&storage, bytes);
	address_write_peer(address, bytes, port);
}

unsigned
bus_send(struct bus *bus, struct text frame)
{
	nng_msg *message;

	if (frame.length > bus->options.frame_bytes_max)
		return 0;
	message = bus_message(frame);
	if (!message)
		return 0;
	if (nng_sendmsg(bus->frames, message, NNG_FLAG_NONBLOCK) != 0) {
		bus->figures.frames_dropped++;
		nng_msg_free(message);
		return 0;
	}
	bus->figures.frames_sent++;
	bus->figures.bytes_sent += frame.length;
	if (bus->figures.bytes_sent - bus->bytes_looked >
		bus->options.waiting_bytes_max / 4)
		bus_look_at_waiting(bus);
	return (unsigned)bus->figures.pipes;
}

struct bus_figures
bus_figures(const struct bus *bus)
{
	struct bus_figures figures = bus->figures;

	figures.pipes_refused = atomic_load(&bus->gate.refused) +
				atomic_load(&bus->asking_gate.refused);
	return figures;
}
