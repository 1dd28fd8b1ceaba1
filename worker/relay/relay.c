/*
 * The relay: this host's side of the cluster.
 *
 * A turn: letters of gateways and ledgers, then what comes of them goes out,
 * together with what has been added to the journals. When there is nothing to
 * do the process sleeps, and a ledger that commits rings its bell (links.h).
 *
 * Nothing of this process survives it: where the journals of other hosts are
 * the ledgers know, and who is there the other hosts and the gateways.
 */
#include "worker/relay/relay.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/hash.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/ring.h"
#include "worker/relay/bus.h"
#include "worker/relay/roster.h"
#include "worker/relay/window.h"
#include "worker/worker.h"

/* Any record of a host with any limits fits into an answer; a question is
 * small, and anybody may send one. */
#define ANSWER_BYTES_MAX (40U << 20)
#define REQUEST_BYTES_MAX 4096
#define BUS_FRAME_BYTES_MAX (128U * 1024)
#define WAITING_BYTES_MAX (32U << 20)
#define REQUEST_MS 5000

/* A host says and asks something far more often. */
#define IDLE_MS 20000
#define GUESTS_MAX 128

/* While something is missing. */
#define REPAIR_MS 5

/* What was sent last needs so long to leave, and more where threads wait long
 * for their turn; who does not read is waited for no longer. */
#define END_MS 200
#define END_MS_MAX 2000

bool
relay_journal_end(const struct relay *relay, unsigned ledger, uint64_t *end)
{
	const struct row *row =
		arena_row(relay->arena, relay->first_ledger + ledger);

	if (atomic_load_explicit(&row->store, memory_order_acquire) == 0)
		return false;
	*end = atomic_load_explicit(&row->journal_end, memory_order_acquire);
	return true;
}

uint64_t
relay_store(const struct relay *relay)
{
	const struct row *row = arena_row(relay->arena, relay->first_ledger);

	return atomic_load_explicit(&row->store, memory_order_acquire);
}

static bool
offer_to_ledger(void *self, unsigned ledger, struct letter *letter)
{
	struct relay *relay = self;

	return worker_offer(
		relay->worker, relay->first_ledger + ledger, letter);
}

static bool
offer_letter(void *self, unsigned to, struct letter *letter)
{
	return worker_offer(self, to, letter);
}

static void
send_letter(void *self, unsigned to, struct letter *letter)
{
	worker_send(self, to, letter);
}

static void
each_hauler(struct relay *relay, unsigned ledger,
	void (*call)(struct hauler *hauler, unsigned ledger))
{
	for (unsigned i = 0; i < relay->peer_count; i++)
		for (unsigned k = 0; k < relay->peers[i]->ledgers; k++)
			call(relay->peers[i]->haulers[k], ledger);
}

/* Each life of a ledger tells where it is in the journals of other hosts. */
static void
ask_ledgers(struct relay *relay)
{
	const struct hauls_wanted wanted = { worker_life(relay->worker) };

	for (unsigned i = 0; i < relay->ledgers; i++) {
		if (!(relay->ledgers_to_ask & 1U << i))
			continue;
		letter_begin(&relay->scratch, LETTER_HAULS_WANTED);
		hauls_wanted_pack(&relay->scratch, &wanted);
		if (!offer_to_ledger(relay, i, letter_end(&relay->scratch)))
			continue;
		relay->ledgers_to_ask &= ~(1U << i);
		each_hauler(relay, i, hauler_asked);
	}
}

static void
ask_anew(void *self, unsigned ledger)
{
	struct relay *relay = self;

	relay->ledgers_to_ask |= 1U << ledger;
}

static void
take_place(struct relay *relay, const struct letter *letter)
{
	unsigned ledger = letter->from - relay->first_ledger;
	struct unpack in = letter_open(letter);
	struct haul_place place;
	struct hauler *hauler;
	struct peer *peer;

	if (ledger >= relay->ledgers || !haul_place_unpack(&in, &place) ||
		!worker_is_current(
			relay->worker, letter->from, letter->from_life))
		return;
	if (place.host == 0) {
		stock_told(&relay->stock, ledger);
		each_hauler(relay, ledger, hauler_told);
		return;
	}
	if (place.host > WIRE_HOST_MAX)
		return;
	stock_at(&relay->stock, ledger, &place);
	if (place.ledger >= LEDGERS_MAX) {
		peer = peers_of_host(relay, (unsigned)place.host);
		if (peer)
			refill_at(peer, ledger, &place);
		return;
	}
	hauler = peers_hauler(
		relay, (unsigned)place.host, (unsigned)place.ledger);
	if (hauler)
		hauler_at(hauler, ledger, &place);
}

static void
on_letter(void *self, const struct letter *letter)
{
	struct relay *relay = self;

	if (letter->kind == LETTER_HAUL_AT)
		take_place(relay, letter);
	else if (!shelf_take(relay, letter) && !refill_take(relay, letter) &&
		 !roster_on_letter(relay->roster, letter))
		row_count(relay->row, COUNTER_LETTERS_BAD, 1);
}

static void
open_once(struct relay *relay)
{
	if (relay->has_opened)
		return;
	relay->has_opened = true;
	roster_open(relay->roster);
}

static void
end_soon(struct relay *relay)
{
	const struct timeval delay = { .tv_usec = END_MS * 1000 };

	must(evtimer_add(relay->end, &delay) == 0);
}

static void
end(evutil_socket_t fd, short what, void *self)
{
	struct relay *relay = self;

	(void)fd;
	(void)what;
	if (clock_ms() < relay->end_by_ms && bus_has_waiting(relay->bus))
		end_soon(relay);
	else
		worker_end(relay->worker);
}

static void
on_turn(void *self)
{
	struct relay *relay = self;
	uint64_t now_ms = worker_now_ms(relay->worker);

	links_listen(relay->links, false);
	if (relay->is_stopping)
		return;
	open_once(relay);
	if (relay->ledgers_to_ask)
		ask_ledgers(relay);
	if (roster_on_turn(relay->roster))
		outlet_wake(relay, 1);
	if (inflow_turn(relay, now_ms))
		outlet_wake(relay, REPAIR_MS);
	outlet_turn(relay, now_ms);
}

static bool
may_sleep(void *self)
{
	struct relay *relay = self;

	if (relay->is_stopping)
		return true;
	links_listen(relay->links, !relay->out.is_paced);
	if (!outlet_has_news(relay))
		return true;
	links_listen(relay->links, false);
	return false;
}

static void
on_peer(void *self, unsigned slot, uint32_t life, bool is_alive)
{
	struct relay *relay = self;
	unsigned ledger = slot - relay->first_ledger;

	roster_on_peer(relay->roster, slot, life, is_alive);
	if (ledger >= relay->ledgers)
		return;
	each_hauler(relay, ledger, hauler_doubt);
	for (unsigned i = 0; i < relay->peer_count; i++)
		refill_doubt(relay->peers[i], ledger);
	if (is_alive)
		ask_anew(relay, ledger);
}

static void
on_tick(void *self, uint64_t now_ms)
{
	struct relay *relay = self;

	if (relay->is_stopping)
		return;
	roster_on_tick(relay->roster, now_ms);
	peers_tick(relay, now_ms);
	reports_write(relay, now_ms);
}

/* Do all others end before us, and is this our turn, or is it only this
 * process that is replaced? */
static bool
is_host_ending(const struct relay *relay)
{
	for (unsigned i = 0; i < relay->ledgers; i++) {
		const struct row *row =
			arena_row(relay->arena, relay->first_ledger + i);

		if (atomic_load(&row->pid) != 0)
			return false;
	}
	return true;
}

static void
stop(struct relay *relay)
{
	if (relay->is_stopping)
		return;
	relay->is_stopping = true;
	relay->end_by_ms = clock_ms() + END_MS_MAX;
	outlet_finish(relay, is_host_ending(relay));
	end_soon(relay);
}

static void
on_stop(void *self, enum worker_stop how)
{
	(void)how;
	stop(self);
}

static void
note_change(void *self, const struct config_change *change)
{
	bool *needs_life = self;

	if (text_has_prefix(text_of(change->name), TEXT_LITERAL("relay: ")) &&
		strcmp(change->name, "relay: peers") != 0)
		*needs_life = true;
}

static void
on_wish(void *self, struct text wish)
{
	struct relay *relay = self;

	roster_on_wish(relay->roster, wish);
}

/* What the links are made of is settled once for each life of this process. */
static void
on_reload(void *self)
{
	struct relay *relay = self;
	bool needs_life = false;

	config_compare(relay->made_with, worker_config(relay->worker),
		note_change, &needs_life);
	if (needs_life) {
		log_info("the links to other hosts begin anew");
		stop(relay);
		return;
	}
	peers_set(relay);
}

static struct text
content(const struct config *config, const char *path)
{
	const struct secret *secret =
		path[0] ? config_secret(config, path) : NULL;

	if (!secret)
		return (struct text){ "", 0 };
	return (struct text){ (const char *)secret->bytes, secret->length };
}

static int
open_bus(struct relay *relay)
{
	static const struct bus_hooks hooks = { taking_frame, answering_answer,
		asking_take, taking_pipe };
	const struct config *config = relay->made_with;
	const struct bus_options options = {
		.listen = config->relay.listen,
		.tls_cert = content(config, config->relay.tls_cert),
		.tls_key = content(config, config->relay.tls_key),
		.tls_ca = content(config, config->relay.tls_ca),
		.frame_bytes_max = BUS_FRAME_BYTES_MAX,
		.request_bytes_max = REQUEST_BYTES_MAX,
		.answer_bytes_max = ANSWER_BYTES_MAX,
		.waiting_bytes_max = WAITING_BYTES_MAX,
		.request_ms = REQUEST_MS,
		.pipes_max = GUESTS_MAX,
		.idle_ms = IDLE_MS,
	};
	const struct wire_self self = {
		.cluster = text_of(config->relay.cluster),
		.secret = content(config, config->relay.secret_file),
		.host = relay->host,
		.epoch = relay->epoch,
	};

	relay->wire = wire_new(&self);
	relay->bus =
		bus_new(worker_base(relay->worker), &options, &hooks, relay);
	return relay->bus ? 0 : -1;
}

static void
open_roster(struct relay *relay)
{
	const struct roster_setting setting = {
		.config = worker_config(relay->worker),
		.arena = relay->arena,
		.slot = worker_slot(relay->worker),
		.life = worker_life(relay->worker),
		.office = { offer_letter, send_letter, relay->worker, NULL },
		.say = outlet_say,
		.self = relay,
	};

	relay->roster = roster_new(&setting);
}

static void
relay_init(struct relay *relay, struct worker *worker)
{
	struct arena *arena = worker_arena(worker);
	const struct config *config = worker_config(worker);
	unsigned slot = worker_slot(worker);

	*relay = (struct relay){
		.worker = worker,
		.made_with = config_copy(config),
		.arena = arena,
		.row = worker_row(worker),
		.links = arena_links(arena),
		.host = (unsigned)config->host_id,
		.ledgers = arena_role_count(arena, ROLE_LEDGER),
		.first_ledger = arena_role_first(arena, ROLE_LEDGER),
		.titled = UINT32_MAX,
	};
	hash_random(&relay->epoch, sizeof(relay->epoch));
	relay->window = window_new((size_t)config->relay.repair_bytes);
	relay->office = (struct hauler_office){
		.offer = offer_to_ledger,
		.ask = ask_anew,
		.self = relay,
		.ledgers = relay->ledgers,
		.letter_max = ring_letter_max(arena_ring(arena, slot, slot)),
	};
	inflow_init(relay);
	stock_init(&relay->stock, relay->ledgers);
	relay->end = evtimer_new(worker_base(worker), end, relay);
	must(relay->end != NULL);
	relay->before = base_alloc_zeroed(LINKS_MAX, sizeof(*relay->before));
	for (unsigned i = 0; i < LINKS_MAX; i++)
		if (!links_read(relay->links, i, &relay->before[i]))
			relay->before[i].state = LINK_NONE;
	links_clear(relay->links);
}

static void
relay_fini(struct relay *relay)
{
	peers_fini(relay);
	bus_free(&relay->bus);
	wire_free(&relay->wire);
	roster_free(&relay->roster);
	window_free(&relay->window);
	outlet_fini(relay);
	stock_fini(&relay->stock);
	event_free(relay->end);
	config_free(&relay->made_with);
	free(relay->before);
	buffer_fini(&relay->question);
	buffer_fini(&relay->scratch);
	buffer_fini(&relay->page);
	buffer_fini(&relay->told);
}

int
relay_main(struct worker *worker)
{
	static const struct worker_hooks hooks = {
		.on_letter = on_letter,
		.on_turn = on_turn,
		.may_sleep = may_sleep,
		.on_peer = on_peer,
		.on_tick = on_tick,
		.on_stop = on_stop,
		.on_reload = on_reload,
		.on_wish = on_wish,
	};
	struct relay relay;
	int code = 1;

	relay_init(&relay, worker);
	if (open_bus(&relay) == 0) {
		outlet_init(&relay);
		open_roster(&relay);
		peers_set(&relay);
		worker_run(worker, &hooks, &relay);
		code = 0;
	}
	relay_fini(&relay);
	return code;
}
