/*
 * What comes over the bus. Who speaks is said by the frame, never by the pipe;
 * but a pipe belongs to who speaks there, so that of two pipes between a pair
 * of hosts the one goes that the lower number has dialed.
 */
#include <stdio.h>

#include "shared/base.h"
#include "shared/log.h"
#include "worker/relay/bus.h"
#include "worker/relay/relay.h"
#include "worker/worker.h"

static struct pipe *
find_pipe(struct relay *relay, uint32_t id)
{
	for (unsigned i = 0; i < relay->pipe_count; i++)
		if (relay->pipes[i].id == id)
			return &relay->pipes[i];
	return NULL;
}

void
taking_pipe(void *self, uint32_t id, struct bus_peer *dialed, bool is_up)
{
	struct relay *relay = self;
	struct pipe *pipe = find_pipe(relay, id);
	struct peer *peer;

	if (is_up && !pipe && relay->pipe_count < PIPES_MAX)
		pipe = &relay->pipes[relay->pipe_count++];
	if (!pipe)
		return;
	if (is_up) {
		peer = dialed ? bus_peer_about(dialed) : NULL;
		*pipe = (struct pipe){ .id = id, .dialed = peer };
		if (peer)
			asking_greet(peer);
		return;
	}
	peer = peers_of_host(relay, pipe->host);
	if (peer && peer->rests && !pipe->dialed) {
		peer->rests = false;
		bus_redial(peer->bus);
	}
	*pipe = relay->pipes[--relay->pipe_count];
}

void
taking_close_pipes(struct relay *relay, unsigned host)
{
	for (unsigned i = 0; i < relay->pipe_count; i++)
		if (relay->pipes[i].host == host && !relay->pipes[i].dialed)
			bus_close_pipe(relay->bus, relay->pipes[i].id);
}

/* The other side has dialed us, too, and has the higher number. */
static void
settle(struct peer *peer, const struct pipe *pipe)
{
	if (pipe->dialed || peer->rests || peer->relay->host > peer->host)
		return;
	peer->rests = true;
	bus_rest(peer->bus);
}

/* The slot of those that are shown; the longest silent one makes place. */
static struct stranger *
stranger_of(struct relay *relay, unsigned host)
{
	struct stranger *oldest = &relay->strangers[0];

	for (unsigned i = 0; i < STRANGERS_MAX; i++) {
		struct stranger *one = &relay->strangers[i];

		if (one->host == host)
			return one;
		if (one->last_ms < oldest->last_ms)
			oldest = one;
	}
	*oldest = (struct stranger){ .host = host,
		.first_ms = worker_now_ms(relay->worker) };
	return oldest;
}

static void
note_stranger(struct relay *relay, uint32_t pipe, unsigned host)
{
	struct stranger *stranger = stranger_of(relay, host);
	char address[BUS_ADDRESS_BYTES];

	stranger->last_ms = worker_now_ms(relay->worker);
	stranger->frames++;
	row_count(relay->row, COUNTER_BUS_REFUSED, 1);
	if (stranger->address[0])
		return;
	bus_pipe_address(relay->bus, pipe, address);
	snprintf(stranger->address, sizeof(stranger->address), "tcp://%s",
		address);
}

/* A life that is not known: an answer tells. */
static void
greet_host(struct relay *relay, uint32_t pipe, unsigned host)
{
	struct peer *peer = peers_of_host(relay, host);

	if (peer)
		asking_doubt(peer);
	else
		note_stranger(relay, pipe, host);
}

static bool
take_beat(struct peer *peer, struct text body)
{
	struct unpack in = unpack_of(body);
	struct wire_beat beat;

	if (!wire_beat_unpack(&in, &beat))
		return false;
	inflow_beat(peer, &beat);
	return true;
}

static bool
take_journal(struct peer *peer, struct text body)
{
	struct unpack in = unpack_of(body);
	struct wire_journal journal;
	struct piece piece;

	if (!wire_journal_unpack(&in, &journal))
		return false;
	piece = (struct piece){
		.from = { journal.from_position, journal.from_index },
		.to = { journal.to_position, journal.to_index },
		.items = journal.items,
	};
	if (journal.ledger < peer->ledgers)
		hauler_frame(
			peer->haulers[journal.ledger], peer->store, &piece);
	return true;
}

static bool
take_live(struct peer *peer, struct text body)
{
	struct unpack in = unpack_of(body);
	struct wire_live live;

	if (!wire_live_unpack(&in, &live) || live.number == 0)
		return false;
	inflow_live(peer, body, live.number);
	return true;
}

static bool
take_bye(struct peer *peer, struct text body)
{
	struct unpack in = unpack_of(body);
	struct wire_bye bye;

	if (!wire_bye_unpack(&in, &bye))
		return false;
	peers_say_bye(peer);
	return true;
}

static void
take(struct peer *peer, const struct wire_frame *frame)
{
	static bool (*const takers[WIRE_KIND_COUNT])(
		struct peer *, struct text) = {
		[WIRE_BEAT] = take_beat,
		[WIRE_JOURNAL] = take_journal,
		[WIRE_LIVE] = take_live,
		[WIRE_BYE] = take_bye,
	};

	if (!takers[frame->kind] || !takers[frame->kind](peer, frame->body))
		peers_refuse(peer, WIRE_NOT_OURS);
}

static void
refuse(struct relay *relay, const struct pipe *pipe, enum wire_fault fault)
{
	if (fault == WIRE_OWN_FRAME || fault == WIRE_OLD_COUNT ||
		fault == WIRE_NOT_FOR_US)
		return;
	if (pipe && pipe->dialed)
		peers_refuse(pipe->dialed, fault);
	else
		row_count(relay->row, COUNTER_BUS_REFUSED, 1);
}

bool
taking_frame(void *self, uint32_t id, struct text bytes)
{
	struct relay *relay = self;
	struct pipe *pipe = find_pipe(relay, id);
	struct wire_frame frame;
	enum wire_fault fault = wire_open_bus(relay->wire, bytes, &frame);
	struct peer *peer;

	row_count(relay->row, COUNTER_BUS_FRAMES_IN, 1);
	row_count(relay->row, COUNTER_BUS_BYTES_IN, (int64_t)bytes.length);
	if (fault == WIRE_UNKNOWN_EPOCH)
		greet_host(relay, id, frame.host);
	else if (fault != WIRE_GOOD)
		refuse(relay, pipe, fault);
	peer = fault == WIRE_GOOD ? peers_of_host(relay, frame.host) : NULL;
	if (!peer || frame.epoch != peer->epoch)
		return false;
	if (pipe) {
		pipe->host = frame.host;
		settle(peer, pipe);
	}
	peer->link.frames_in++;
	peer->link.bytes_in += bytes.length;
	peers_heard(peer, worker_now_ms(relay->worker));
	take(peer, &frame);
	return true;
}
