/*
 * What this host asks the others, one question at a time for each: who are you,
 * first and again every few seconds, which also tells how far the clocks are
 * apart; then what is missing of the live stream, who is there, and what is
 * missing of the journals, in turn.
 */
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/hash.h"
#include "shared/log.h"
#include "worker/relay/bus.h"
#include "worker/relay/relay.h"
#include "worker/relay/roster.h"
#include "worker/worker.h"

/* Between two greetings of one that is met, and of one that is not. */
#define GREET_AGAIN_MS 5000
#define GREET_RETRY_MS 500

/* Of one that does not know itself yet. */
#define GREET_SOON_MS 100

/* So long a question may be open of whom another life is heard already. */
#define DEAD_MS 300ULL

/* Of one that is refused, or is we ourselves. */
#define GREET_REFUSED_MS 5000

static void
ask(struct peer *peer, struct question *question, unsigned to)
{
	struct relay *relay = peer->relay;
	struct buffer *frame = &relay->question;

	question->count = wire_seal(relay->wire, question->kind, to, 0, frame);
	question->asked_us = clock_us();
	question->is_open = bus_request(peer->bus, buffer_text(frame));
	if (!question->is_open)
		return;
	peer->open = *question;
	peer->link.bytes_out += frame->length;
	row_count(relay->row, COUNTER_BUS_BYTES_OUT, (int64_t)frame->length);
}

/* False: it cannot be reached now. */
static bool
greet(struct peer *peer)
{
	struct question question = { .kind = WIRE_HELLO };
	struct wire_hello hello;

	hash_random(&question.nonce, sizeof(question.nonce));
	hello.nonce = question.nonce;
	wire_begin(&peer->relay->question);
	wire_hello_pack(&peer->relay->question, &hello);
	ask(peer, &question, 0);
	if (question.is_open)
		peer->greeted_ms = worker_now_ms(peer->relay->worker);
	if (question.is_open && peer->link.state == LINK_DOWN)
		peers_become(peer, LINK_GREETING, peer->link.reason);
	return question.is_open;
}

static void
ask_pull(struct peer *peer, struct question *question,
	const struct wire_pull *pull)
{
	question->kind = WIRE_PULL;
	wire_begin(&peer->relay->question);
	wire_pull_pack(&peer->relay->question, pull);
	ask(peer, question, peer->host);
}

static void
pull(struct peer *peer, struct question *question)
{
	const struct wire_pull pull = {
		.what = question->what,
		.ledger = question->ledger,
		.from_position = question->from.position,
		.from_index = question->from.index,
		.bytes = ANSWER_BYTES,
	};

	ask_pull(peer, question, &pull);
}

static void
pull_archive(struct peer *peer)
{
	struct question question = { .what = WIRE_PULL_ARCHIVE };
	struct wire_pull pull;

	refill_pull(peer, &pull);
	question.ledger = (unsigned)pull.ledger;
	question.from = (struct point){ pull.from_position, pull.from_index };
	ask_pull(peer, &question, &pull);
}

static void
pull_live(struct peer *peer)
{
	struct question question = {
		.what = WIRE_PULL_LIVE,
		.from = { peer->live_from, 0 },
		.epoch = peer->epoch,
	};

	pull(peer, &question);
	peer->live_is_wanted = !question.is_open;
}

static void
pull_journal(struct peer *peer)
{
	struct question question = { .what = WIRE_PULL_JOURNAL,
		.epoch = peer->store };
	unsigned ledger = peer->last_ledger;

	do
		ledger = (ledger + 1) % LEDGERS_MAX;
	while (!(peer->journals_wanted & 1U << ledger));
	question.ledger = ledger;
	question.from = peer->wanted_from[ledger];
	pull(peer, &question);
	if (!question.is_open)
		return;
	peer->last_ledger = ledger;
	peer->journals_wanted &= ~(1U << ledger);
}

static void
ask_for_page(struct peer *peer)
{
	struct question question = { .kind = WIRE_SNAPSHOT_WANTED,
		.epoch = peer->snapshots };
	const struct wire_snapshot_wanted wanted = { peer->page_after };

	wire_begin(&peer->relay->question);
	wire_snapshot_wanted_pack(&peer->relay->question, &wanted);
	ask(peer, &question, peer->host);
}

void
asking_go_on(struct peer *peer)
{
	uint64_t now_ms = worker_now_ms(peer->relay->worker);

	if (peer->open.is_open || bus_is_asked(peer->bus))
		return;
	if (now_ms >= peer->greet_ms) {
		peer->greet_ms = now_ms + GREET_RETRY_MS;
		if (greet(peer))
			return;
		peer->greet_ms = now_ms + GREET_SOON_MS;
	}
	if (!peer->is_greeted)
		return;
	if (peer->live_is_wanted)
		pull_live(peer);
	else if (peer->snapshot == SNAPSHOT_PAGES &&
		 !inflow_is_crowded(peer->relay))
		ask_for_page(peer);
	else if (peer->journals_wanted)
		pull_journal(peer);
	else if (refill_wants(peer))
		pull_archive(peer);
}

/* Who died with a question of ours does not answer it any more. */
static bool
has_waited(const struct peer *peer)
{
	return clock_us() > peer->open.asked_us + DEAD_MS * 1000;
}

void
asking_greet(struct peer *peer)
{
	uint64_t soon_ms = MAX_OF(worker_now_ms(peer->relay->worker),
		peer->greeted_ms + GREET_RETRY_MS);

	if (peer->link.state == LINK_SELF)
		return;
	peer->greet_ms = MIN_OF(peer->greet_ms, soon_ms);
}

void
asking_doubt(struct peer *peer)
{
	asking_greet(peer);
	if (!peer->open.is_open || !has_waited(peer))
		return;
	peer->rests = false;
	bus_redial(peer->bus);
}

void
asking_forget(struct peer *peer)
{
	peer->journals_wanted = 0;
	peer->live_is_wanted = false;
	peer->snapshot = SNAPSHOT_NONE;
}

/* Half of the way there and back is the best guess of when they looked. */
static void
note_clock(struct peer *peer, const struct question *question,
	const struct wire_helloed *helloed)
{
	uint64_t round_us = clock_us() - question->asked_us;
	int64_t then_ms = (int64_t)(clock_unix_ms() - round_us / 2000);

	peer->link.round_trip_us = round_us;
	peer->link.clock_offset_ms = (int64_t)helloed->unix_ms - then_ms;
}

/* Is another line of the configuration the same host, or a host with the same
 * number? */
static bool
is_other(struct peer *peer, const struct wire_frame *frame)
{
	struct peer *other = peers_of_host(peer->relay, frame->host);

	if (!other || other == peer ||
		(other->link.state != LINK_UP &&
			other->link.state != LINK_SUSPECT))
		return false;
	peer->link.host = frame->host;
	if (other->epoch == frame->epoch)
		peers_become(peer, LINK_REFUSED, LINK_TWICE);
	else
		peers_refuse(peer, WIRE_SAME_HOST);
	return true;
}

static void
take_hello(struct peer *peer, const struct question *question,
	const struct wire_frame *frame)
{
	uint64_t now_ms = worker_now_ms(peer->relay->worker);
	struct wire_helloed helloed;

	peer->greet_ms = now_ms + GREET_REFUSED_MS;
	if (is_other(peer, frame))
		return;
	if (!wire_believe(
		    peer->relay->wire, frame, question->nonce, &helloed)) {
		peers_refuse(peer, WIRE_NOT_ASKED);
		return;
	}
	peer->greet_ms = now_ms + GREET_SOON_MS;
	if (helloed.store == 0)
		return;
	peer->greet_ms = now_ms + GREET_AGAIN_MS;
	note_clock(peer, question, &helloed);
	peers_meet(peer, frame, &helloed);
}

static void
take_pulled(struct peer *peer, const struct question *question,
	const struct wire_frame *frame)
{
	static const enum piece_state states[] = {
		[WIRE_PULL_SOME] = PIECE_SOME,
		[WIRE_PULL_END] = PIECE_END,
		[WIRE_PULL_GONE] = PIECE_GONE,
		[WIRE_PULL_LATER] = PIECE_BAD,
	};
	struct unpack in = unpack_of(frame->body);
	struct wire_pulled pulled;
	struct piece piece;

	if (!wire_pulled_unpack(&in, &pulled) ||
		pulled.status >= ARRAY_LEN(states) ||
		pulled.what != question->what ||
		pulled.ledger != question->ledger) {
		peers_refuse(peer, WIRE_NOT_OURS);
		return;
	}
	piece = (struct piece){
		.from = question->from,
		.to = { pulled.to_position, pulled.to_index },
		.first = { pulled.first_position, pulled.first_index },
		.items = pulled.items,
		.clock = pulled.clock,
	};
	if (question->what == WIRE_PULL_LIVE)
		inflow_live_answer(peer, states[pulled.status], &piece);
	else if (question->what == WIRE_PULL_ARCHIVE)
		refill_answer(peer, states[pulled.status], &piece);
	else if (question->ledger < peer->ledgers)
		hauler_answer(peer->haulers[question->ledger], question->epoch,
			states[pulled.status], &piece);
}

static void
take_page(struct peer *peer, const struct question *question,
	const struct wire_frame *frame)
{
	struct unpack in = unpack_of(frame->body);
	struct wire_snapshot page;

	if (peer->snapshot != SNAPSHOT_PAGES ||
		question->epoch != peer->snapshots)
		return;
	if (frame->kind != WIRE_SNAPSHOT || !wire_snapshot_unpack(&in, &page) ||
		page.items.length > PAGE_BYTES_MAX ||
		(page.next != 0 && page.next <= peer->page_after)) {
		peers_refuse(peer, WIRE_NOT_OURS);
		peer->snapshot = SNAPSHOT_DUE;
		return;
	}
	if (page.next == WIRE_SNAPSHOT_LATER) {
		peer->snapshot = SNAPSHOT_DUE;
		return;
	}
	if (!roster_snapshot(peer->relay->roster, peer->host, page.number,
		    page.items, page.next == 0)) {
		peer->snapshot = SNAPSHOT_DUE;
		return;
	}
	peer->page_after = page.next;
	if (page.next == 0)
		peer->snapshot = SNAPSHOT_DONE;
}

static void
take(struct peer *peer, const struct question *question,
	const struct wire_frame *frame)
{
	if (question->kind == WIRE_HELLO)
		take_hello(peer, question, frame);
	else if (frame->host != peer->host)
		peers_refuse(peer, WIRE_NOT_ASKED);
	else if (question->kind == WIRE_PULL && frame->kind == WIRE_PULLED)
		take_pulled(peer, question, frame);
	else if (question->kind == WIRE_SNAPSHOT_WANTED)
		take_page(peer, question, frame);
	else
		peers_refuse(peer, WIRE_NOT_OURS);
}

/* Who has said goodbye may be asked once more before he has gone. */
static void
fail(struct peer *peer)
{
	if (peer->link.state == LINK_GREETING && !peer->is_greeted)
		peers_become(peer, LINK_DOWN,
			peer->link.reason == LINK_SAID_BYE ? LINK_SAID_BYE
							   : LINK_NOT_REACHED);
}

static void
take_fault(struct peer *peer, enum wire_fault fault)
{
	uint64_t now_ms = worker_now_ms(peer->relay->worker);

	if (fault == WIRE_OWN_FRAME) {
		peer->greet_ms = now_ms + GREET_REFUSED_MS;
		bus_rest(peer->bus);
		peers_become(peer, LINK_SELF, LINK_OK);
	} else if (fault == WIRE_UNKNOWN_EPOCH) {
		peer->is_greeted = false;
		asking_greet(peer);
	} else if (fault != WIRE_OLD_COUNT) {
		peers_refuse(peer, fault);
		peer->greet_ms = now_ms + GREET_REFUSED_MS;
	}
}

void
asking_take(void *self, struct bus_peer *bus, const struct text *bytes)
{
	struct peer *peer = bus_peer_about(bus);
	struct question question = peer->open;
	struct wire_frame frame;
	enum wire_fault fault;

	(void)self;
	peer->open.is_open = false;
	if (!bytes) {
		fail(peer);
		return;
	}
	peer->link.bytes_in += bytes->length;
	row_count(
		peer->relay->row, COUNTER_BUS_BYTES_IN, (int64_t)bytes->length);
	fault = wire_open_answer(
		peer->relay->wire, *bytes, question.count, &frame);
	if (fault != WIRE_GOOD) {
		take_fault(peer, fault);
		return; /* or we would ask as fast as the network can */
	}
	take(peer, &question, &frame);
	asking_go_on(peer);
}
