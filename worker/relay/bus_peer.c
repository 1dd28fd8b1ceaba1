#include "worker/relay/bus.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/bus_url.h"
#include "shared/log.h"
#include "shared/table.h"
#include "worker/relay/bus_inside.h"

static void
end_request(struct bus_peer *peer, const struct text *answer)
{
	peer->is_asked = false;
	event_del(peer->late);
	if (!answer)
		peer->bus->figures.unanswered++;
	peer->bus->hooks.on_answer(peer->bus->self, peer, answer);
}

/* An answer that comes too late is read and forgotten. */
static void
on_readable(evutil_socket_t fd, short what, void *self)
{
	struct bus_peer *peer = self;
	nng_msg *message;
	struct text answer;

	(void)fd;
	(void)what;
	if (nng_recvmsg(peer->asker, &message, NNG_FLAG_NONBLOCK) != 0)
		return;
	answer = bus_message_text(message);
	if (peer->is_asked)
		end_request(peer, &answer);
	nng_msg_free(message);
}

static void
on_late(evutil_socket_t fd, short what, void *self)
{
	struct bus_peer *peer = self;

	(void)fd;
	(void)what;
	end_request(peer, NULL);
}

static void
close_dialer(nng_dialer *dialer)
{
	if (dialer->id != 0)
		nng_dialer_close(*dialer);
	*dialer = (nng_dialer)NNG_DIALER_INITIALIZER;
}

/* The pipe for frames that this peer was dialed by. */
static uint32_t
frames_pipe(const struct bus_peer *peer)
{
	return bus_gate_pipe(&peer->bus->gate, peer->dialer);
}

/* The dialer is closed when the pipe has gone, before it dials again: the other
 * side sees no connection that ends while it begins. */
static void
hang_up_for_good(struct bus_peer *peer)
{
	bus_dial_again(peer->dialer, false);
	bus_hang_up(&peer->bus->gate, frames_pipe(peer));
}

/* Closes what has no pipe any more; the peer is freed with the last of it. */
static void
leave(struct bus_peer *peer)
{
	if (frames_pipe(peer) == 0)
		close_dialer(&peer->dialer);
	else
		hang_up_for_good(peer);
	if (peer->dialer.id != 0 || !bus_gate_is_empty(&peer->gate)) {
		bus_hang_up_all(&peer->gate);
		return;
	}
	if (nng_socket_id(peer->asker) > 0)
		nng_close(peer->asker);
	if (peer->tls)
		nng_tls_config_free(peer->tls);
	DL_DELETE(peer->bus->leaving, peer);
	free(peer);
}

void
bus_peer_rung(struct bus_peer *peer)
{
	if (peer->is_leaving) {
		leave(peer);
		return;
	}
	if (peer->is_resting && frames_pipe(peer) == 0)
		close_dialer(&peer->dialer);
	else if (peer->is_resting)
		hang_up_for_good(peer);
	if (peer->is_asked && bus_gate_pipe(&peer->gate, peer->asking_dialer) !=
				      peer->asked_pipe)
		end_request(peer, NULL);
}

/* nng dials again by itself what has been hung up; what hangs in a connection
 * that does not come is begun anew. */
static int
redial(struct bus_peer *peer, nng_socket socket, unsigned port,
	struct bus_gate *gate, nng_dialer *dialer)
{
	uint32_t pipe = bus_gate_pipe(gate, *dialer);

	if (pipe != 0) {
		bus_dial_again(*dialer, true);
		bus_hang_up(gate, pipe);
		return 0;
	}
	close_dialer(dialer);
	return bus_dial(peer, socket, port, dialer);
}

static int
dial(struct bus_peer *peer)
{
	peer->is_resting = false;
	if (redial(peer, peer->asker, peer->where.port + 1U, &peer->gate,
		    &peer->asking_dialer) < 0)
		return -1;
	return redial(peer, peer->bus->frames, peer->where.port,
		&peer->bus->gate, &peer->dialer);
}

/* The name that its certificate must bear. */
static nng_tls_config *
make_tls(const struct bus *bus, const struct bus_url *url)
{
	char name[BUS_HOST_BYTES];

	snprintf(name, sizeof(name), "%s", url->host + strspn(url->host, "["));
	name[strcspn(name, "]")] = 0;
	return bus_tls_new(&bus->options, name);
}

static int
set_up(struct bus_peer *peer)
{
	struct bus *bus = peer->bus;

	if (peer->where.is_tls && !(peer->tls = make_tls(bus, &peer->where)))
		return -1;
	if (bus_open_asker(peer) < 0)
		return -1;
	peer->readable = bus_watch(bus, peer->asker, on_readable, peer);
	peer->late = evtimer_new(bus->base, on_late, peer);
	must(peer->late != NULL);
	return peer->readable ? dial(peer) : -1;
}

struct bus_peer *
bus_add_peer(struct bus *bus, const char *url, void *about)
{
	struct bus_peer *peer;
	struct bus_url where;

	if (!bus_url_read(url, &where) ||
		(where.is_tls && bus->options.tls_cert.length == 0)) {
		log_error("relay: %s: there is no way to dial it", url);
		return NULL;
	}
	peer = base_alloc_zeroed(1, sizeof(*peer));
	peer->bus = bus;
	peer->about = about;
	peer->where = where;
	DL_APPEND(bus->peers, peer);
	if (set_up(peer) < 0)
		bus_remove_peer(&peer);
	return peer;
}

void
bus_remove_peer(struct bus_peer **gone)
{
	struct bus_peer *peer = *gone;

	if (peer == NULL)
		return;
	*gone = NULL;
	DL_DELETE(peer->bus->peers, peer);
	for (unsigned i = 0; i < peer->bus->gate.count; i++)
		if (peer->bus->pipes[i].dialed == peer)
			peer->bus->pipes[i].dialed = NULL;
	if (peer->readable)
		event_free(peer->readable);
	if (peer->late)
		event_free(peer->late);
	peer->is_leaving = true;
	DL_APPEND(peer->bus->leaving, peer);
	leave(peer);
}

void *
bus_peer_about(const struct bus_peer *peer)
{
	return peer->about;
}

uint64_t
bus_peer_distrust(const struct bus_peer *peer)
{
	return peer->distrust;
}

void
bus_rest(struct bus_peer *peer)
{
	peer->is_resting = true;
	bus_peer_rung(peer);
}

void
bus_redial(struct bus_peer *peer)
{
	dial(peer);
	if (peer->is_asked)
		end_request(peer, NULL);
}

bool
bus_is_asked(const struct bus_peer *peer)
{
	return peer->is_asked;
}

bool
bus_request(struct bus_peer *peer, struct text bytes)
{
	struct bus *bus = peer->bus;
	struct timeval delay = { .tv_sec = bus->options.request_ms / 1000,
		.tv_usec = bus->options.request_ms % 1000 * 1000 };
	uint32_t pipe = bus_gate_pipe(&peer->gate, peer->asking_dialer);
	nng_msg *message;

	if (pipe == 0 || peer->is_asked ||
		bytes.length > bus->options.request_bytes_max)
		return false;
	message = bus_message(bytes);
	if (!message)
		return false;
	if (nng_sendmsg(peer->asker, message, NNG_FLAG_NONBLOCK) != 0) {
		nng_msg_free(message);
		return false;
	}
	peer->is_asked = true;
	peer->asked_pipe = pipe;
	evtimer_add(peer->late, &delay);
	bus->figures.requests_sent++;
	return true;
}
