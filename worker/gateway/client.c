#include "worker/gateway/client.h"

#include <stdlib.h>

#include "shared/base.h"
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

	session->gateway = gateway;
	session->profile = profile;
	session->since_ms = gateway->lanes->now_ms;
	session->port = admission_address(session->address, &visitor->peer);
	admission_pass(session);
	guestbook_arrive(session);
	lane_start(&session->lane, gateway->lanes, visitor->fd, visitor->tls);
	lane_feed(&session->lane, visitor->early);
}

static void
on_text(struct lane *lane, struct text text)
{
	struct session *session = session_of_lane(lane);

	row_count(session->gateway->row, COUNTER_REQUESTS, 1);
	session_take(session, text);
}

static void
on_end(struct lane *lane)
{
	struct session *session = session_of_lane(lane);
	struct pending *pending, *next;

	session->is_ending = true;
	guestbook_leave(session);
	traffic_end(session);
	session_stop_waiting(session);
	DL_FOREACH_SAFE(session->pendings, pending, next)
	{
		pending_free(session->gateway->pendings, &pending);
	}
	while (session->memberships)
		talk_lose(session->memberships);
	login_undo(session);
}

static void
on_dead(struct lane *lane)
{
	struct session *session = session_of_lane(lane);

	admission_end(session);
	free(session);
}

static void
on_behind(struct lane *lane, uint64_t dropped)
{
	traffic_behind(session_of_lane(lane), dropped);
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
	.close_code = close_code,
};
