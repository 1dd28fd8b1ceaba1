#include "worker/gateway/evictions.h"

#include "shared/bans.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/index.h"
#include "shared/scoreboard.h"
#include "worker/edge/entries.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

static const struct text everything = { "", 0 };

static void
count_closed(const struct session *session)
{
	row_count(session->gateway->row, COUNTER_CLOSED_BANNED, 1);
}

static void
send_out(struct session *session, const struct ban *ban)
{
	const struct kick kick = {
		.room = ban->room, .why = KICK_BANNED, .reason = ban->reason
	};

	if (!asking_membership(session, ban->room))
		return;
	count_closed(session);
	talk_send_out(session, &kick);
}

/* Who is about to log in is told when he would be let in. */
static void
throw_out(struct session *session, const struct ban *ban)
{
	const struct kick kick = { .why = KICK_BANNED, .reason = ban->reason };

	if (session->is_entering) {
		session->kick_why = KICK_BANNED;
		return;
	}
	count_closed(session);
	kick_out(session, &kick);
}

static void
act(struct session *session, const struct ban *ban)
{
	if (session->lane.state != LANE_OPEN)
		return;
	if (ban->room.length > 0)
		send_out(session, ban);
	else
		throw_out(session, ban);
}

/* His connections are found in the index, since users are banned by the dozen,
 * and who may be one of many. */
static void
take_user(struct gateway *gateway, const struct ban *ban)
{
	struct buffer sessions = { 0 };
	struct session *const *found;
	size_t count;
	const struct index_entry *entries = entries_of_user(
		&gateway->edge, gateway->slot, ban->tenant, ban->name, &count);

	for (size_t i = 0; i < count; i++)
		buffer_add(&sessions, &gateway->seated[entries[i].place],
			sizeof(*found));
	found = (struct session *const *)(void *)sessions.data;
	for (size_t i = 0; i < count; i++)
		if (found[i])
			act(found[i], ban);
	buffer_fini(&sessions);
}

/* Who is closed stays in the list until the turn is settled. */
static void
take_others(struct gateway *gateway, const struct ban *ban)
{
	struct lane *lane, *next;

	for (lane = gateway->lanes->all; lane; lane = next) {
		struct session *session = (struct session *)lane;
		const struct ban_subject subject = bouncer_subject(session);

		next = lane->next;
		if (ban_concerns(ban, &subject))
			act(session, ban);
	}
}

/* Out of one room, if there is one that he is banned from; true: so he is, and
 * has to be looked at again. */
static bool
leave_one(struct session *session, const struct ban_subject *subject)
{
	struct membership *membership;

	LL_FOREACH(session->memberships, membership)
	{
		struct ban_entry found;
		struct ban ban;

		if (membership->unwanted ||
			!bans_find(session->gateway->arena, subject,
				room_name(membership->room), &found))
			continue;
		ban = ban_of_entry(&found);
		send_out(session, &ban);
		return true;
	}
	return false;
}

static void
look(struct session *session)
{
	const struct ban_subject subject = bouncer_subject(session);
	struct ban_entry found;
	struct ban ban;

	if (session->lane.state != LANE_OPEN)
		return;
	if (bans_find(session->gateway->arena, &subject, everything, &found)) {
		ban = ban_of_entry(&found);
		throw_out(session, &ban);
		return;
	}
	while (leave_one(session, &subject))
		continue;
}

static void
look_at_all(struct gateway *gateway)
{
	struct lane *lane, *next;

	for (lane = gateway->lanes->all; lane; lane = next) {
		next = lane->next;
		look((struct session *)lane);
	}
}

void
evictions_take(struct gateway *gateway, const struct ban *ban)
{
	if (ban->what == BAN_LOOK)
		look_at_all(gateway);
	else if (ban->kind == BAN_USER && ban->tenant.length > 0)
		take_user(gateway, ban);
	else
		take_others(gateway, ban);
}
