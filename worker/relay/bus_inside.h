/*
 * What the sources of the bus have in common. Private to bus*.c, which include
 * bus.h before it.
 */
#ifndef WORKER_RELAY_BUS_INSIDE_H
#define WORKER_RELAY_BUS_INSIDE_H

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>
#include <stdatomic.h>

#include "shared/buffer.h"
#include "shared/bus_url.h"

struct event;

/* A gate may have so many places. */
#define PLACES_MAX BUS_PIPES_MAX

/* Which pipes a socket has: the one thing that threads of nng write. A place
 * holds the number of a pipe and above it that of the dialer that made it, 0
 * for none; a pipe that finds no place is refused. The first places are for
 * guests, who dialed us, and the rest for those we dial, so that guests never
 * keep us from anybody. Each change rings the bell of the loop, which compares
 * the places with what it knows. */
struct bus_gate {
	_Atomic uint64_t places[PLACES_MAX];

	/* The loop's: pipes that were hung up, and by when they end. */
	struct {
		uint32_t pipe;
		uint64_t by_ms;
	} ends[PLACES_MAX];

	/* The loop's: pipes that have no connection, and since when. */
	struct {
		uint32_t pipe;
		uint64_t since_ms;
	} gone[PLACES_MAX];

	/* The loop's: the guest who has this place, and since when he has said
	 * nothing that was believed. */
	struct {
		uint32_t pipe;
		uint64_t since_ms;
	} guests[PLACES_MAX];
	unsigned guests_max, count;
	int bell;              /* eventfd */
	atomic_bool is_closed; /* to all */
	atomic_uint refused;
};

/* So many frames may wait for one pipe, and so many for us. */
#define BUS_FRAMES_WAITING_MAX 1024

/* Places for so many guests, and so many whom we dial. */
void bus_gate_open(struct bus_gate *gate, unsigned guests, unsigned dialed,
	int bell, nng_socket socket);

/* What came by this pipe was believed. */
void bus_gate_believe(struct bus_gate *gate, uint32_t pipe);

/* Hangs up guests who say nothing of that kind; returns how many. */
unsigned bus_gate_end_idle(struct bus_gate *gate, unsigned idle_ms);

/* The pipe that this dialer has made and that is still there, or 0. */
uint32_t bus_gate_pipe(const struct bus_gate *gate, nng_dialer dialer);

/* What is sent reaches this pipe from now on. */
void bus_gate_ready(struct bus_gate *gate, uint32_t pipe);
uint32_t bus_place_pipe(uint64_t place);
uint32_t bus_place_dialer(uint64_t place);
bool bus_place_is_ready(uint64_t place);

/* A pipe for frames, as the loop knows it; place 0: there is none. */
struct bus_pipe {
	uint64_t place;
	struct bus_peer *dialed;
	uint64_t frames_before,
		bytes_before; /* were sent before it was there */
};

struct bus_peer {
	struct bus_peer *prev, *next;
	struct bus *bus;
	void *about;
	struct bus_url where;
	nng_tls_config *tls; /* NULL: without */

	bool is_leaving; /* from bus->leaving; frees itself */
	bool is_resting;
	nng_dialer dialer, asking_dialer;    /* number 0: there is none */
	uint64_t distrust, distrust_counted; /* so far; of it, by nng for the
						dialers there are */

	/* One request at a time, and the pipe by which it went. */
	nng_socket asker;
	struct bus_gate gate;
	struct event *readable;
	struct event *late;
	bool is_asked;
	uint32_t asked_pipe;
};

struct bus {
	struct event_base *base;
	struct bus_options options; /* with copies of the texts, ended by 0 */
	struct bus_hooks hooks;
	void *self;
	int bell;
	struct event *rung;
	nng_tls_config *tls; /* of the listeners; NULL: without */

	nng_socket frames;
	struct bus_gate gate;
	struct bus_pipe pipes[PLACES_MAX];
	struct event *frames_readable;

	nng_socket answers;
	struct bus_gate asking_gate;
	struct event *answers_readable;
	struct buffer answer;

	struct event *look;
	uint64_t bytes_looked; /* were sent when we looked last */
	uint64_t trust_looked_ms;

	struct bus_peer *peers, *leaving;
	struct bus_figures figures;
};

/* Sockets, and what they listen at or dial. Errors were logged. */
int bus_open_frames(struct bus *bus);
int bus_open_answers(struct bus *bus);
int bus_open_asker(struct bus_peer *peer);
int bus_listen(struct bus *bus, nng_socket socket, const struct bus_url *where,
	unsigned port);
int bus_dial(struct bus_peer *peer, nng_socket socket, unsigned port,
	nng_dialer *dialer);

/* Does the dialer dial again when its pipe has gone? */
void bus_dial_again(nng_dialer dialer, bool is_wanted);

/* Calls back when the socket has a message; NULL: logged. */
struct event *bus_watch(struct bus *bus, nng_socket socket,
	void (*on)(int, short, void *), void *self);

/* A copy for nng; NULL: there is no memory. */
nng_msg *bus_message(struct text bytes);
struct text bus_message_text(nng_msg *message);

/* One for the listeners (name NULL), or for dialing a host of that name. NULL:
 * logged. */
nng_tls_config *bus_tls_new(
	const struct bus_options *options, const char *name);

/* Cuts the pipes for which too much waits. */
void bus_look_at_waiting(struct bus *bus);

/* Counts certificates that were not believed. */
void bus_look_at_trust(struct bus *bus);

/* What nng has counted of a thing; 0 also when it does not. */
uint64_t bus_stat(nng_stat *thing, const char *name);

/* Pipes have come or gone: ends the request whose pipe has gone, and closes
 * what waited for that. May free a peer that leaves. */
void bus_peer_rung(struct bus_peer *peer);

struct sockaddr_storage;

/* Where an end of the pipe is, NNG_OPT_LOCADDR or NNG_OPT_REMADDR; false: the
 * pipe is gone. */
bool bus_pipe_end(
	uint32_t pipe, const char *which, struct sockaddr_storage *storage);

/* Ends a pipe, all of a gate, as if its other side had. */
void bus_hang_up(struct bus_gate *gate, uint32_t pipe);
void bus_hang_up_all(struct bus_gate *gate);

/* Closes pipes whose end nng has overlooked, and ends this process when it does
 * not let go of what has ended long ago. */
void bus_look_at_ends(struct bus_gate *gate);
bool bus_gate_is_empty(const struct bus_gate *gate);

#endif
