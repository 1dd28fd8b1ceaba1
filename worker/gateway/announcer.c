#include "worker/gateway/announcer.h"

#include <stdlib.h>

#include <event2/event.h>

#include "shared/base.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/entry.h"
#include "worker/gateway/envoy.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

/* How soon a full ring is tried again. */
#define RETRY_US 1000

/* Somebody who asks, and how far he has been told. */
struct asking {
	bool is_asking, has_begun;
	uint64_t life;
	uint32_t next_place;
};

struct announcer {
	struct event *retry;
	struct asking ledgers[LEDGERS_MAX];
	struct asking relay;
};

/* Nothing to do: the turn that follows goes on. */
static void
on_retry(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	(void)self;
}

struct announcer *
announcer_new(struct event_base *base)
{
	struct announcer *announcer = base_alloc_zeroed(1, sizeof(*announcer));

	announcer->retry = evtimer_new(base, on_retry, NULL);
	must(announcer->retry != NULL);
	return announcer;
}

void
announcer_free(struct announcer **announcer)
{
	if (!*announcer)
		return;
	event_free((*announcer)->retry);
	free(*announcer);
	*announcer = NULL;
}

void
announcer_start(struct gateway *gateway, unsigned slot, uint64_t life)
{
	struct announcer *announcer = gateway->announcer;
	const struct asking asking = { .is_asking = true, .life = life };
	int ledger = ledgers_of_slot(&gateway->edge, slot);

	if (ledger >= 0)
		announcer->ledgers[ledger] = asking;
	else if (slot == edge_relay(&gateway->edge))
		announcer->relay = asking;
}

void
announcer_start_all(struct gateway *gateway)
{
	struct announcer *announcer = gateway->announcer;

	for (unsigned i = 0; i < ledgers_count(&gateway->edge); i++) {
		announcer->ledgers[i].is_asking = true;
		announcer->ledgers[i].next_place = 0;
	}
}

static bool
is_attended_by(const struct session *session, unsigned ledger)
{
	return session->is_attended && !session->is_entering &&
	       ledgers_of_inbox(&session->gateway->edge,
		       session_tenant(session),
		       session_user(session)) == ledger;
}

/* Tells of one session's rooms in the shard; false: no room now. */
static bool
announce_session(const struct session *session, unsigned ledger)
{
	struct membership *membership;

	if (is_attended_by(session, ledger) && !entry_announce_inbox(session))
		return false;
	LL_FOREACH(session->memberships, membership)
	{
		unsigned keeper = ledgers_of_room(&session->gateway->edge,
			session_tenant(session), room_name(membership->room));

		if (membership->state == MEMBERSHIP_ACTIVE &&
			membership->flags & JOIN_PRESENCE && keeper == ledger &&
			!entry_announce(membership))
			return false;
	}
	return true;
}

/* True when the ledger has heard everything. */
static bool
announce_to(struct gateway *gateway, unsigned ledger, uint32_t *place,
	uint64_t life)
{
	for (; *place < gateway->seated_capacity; ++*place) {
		const struct session *session = gateway->seated[*place];

		if (session && !announce_session(session, ledger))
			return false;
	}
	announced_pack(edge_letter(&gateway->edge, LETTER_ANNOUNCED),
		&(struct announced){ .life = life });
	return ledgers_offer(&gateway->edge, ledger) == OFFER_TAKEN;
}

/* The same of the relay, which is told of all sessions. */
static bool
announce_to_relay(struct gateway *gateway, struct asking *asking)
{
	if (!asking->has_begun)
		asking->has_begun = envoy_announce_begin(gateway, asking->life);
	if (!asking->has_begun)
		return false;
	for (; asking->next_place < gateway->seated_end; asking->next_place++) {
		const struct session *session =
			gateway->seated[asking->next_place];

		if (session && !envoy_announce(session))
			return false;
	}
	return envoy_announce_end(gateway, asking->life);
}

void
announcer_go_on(struct gateway *gateway)
{
	const struct timeval soon = { .tv_usec = RETRY_US };
	struct announcer *announcer = gateway->announcer;
	bool is_asking = false;

	if (announcer->relay.is_asking)
		announcer->relay.is_asking =
			!announce_to_relay(gateway, &announcer->relay);
	is_asking = announcer->relay.is_asking;
	for (unsigned i = 0; i < ledgers_count(&gateway->edge); i++) {
		if (!announcer->ledgers[i].is_asking)
			continue;
		announcer->ledgers[i].is_asking = !announce_to(gateway, i,
			&announcer->ledgers[i].next_place,
			announcer->ledgers[i].life);
		is_asking |= announcer->ledgers[i].is_asking;
	}
	if (is_asking)
		event_add(announcer->retry, &soon);
}
