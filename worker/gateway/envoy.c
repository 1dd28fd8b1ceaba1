#include "worker/gateway/envoy.h"

#include "shared/base.h"
#include "shared/index.h"
#include "shared/records.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

/* A process that goes takes all with it. */
static bool
is_needed(const struct gateway *gateway)
{
	return edge_relay(&gateway->edge) != EDGE_NO_SLOT &&
	       !gateway->is_stopping;
}

static void
send(struct gateway *gateway)
{
	edge_send(&gateway->edge, edge_relay(&gateway->edge));
}

static bool
offer(struct gateway *gateway)
{
	struct edge *edge = &gateway->edge;

	return edge->office.offer(
		edge->office.self, edge_relay(edge), letter_end(&edge->letter));
}

static void
pack_arrival(const struct session *session, enum letter_kind kind)
{
	struct gateway *gateway = session->gateway;
	struct index_entry entry;

	must(index_read(gateway->arena, gateway->slot, session->place, &entry));
	arrival_pack(edge_letter(&gateway->edge, kind),
		&(struct arrival){
			.connection = session_connection(session),
			.secret = entry.secret,
			.tenant = session_tenant(session),
			.user = session_user(session),
			.platform = entry.platform,
			.since = entry.since_ms,
			.address = { (const char *)entry.address,
				sizeof(entry.address) },
			.port = entry.port,
			.order = entry.order,
		});
}

void
envoy_arrive(const struct session *session)
{
	if (!is_needed(session->gateway))
		return;
	pack_arrival(session, LETTER_ARRIVE);
	send(session->gateway);
}

void
envoy_depart(const struct session *session)
{
	if (!is_needed(session->gateway) || session->is_entering)
		return;
	pack_arrival(session, LETTER_DEPART);
	send(session->gateway);
}

static void
send_join(const struct membership *membership)
{
	const struct session *session = membership->session;

	join_pack(edge_letter(&session->gateway->edge, LETTER_JOIN),
		&(struct join){
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = room_name(membership->room),
			.user = session_user(session),
			.platform = session->platform,
			.since = membership->since_ms,
			.info = session_info(session),
			.flags = membership->flags,
		});
	send(session->gateway);
}

void
envoy_join(const struct membership *membership)
{
	if (is_needed(membership->session->gateway))
		send_join(membership);
}

void
envoy_leave(const struct membership *membership, bool is_lost)
{
	const struct session *session = membership->session;

	if (!is_needed(session->gateway) ||
		membership->state != MEMBERSHIP_ACTIVE)
		return;
	leave_pack(edge_letter(&session->gateway->edge, LETTER_LEAVE),
		&(struct leave){
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = room_name(membership->room),
			.user = session_user(session),
			.platform = session->platform,
			.lost = is_lost,
			.info = session_info(session),
		});
	send(session->gateway);
}

static bool
offer_announced(struct gateway *gateway, uint64_t life, bool begins)
{
	announced_pack(edge_letter(&gateway->edge, LETTER_ANNOUNCED),
		&(struct announced){ .life = life, .begins = begins });
	return offer(gateway);
}

bool
envoy_announce_begin(struct gateway *gateway, uint64_t life)
{
	return offer_announced(gateway, life, true);
}

/* The rooms of one session may wait outside; those of the next one then wait
 * here. */
bool
envoy_announce(const struct session *session)
{
	struct membership *membership;

	if (session->is_entering)
		return true;
	pack_arrival(session, LETTER_ARRIVE);
	if (!offer(session->gateway))
		return false;
	LL_FOREACH(session->memberships, membership)
	{
		if (membership->state == MEMBERSHIP_ACTIVE)
			send_join(membership);
	}
	return true;
}

bool
envoy_announce_end(struct gateway *gateway, uint64_t life)
{
	return offer_announced(gateway, life, false);
}
