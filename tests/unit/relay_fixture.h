/*
 * The relay of host 1 without a process and without a bus around it: the test
 * turns its clock, holds the other ends of its connections, and plays host 2,
 * which has a wire of its own and may say whatever it likes. Included by one
 * test program each, so everything is static.
 */
#ifndef TESTS_UNIT_RELAY_FIXTURE_H
#define TESTS_UNIT_RELAY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/log.h"
#include "shared/records.h"
#include "worker/relay/bus.h"
#include "worker/relay/relay.h"
#include "worker/relay/roster.h"
#include "worker/relay/window.h"
#include "worker/worker.h"

#define LEDGER 1
#define RELAY 2
#define FAR "tcp://far:7100"
#define OTHER "tcp://other:7100"
#define STORE 77

struct worker {
	struct config config;
	uint64_t now_ms, overflow;
	struct event_base *base;
};

struct bus {
	struct bus_figures figures;
	struct buffer frame; /* the last one */
	unsigned frames, closed;
	uint32_t closed_pipe;
};

struct bus_peer {
	void *about;
	bool is_asked, is_away;
	struct buffer question; /* the last one */
	unsigned questions, redials, rests;
	uint64_t distrust;
};

static struct worker worker;
static struct bus bus;
static struct relay relay;
static struct arena *arena;
static struct wire *far; /* of host 2 */
static bool has_journal; /* the end of ours is known */
static uint64_t journal_end;

const struct config *
worker_config(const struct worker *self)
{
	return &self->config;
}

uint64_t
worker_now_ms(const struct worker *self)
{
	return self->now_ms;
}

uint64_t
worker_overflow(const struct worker *self)
{
	return self->overflow;
}

uint32_t
worker_life(const struct worker *self)
{
	(void)self;
	return 1;
}

unsigned
worker_slot(const struct worker *self)
{
	(void)self;
	return RELAY;
}

struct event_base *
worker_base(const struct worker *self)
{
	return self->base;
}

bool
worker_offer(struct worker *self, unsigned to, struct letter *letter)
{
	(void)self;
	(void)to;
	(void)letter;
	return true;
}

void
worker_set_title(struct worker *self, const char *format, ...)
{
	(void)self;
	(void)format;
}

bool
relay_journal_end(const struct relay *self, unsigned ledger, uint64_t *end)
{
	(void)self;
	(void)ledger;
	*end = journal_end;
	return has_journal;
}

uint64_t
relay_store(const struct relay *self)
{
	(void)self;
	return STORE + 1;
}

struct bus_peer *
bus_add_peer(struct bus *self, const char *url, void *about)
{
	struct bus_peer *peer;

	(void)self;
	if (strncmp(url, "tcp://", 6) != 0)
		return NULL;
	peer = base_alloc_zeroed(1, sizeof(*peer));
	peer->about = about;
	return peer;
}

void
bus_remove_peer(struct bus_peer **gone)
{
	if (!*gone)
		return;
	buffer_fini(&(*gone)->question);
	free(*gone);
	*gone = NULL;
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
	peer->rests++;
}

void
bus_redial(struct bus_peer *peer)
{
	peer->redials++;
	if (!peer->is_asked)
		return;
	peer->is_asked = false;
	asking_take(&relay, peer, NULL);
}

void
bus_close_pipe(struct bus *self, uint32_t pipe)
{
	self->closed++;
	self->closed_pipe = pipe;
}

void
bus_pipe_address(
	struct bus *self, uint32_t pipe, char address[BUS_ADDRESS_BYTES])
{
	(void)self;
	snprintf(address, BUS_ADDRESS_BYTES, "192.0.2.1:%u", (unsigned)pipe);
}

unsigned
bus_send(struct bus *self, struct text frame)
{
	self->frames++;
	self->frame.length = 0;
	buffer_add_text(&self->frame, frame);
	return relay.pipe_count;
}

bool
bus_request(struct bus_peer *peer, struct text bytes)
{
	if (peer->is_asked || peer->is_away)
		return false;
	peer->is_asked = true;
	peer->questions++;
	peer->question.length = 0;
	buffer_add_text(&peer->question, bytes);
	return true;
}

bool
bus_is_asked(const struct bus_peer *peer)
{
	return peer->is_asked;
}

struct bus_figures
bus_figures(const struct bus *self)
{
	return self->figures;
}

static inline bool
offer_nothing(void *self, unsigned to, struct letter *letter)
{
	(void)self;
	(void)to;
	(void)letter;
	return true;
}

static inline void
send_nothing(void *self, unsigned to, struct letter *letter)
{
	offer_nothing(self, to, letter);
}

static inline struct wire *
wire_of(unsigned host, uint64_t epoch, const char *secret)
{
	return wire_new(&(struct wire_self){
		TEXT_LITERAL("confab"), text_of(secret), host, epoch });
}

#define SECRET "what all hosts know"

/* The lines of the configuration; NULL: no second one. */
static inline void
set_peers(char *first, char *second)
{
	static char *peers[2];

	peers[0] = first;
	peers[1] = second;
	worker.config.relay.peers = peers;
	worker.config.relay.peer_count = second ? 2 : first ? 1 : 0;
	peers_set(&relay);
}

static inline struct peer *
peer_at(const char *url)
{
	for (unsigned i = 0; i < relay.peer_count; i++)
		if (strcmp(relay.peers[i]->link.address, url) == 0)
			return relay.peers[i];
	fail_msg("no peer at %s", url);
	return NULL;
}

static inline void
fixture_open(void)
{
	static const struct arena_shape shape = {
		.slots = 3,
		.ring_bytes = 65536,
		.index_connections = 100,
		.index_rooms = 100,
		.roles = { ROLE_GATEWAY, ROLE_LEDGER, ROLE_RELAY },
	};
	struct roster_setting setting = {
		.config = &worker.config,
		.slot = RELAY,
		.life = 1,
		.office = { offer_nothing, send_nothing, NULL, NULL },
		.say = outlet_say,
		.self = &relay,
	};

	must(log_open("/dev/null", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT) == 0);
	worker = (struct worker){ .now_ms = 1000000,
		.config.data_dir = "/nonexistent",
		.base = event_base_new() };
	bus = (struct bus){ 0 };
	has_journal = false;
	journal_end = 0;
	arena = arena_create(&shape);
	relay = (struct relay){ .worker = &worker,
		.arena = arena,
		.row = arena_row(arena, RELAY),
		.links = arena_links(arena),
		.host = 1,
		.epoch = 1001,
		.ledgers = 1,
		.first_ledger = LEDGER,
		.bus = &bus,
		.wire = wire_of(1, 1001, SECRET),
		.window = window_new(1 << 20),
		.titled = UINT32_MAX };
	relay.before = base_alloc_zeroed(LINKS_MAX, sizeof(*relay.before));
	relay.office = (struct hauler_office){ .offer = offer_nothing,
		.self = &relay,
		.ledgers = 1,
		.letter_max = 8192 };
	inflow_init(&relay);
	stock_init(&relay.stock, relay.ledgers);
	outlet_init(&relay);
	setting.arena = arena;
	relay.roster = roster_new(&setting);
	far = wire_of(2, 2002, SECRET);
	set_peers((char *)(uintptr_t)FAR, NULL);
}

static inline void
fixture_close(void)
{
	peers_fini(&relay);
	roster_free(&relay.roster);
	wire_free(&relay.wire);
	wire_free(&far);
	window_free(&relay.window);
	outlet_fini(&relay);
	event_base_free(worker.base);
	buffer_fini(&relay.question);
	buffer_fini(&relay.scratch);
	buffer_fini(&relay.page);
	buffer_fini(&relay.told);
	stock_fini(&relay.stock);
	buffer_fini(&bus.frame);
	free(relay.before);
	arena_free(&arena);
}

/* The last question as the other side reads it; borrowed. */
static inline struct wire_frame
asked(const struct peer *peer)
{
	struct wire_frame frame = { 0 };

	wire_open_request(far, buffer_text(&peer->bus->question), &frame);
	return frame;
}

/* Any answer to the question that is open, or to one with another count. */
static inline void
answer_as(struct wire *who, struct peer *peer, enum wire_kind kind,
	uint64_t count, struct buffer *frame)
{
	struct text bytes;

	wire_seal(who, kind, 1, count, frame);
	bytes = buffer_text(frame);
	peer->bus->is_asked = false;
	asking_take(&relay, peer->bus, &bytes);
}

static inline struct wire_helloed
helloed_of(const struct peer *peer)
{
	const struct wire_frame question = asked(peer);
	struct unpack in = unpack_of(question.body);
	struct wire_hello hello = { 0 };

	wire_hello_unpack(&in, &hello);
	return (struct wire_helloed){ hello.nonce, STORE, 1, 1 };
}

static inline void
say_hello(
	struct wire *who, struct peer *peer, const struct wire_helloed *helloed)
{
	const struct wire_frame question = asked(peer);
	struct buffer frame = { 0 };

	wire_begin(&frame);
	wire_helloed_pack(&frame, helloed);
	answer_as(who, peer, WIRE_HELLOED, question.count, &frame);
	buffer_fini(&frame);
}

static inline void
no_answer(struct peer *peer)
{
	peer->bus->is_asked = false;
	asking_take(&relay, peer->bus, NULL);
}

static inline void
after(uint64_t ms)
{
	worker.now_ms += ms;
	peers_tick(&relay, worker.now_ms);
}

static inline bool
hear(struct wire *who, uint32_t pipe, enum wire_kind kind, struct buffer *frame)
{
	bool is_good;

	wire_seal(who, kind, 0, 0, frame);
	is_good = taking_frame(&relay, pipe, buffer_text(frame));
	buffer_fini(frame);
	return is_good;
}

static inline bool
hear_beat(struct wire *who, uint32_t pipe, uint64_t live_head)
{
	const struct wire_beat beat = { .unix_ms = 1, .live_head = live_head };
	struct buffer frame = { 0 };

	wire_begin(&frame);
	wire_beat_pack(&frame, &beat);
	return hear(who, pipe, WIRE_BEAT, &frame);
}

/* Host 2 is up, and was dialed by pipe 5. */
static inline struct peer *
meet(void)
{
	struct peer *peer = peer_at(FAR);
	struct wire_helloed helloed;

	taking_pipe(&relay, 5, peer->bus, true);
	after(0);
	helloed = helloed_of(peer);
	say_hello(far, peer, &helloed);
	assert_true(hear_beat(far, 5, 0));
	assert_int_equal(peer->link.state, LINK_UP);
	return peer;
}

static inline uint64_t
counted(enum counter counter)
{
	return row_read(relay.row, counter);
}

static inline int
set_up(void **state)
{
	(void)state;
	fixture_open();
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	fixture_close();
	return 0;
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
