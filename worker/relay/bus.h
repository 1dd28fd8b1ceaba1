/*
 * The bus: how a relay reaches those of the other hosts, and the one door to
 * nng. Knows bytes, not what they mean: who may speak is said by the frames
 * themselves (wire.h). Used by the relay's role alone, and only after its fork:
 * nng aborts in a child whose parent used it.
 *
 * There are two ports. On the one that is given everybody is sent every frame;
 * on the next higher one each peer is asked, and answers, one request at a
 * time. Peers are dialed for both, again and again until they are there. All
 * hooks are called by the event loop, in its thread; nng's own threads touch
 * none of our state but atomics.
 *
 * Frames may be lost, and nobody says so: when a peer reads too slowly, when a
 * pipe breaks, when we do not keep up. None is damaged or cut short. What waits
 * for a peer that does not read is bounded: so many frames, and when it is more
 * than waiting_bytes_max, the pipe to it is cut and dialed again.
 */
#ifndef WORKER_RELAY_BUS_H
#define WORKER_RELAY_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct bus;
struct bus_peer;
struct event_base;

/* More connections for frames there never are, both ways together. */
#define BUS_PIPES_MAX 256

struct bus_options {
	/* tcp://ADDRESS:PORT or tls+tcp://…, an IPv6 address in brackets. */
	const char *listen;

	/* PEM, all or none; with tls+tcp both sides show a certificate that
	 * the CA has signed, and who dials asks for the name he dialed. */
	struct text tls_cert, tls_key, tls_ca;

	size_t frame_bytes_max;   /* on the bus; who sends more is cut */
	size_t request_bytes_max; /* who asks more is cut */
	size_t answer_bytes_max;
	size_t waiting_bytes_max; /* for one pipe, with us */
	unsigned request_ms;      /* an answer later than that is none */
	unsigned pipes_max;       /* that dial us, on each port; more are
				     refused */
	unsigned idle_ms;         /* who dialed us and for so long has said
				     nothing that was believed is hung up */
};

/* None may free the bus or remove a peer, but for on_answer and on_pipe, which
 * may remove theirs. Bytes are borrowed. */
struct bus_hooks {
	/* A frame came over this pipe. false: it is not believed. */
	bool (*on_frame)(void *self, uint32_t pipe, struct text bytes);

	/* Somebody asks; the answer is appended. false: there will be none, and
	 * it is not believed. */
	bool (*on_request)(
		void *self, struct text bytes, struct buffer *answer);

	/* Ends a request: NULL when no answer came in time, or the pipe broke
	 * before it. The next one may be sent from here. */
	void (*on_answer)(
		void *self, struct bus_peer *peer, const struct text *bytes);

	/* A pipe for frames has come or gone. dialed: by us, to this peer;
	 * NULL: somebody dialed us, or the peer was removed. */
	void (*on_pipe)(
		void *self, uint32_t pipe, struct bus_peer *dialed, bool is_up);
};

struct bus_figures {
	uint64_t frames_sent, bytes_sent; /* once, to however many */
	uint64_t frames_got, bytes_got;
	uint64_t requests_sent, requests_got;
	uint64_t unanswered;     /* requests of ours */
	uint64_t frames_dropped; /* by nng, as far as can be seen */
	uint64_t pipes;          /* there are now */
	uint64_t pipes_refused;  /* were too many */
	uint64_t pipes_cut;      /* had too much waiting */
	uint64_t pipes_idle;     /* said nothing that was believed */

	/* Dialed us and came to nothing, since one of the two did not believe
	 * the other's certificate. */
	uint64_t pipes_distrusted;
};

/* Listens on both ports; NULL when that cannot be, which was logged. */
struct bus *bus_new(struct event_base *base, const struct bus_options *options,
	const struct bus_hooks *hooks, void *self);

/* Is something that was sent not on its way yet? What nng has dropped may count
 * as that while its pipe is there. */
bool bus_has_waiting(struct bus *bus);

/* What waits is lost. */
void bus_free(struct bus **bus);

/* Dials the bus of a peer, as in listen but also by a name, and the port above
 * it. NULL when this is no such URL, which was logged. about: the caller's. */
struct bus_peer *bus_add_peer(struct bus *bus, const char *url, void *about);
void bus_remove_peer(struct bus_peer **peer);
void *bus_peer_about(const struct bus_peer *peer);

/* How often it was dialed in vain, since one of the two did not believe the
 * other's certificate. */
uint64_t bus_peer_distrust(const struct bus_peer *peer);

/* Both ways of dialing one pair of hosts bring each frame twice. The one of the
 * lower number rests: its pipe is closed and the peer is not dialed again for
 * frames; requests go on. */
void bus_rest(struct bus_peer *peer);

/* Closes what was dialed to the peer and dials anew, also out of a rest. A
 * request that was open ends by on_answer. */
void bus_redial(struct bus_peer *peer);

/* Who has dialed it may dial it again. */
void bus_close_pipe(struct bus *bus, uint32_t pipe);

/* Writes the address of the other end, "192.0.2.7:41000". */
#define BUS_ADDRESS_BYTES 64
void bus_pipe_address(
	struct bus *bus, uint32_t pipe, char address[BUS_ADDRESS_BYTES]);

/* To all pipes. Returns how many there are; 0 also when the frame is larger
 * than frames may be. */
unsigned bus_send(struct bus *bus, struct text frame);

/* false: the peer is not connected, or a request to it is open. */
bool bus_request(struct bus_peer *peer, struct text bytes);
bool bus_is_asked(const struct bus_peer *peer);

struct bus_figures bus_figures(const struct bus *bus);

#endif
