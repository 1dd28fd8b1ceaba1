#include "worker/gateway/client.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/gateway/admission.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/guestbook.h"
#include "worker/gateway/login.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/traffic.h"
#include "worker/gateway/visitor.h"

static struct session *
session_of_lane(struct lane *lane)
{
	return (struct session *)lane;
}

void
client_start(struct gateway *gateway, const struct profile *profile,
	const struct visitor *visitor)
{
	struct session *session = base_alloc_zeroed(1, sizeof(*session));
	const struct listener *listener =
		&gateway->config->listeners[visitor->listener];

	session->gateway = gateway;
	session->profile = profile;
	session->heartbeat_ms = (uint32_t)listener->heartbeat_seconds;
	session->login_policy = (uint8_t)listener->login_policy;
	session->since_ms = gateway->lanes->now_ms;
	session->port = admission_address(session->address, &visitor->peer);
	admission_pass(session);
	guestbook_arrive(session);
	lane_start(&session->lane, gateway->lanes, visitor->fd, visitor->tls);
	if (profile->on_open)
		profile->on_open(session, visitor->query);
	lane_feed(&session->lane, visitor->early);
}

static void
on_text(struct lane *lane, struct text text)
{
	struct session *session = session_of_lane(lane);

	row_count(session->gateway->row, COUNTER_REQUESTS, 1);
	session_take(session, text);
}

/* Nothing that was asked is answered any more, and the user goes. */
static void
part(struct session *session)
{
	struct pending *pending, *next;

	DL_FOREACH_SAFE(session->pendings, pending, next)
	{
		pending_free(session->gateway->pendings, &pending);
	}
	while (session->memberships)
		talk_lose(session->memberships);
	login_undo(session);
}

/* A login, and what belongs to it, has been done as far as its client knows. */
static bool
is_entering(const struct pending *pending)
{
	switch (pending->kind) {
	case PENDING_LOGIN:
	case PENDING_JOIN:
	case PENDING_JOIN_SINCE:
	case PENDING_JOIN_AGAIN:
	case PENDING_MISSED:
	case PENDING_ENROL:
		return true;
	default:
		return false;
	}
}

static void
answer_pending(struct session *session)
{
	const struct answer done = { .kind = ANSWER_DONE };
	struct pending *pending;

	DL_FOREACH(session->pendings, pending)
	{
		if (pending->draft)
			continue;
		if (is_entering(pending))
			session_answer(session, pending_tag(pending), &done);
		else
			session_refuse(session, pending_tag(pending),
				CODE_UNAVAILABLE,
				"this user has logged in again");
	}
}

void
client_give_way(struct session *session)
{
	session->is_replaced = true;
	answer_pending(session);
	part(session);
}

static void
on_end(struct lane *lane, uint16_t code, const char *why)
{
	struct session *session = session_of_lane(lane);

	if (session->profile->on_end)
		session->profile->on_end(session);
	session->is_ending = true;
	guestbook_leave(session, code, why);
	traffic_end(session);
	session_stop_waiting(session);
	part(session);
}

static void
on_dead(struct lane *lane)
{
	struct session *session = session_of_lane(lane);

	admission_end(session);
	free(session->note);
	free(session);
}

static void
on_behind(struct lane *lane, uint64_t dropped)
{
	traffic_behind(session_of_lane(lane), dropped);
}

static struct lane_style
style(const struct lane *lane)
{
	const struct session *session = (const struct session *)lane;
	const struct config *config = session->gateway->config;
	const struct profile *profile = session->profile;
	struct lane_style style = profile->style;

	if (style.ping_ms == 0 && !profile->never_pings)
		style.ping_ms = (uint64_t)config->ping_seconds;
	style.idle_ms = style.beats ? session->heartbeat_ms
				    : (uint64_t)config->idle_seconds;
	if (style.message_bytes_max == 0)
		style.message_bytes_max = (size_t)config->max_message_bytes;
	return style;
}

static uint16_t
close_code(const struct lane *lane, enum close_why why)
{
	const struct session *session = (const struct session *)lane;

	return session->profile->close_codes[why];
}

const struct lane_hooks client_hooks = {
	.on_text = on_text,
	.on_end = on_end,
	.on_dead = on_dead,
	.on_behind = on_behind,
	.style = style,
	.close_code = close_code,
};
