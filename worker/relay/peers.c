/*
 * The other hosts. One is down until it has said who it is and is heard on the
 * bus; suspect when it is silent for a while; and when that goes on its pipes
 * are closed, it is dialed anew, and asked who it is again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "worker/relay/bus.h"
#include "worker/relay/feed.h"
#include "worker/relay/relay.h"
#include "worker/relay/roster.h"
#include "worker/worker.h"

/* One that is refused stays so while it goes on. */
#define REFUSED_MS 3000

/* Whose certificate is not believed for so long is refused. */
#define DISTRUST_MS 1000

struct peer *
peers_of_host(const struct relay *relay, unsigned host)
{
	for (unsigned i = 0; i < relay->peer_count && host != 0; i++)
		if (relay->peers[i]->host == host)
			return relay->peers[i];
	return NULL;
}

struct hauler *
peers_hauler(const struct relay *relay, unsigned host, unsigned ledger)
{
	const struct peer *peer = peers_of_host(relay, host);

	return peer && ledger < peer->ledgers ? peer->haulers[ledger] : NULL;
}

static bool
is_met(const struct peer *peer)
{
	return peer->link.state == LINK_UP || peer->link.state == LINK_SUSPECT;
}

unsigned
peers_up(const struct relay *relay)
{
	unsigned count = 0;

	for (unsigned i = 0; i < relay->peer_count; i++)
		count += is_met(relay->peers[i]);
	return count;
}

static void
log_state(const struct peer *peer)
{
	const struct link_report *link = &peer->link;
	const char *why = link_reason_words((enum link_reason)link->reason);

	if (link->state == LINK_UP)
		log_info("peer %u at %s is up", link->host, link->address);
	else if (link->state == LINK_REFUSED)
		log_error("peer at %s is refused: %s", link->address, why);
	else if (link->state == LINK_DOWN && link->host)
		log_warning("peer %u at %s is down: %s", link->host,
			link->address, why);
	else if (link->state == LINK_DOWN)
		log_info("peer at %s is down: %s", link->address, why);
	else if (link->state == LINK_SELF)
		log_info("peer at %s is this host", link->address);
}

/* Who is not met may be refused for another reason with each frame. */
static bool
is_news_of_refusal(struct peer *peer, enum link_reason reason)
{
	uint64_t now_ms = worker_now_ms(peer->relay->worker);

	if (peer->link.reason == reason || now_ms < peer->log_refusals_ms)
		return false;
	peer->log_refusals_ms = now_ms + LOG_AGAIN_MS;
	return true;
}

/* A peer that was up for a while and is only suspect is no news. */
static bool
is_news(struct peer *peer, enum link_state state, enum link_reason reason)
{
	if (peer->link.state == LINK_SUSPECT && state == LINK_UP)
		return false;
	if (is_met(peer))
		return true;
	if (state == LINK_REFUSED)
		return is_news_of_refusal(peer, reason);
	return state != LINK_DOWN || peer->link.reason != reason;
}

/* What was said since it was last heard may be missing. */
static uint64_t
silence_of(const struct peer *peer)
{
	uint64_t now_ms = worker_now_ms(peer->relay->worker);

	return now_ms - MIN_OF(now_ms, peer->heard_ms);
}

void
peers_become(struct peer *peer, enum link_state state, enum link_reason reason)
{
	bool was_met = is_met(peer), has_news = is_news(peer, state, reason);

	if (peer->link.state == state && peer->link.reason == reason)
		return;
	if (peer->link.state != state) {
		peer->since_ms = worker_now_ms(peer->relay->worker);
		peer->link.since_ms = clock_unix_ms();
	}
	peer->link.state = state;
	peer->link.reason = reason;
	if (!was_met && is_met(peer))
		peer->link.up_ms = clock_unix_ms();
	if (was_met && !is_met(peer)) {
		peer->link.down_ms = clock_unix_ms() - silence_of(peer);
		peer->is_greeted = false;
	}
	if (has_news)
		log_state(peer);
	row_set(peer->relay->row, COUNTER_PEERS_UP, peers_up(peer->relay));
}

static enum link_reason
reason_of(enum wire_fault fault)
{
	switch (fault) {
	case WIRE_OTHER_VERSION:
		return LINK_BAD_VERSION;
	case WIRE_OTHER_CLUSTER:
		return LINK_BAD_CLUSTER;
	case WIRE_BAD_SIGNATURE:
		return LINK_BAD_SECRET;
	case WIRE_SAME_HOST:
		return LINK_SAME_HOST;
	default:
		return LINK_BAD_FRAMES;
	}
}

/* Who is met stays so: anybody may damage a frame on its way. */
static void
refuse(struct peer *peer, uint64_t times, enum link_reason reason)
{
	peer->link.refused += times;
	row_count(peer->relay->row, COUNTER_BUS_REFUSED, (int64_t)times);
	peer->refused_ms = worker_now_ms(peer->relay->worker);
	if (!is_met(peer) && peer->link.state != LINK_SELF)
		peers_become(peer, LINK_REFUSED, reason);
}

void
peers_refuse(struct peer *peer, enum wire_fault fault)
{
	refuse(peer, 1, reason_of(fault));
}

/* No connection comes about where a certificate is not believed. Once is
 * nothing: a host that ends may break off what begins. */
static void
look_at_trust(struct peer *peer, uint64_t now_ms)
{
	uint64_t times = bus_peer_distrust(peer->bus) - peer->distrust;

	if (is_met(peer))
		peer->distrusted_ms = 0;
	if (times == 0)
		return;
	if (peer->distrusted_ms == 0)
		peer->distrusted_ms = now_ms;
	if (now_ms < peer->distrusted_ms + DISTRUST_MS)
		return;
	peer->distrust += times;
	refuse(peer, times, LINK_BAD_CERTIFICATE);
}

void
peers_heard(struct peer *peer, uint64_t now_ms)
{
	peer->heard_ms = now_ms;
	if (peer->is_greeted && peer->link.state != LINK_UP)
		peers_become(peer, LINK_UP, LINK_OK);
}

/* The host that was met here is none of ours any more. */
static void
forget_host(struct peer *peer)
{
	if (peer->host == 0)
		return;
	roster_forget(peer->relay->roster, peer->host);
	wire_forget(peer->relay->wire, peer->host);
	taking_close_pipes(peer->relay, peer->host);
	inflow_free(peer);
	refill_fini(&peer->refill);
	shelf_fini(&peer->shelf);
	asking_forget(peer);
	for (unsigned i = 0; i < LEDGERS_MAX; i++)
		feed_free(&peer->feeds[i]);
	peer->host = 0;
	peer->epoch = peer->store = 0;
	peer->is_greeted = false;
}

void
peers_meet(struct peer *peer, const struct wire_frame *frame,
	const struct wire_helloed *helloed)
{
	struct peer *other = peers_of_host(peer->relay, frame->host);
	bool is_same_life;

	if (helloed->ledgers < 1 || helloed->ledgers > LEDGERS_MAX) {
		peers_refuse(peer, WIRE_NOT_OURS);
		return;
	}
	if (other && other != peer)
		forget_host(other);
	if (peer->host != frame->host)
		forget_host(peer);
	is_same_life = peer->epoch == frame->epoch;
	if (is_same_life && peer->is_greeted && peer->store == helloed->store)
		return;
	peer->host = peer->link.host = frame->host;
	peer->epoch = peer->link.epoch = frame->epoch;
	peer->store = peer->link.store = helloed->store;
	peer->is_greeted = true;
	if (!is_met(peer))
		peers_become(peer, LINK_GREETING, LINK_OK);
	inflow_make(peer, (unsigned)helloed->ledgers);
	inflow_meet(peer, is_same_life);
}

void
peers_say_bye(struct peer *peer)
{
	roster_forget(peer->relay->roster, peer->host);
	wire_forget(peer->relay->wire, peer->host);
	asking_forget(peer);
	peer->live_is_open = false;
	peer->epoch = 0;
	peers_become(peer, LINK_DOWN, LINK_SAID_BYE);
}

/* Whatever was there between us may hang. */
static void
dial_again(struct peer *peer, uint64_t now_ms)
{
	bool was_met = is_met(peer);

	if (peer->host)
		taking_close_pipes(peer->relay, peer->host);
	peer->rests = false;
	peer->is_greeted = false;
	peer->greet_ms = now_ms;
	peers_become(peer, LINK_DOWN, was_met ? LINK_SILENT : LINK_NOT_REACHED);
	peer->heard_ms = now_ms;
	if (was_met)
		roster_lose(peer->relay->roster, peer->host, now_ms);
	bus_redial(peer->bus);
}

static void
look(struct peer *peer, uint64_t now_ms)
{
	uint64_t silent_ms =
		now_ms - MIN_OF(now_ms, MAX_OF(peer->heard_ms, peer->since_ms));

	look_at_trust(peer, now_ms);
	switch ((enum link_state)peer->link.state) {
	case LINK_UP:
		if (now_ms > peer->heard_ms + SUSPECT_MS)
			peers_become(peer, LINK_SUSPECT, LINK_SILENT);
		break;
	case LINK_SUSPECT:
		if (now_ms > peer->heard_ms + DOWN_MS)
			dial_again(peer, now_ms);
		break;
	case LINK_GREETING:
		if (peer->is_greeted && silent_ms > DOWN_MS)
			dial_again(peer, now_ms);
		break;
	case LINK_REFUSED:
		if (now_ms > peer->refused_ms + REFUSED_MS &&
			peer->link.reason != LINK_TWICE)
			peers_become(peer, LINK_DOWN,
				(enum link_reason)peer->link.reason);
		break;
	default:
		break;
	}
	asking_go_on(peer);
}

/* What relays before us told of hosts that have not come is forgotten then; if
 * they do not come at all, the roster waits no longer than is right. */
static void
settle(struct relay *relay)
{
	bool has_all = true;

	for (unsigned i = 0; i < relay->peer_count; i++) {
		const struct peer *peer = relay->peers[i];

		has_all &= peer->snapshot == SNAPSHOT_DONE ||
			   peer->link.state == LINK_SELF;
	}
	if (!has_all)
		return;
	relay->has_settled = true;
	roster_settle(relay->roster);
}

void
peers_tick(struct relay *relay, uint64_t now_ms)
{
	for (unsigned i = 0; i < relay->peer_count; i++)
		look(relay->peers[i], now_ms);
	if (!relay->has_settled)
		settle(relay);
}

static unsigned
free_place(const struct relay *relay)
{
	uint64_t taken = 0;
	unsigned place = 0;

	for (unsigned i = 0; i < relay->peer_count; i++)
		taken |= 1ULL << relay->peers[i]->place;
	while (taken & 1ULL << place)
		place++;
	return place;
}

/* Whom the life before us had met was away while nobody was here to meet him,
 * and ledgers ask for how long. */
static void
inherit(struct peer *peer)
{
	struct link_report *link = &peer->link;

	for (unsigned i = 0; i < LINKS_MAX; i++) {
		const struct link_report *old = &peer->relay->before[i];
		bool was_met =
			old->state == LINK_UP || old->state == LINK_SUSPECT;

		if (old->state == LINK_NONE ||
			strcmp(old->address, link->address) != 0)
			continue;
		link->host = old->host;
		link->store = old->store;
		link->clock_offset_ms = old->clock_offset_ms;
		link->up_ms = old->up_ms;
		link->reason = was_met ? LINK_SILENT : old->reason;
		link->down_ms =
			was_met ? clock_unix_ms() - DOWN_MS : old->down_ms;
	}
}

static void
add(struct relay *relay, const char *url)
{
	struct peer *peer;
	struct bus_peer *bus;

	if (relay->peer_count == RELAY_PEERS_MAX)
		return;
	peer = base_alloc_zeroed(1, sizeof(*peer));
	bus = bus_add_peer(relay->bus, url, peer);
	if (!bus) {
		free(peer);
		return;
	}
	peer->relay = relay;
	peer->bus = bus;
	peer->place = free_place(relay);
	peer->link.state = LINK_DOWN;
	peer->link.since_ms = clock_unix_ms();
	peer->since_ms = worker_now_ms(relay->worker);
	snprintf(peer->link.address, sizeof(peer->link.address), "%s", url);
	inherit(peer);
	relay->peers[relay->peer_count++] = peer;
}

static void
drop(struct relay *relay, unsigned index)
{
	static const struct link_report nobody;
	struct peer *peer = relay->peers[index];

	forget_host(peer);
	for (unsigned i = 0; i < relay->pipe_count; i++)
		if (relay->pipes[i].dialed == peer)
			relay->pipes[i].dialed = NULL;
	bus_remove_peer(&peer->bus);
	links_write(relay->links, peer->place, &nobody);
	relay->peers[index] = relay->peers[--relay->peer_count];
	free(peer);
}

static bool
is_wanted(const struct config_relay *config, const char *url)
{
	for (size_t i = 0; i < config->peer_count; i++)
		if (strcmp(config->peers[i], url) == 0)
			return true;
	return false;
}

static bool
is_there(const struct relay *relay, const char *url)
{
	for (unsigned i = 0; i < relay->peer_count; i++)
		if (strcmp(relay->peers[i]->link.address, url) == 0)
			return true;
	return false;
}

void
peers_set(struct relay *relay)
{
	const struct config_relay *config =
		&worker_config(relay->worker)->relay;

	for (unsigned i = relay->peer_count; i-- > 0;)
		if (!is_wanted(config, relay->peers[i]->link.address)) {
			log_info("peer at %s is no peer any more",
				relay->peers[i]->link.address);
			drop(relay, i);
		}
	for (size_t i = 0; i < config->peer_count; i++)
		if (!is_there(relay, config->peers[i]))
			add(relay, config->peers[i]);
}

void
peers_fini(struct relay *relay)
{
	for (unsigned i = 0; i < relay->peer_count; i++) {
		struct peer *peer = relay->peers[i];

		inflow_free(peer);
		refill_fini(&peer->refill);
		shelf_fini(&peer->shelf);
		for (unsigned k = 0; k < LEDGERS_MAX; k++)
			feed_free(&peer->feeds[k]);
		bus_remove_peer(&peer->bus);
		free(peer);
	}
	relay->peer_count = 0;
}
