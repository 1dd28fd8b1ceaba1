#include "worker/gateway/kick.h"

#include <stdio.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/letter.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/users.h"

#define PAYLOAD_KEEP_BYTES 65536

/* More than a close can tell; it is cut there. */
#define REASON_BYTES_MAX 256

/* By enum kick_why. */
static const struct way {
	enum close_why close;
	const char *reason;
} ways[] = {
	[KICK_NOT] = { CLOSE_WHY_KICKED, "" },
	[KICK_BY_OPERATOR] = { CLOSE_WHY_KICKED, "sent away" },
	[KICK_REPLACED] = { CLOSE_WHY_REPLACED,
		"this user has logged in again on this platform" },
	[KICK_REFUSED] = { CLOSE_WHY_REPLACED,
		"this user is logged in on this platform already" },
	[KICK_TOO_MANY] = { CLOSE_WHY_TOO_MANY,
		"this user has as many connections as one may have" },
	[KICK_EXPIRED] = { CLOSE_WHY_KICKED, "the token has expired" },
	[KICK_TAKEN_OUT] = { CLOSE_WHY_KICKED, "" },
	[KICK_TENANT_FULL] = { CLOSE_WHY_TOO_MANY,
		"this tenant has as many connections as it may have" },
	[KICK_BANNED] = { CLOSE_WHY_KICKED, "banned" },
};

static const struct way *
way_of(const struct kick *kick)
{
	return &ways[kick->why < ARRAY_LEN(ways) ? kick->why
						 : KICK_BY_OPERATOR];
}

const char *
kick_reason(enum kick_why why)
{
	must(why < ARRAY_LEN(ways));
	return ways[why].reason;
}

void
kick_send(struct gateway *gateway, unsigned slot, const struct kick *kick)
{
	if (slot == gateway->slot) {
		kick_take(gateway, kick);
		return;
	}
	kick_pack(edge_letter(&gateway->edge, LETTER_KICK), kick);
	edge_send(&gateway->edge, slot);
}

void
kick_take(struct gateway *gateway, const struct kick *kick)
{
	struct session *session = users_at(gateway, kick->place, kick->secret);

	if (!session)
		return;
	if (kick->room.length > 0)
		talk_send_out(session, kick);
	else if (session->is_entering && kick->why < ARRAY_LEN(ways))
		session->kick_why = (uint8_t)kick->why;
	else if (kick->why == KICK_REPLACED &&
		 session_gives_way_silently(session))
		gateway->give_way(session);
	else
		kick_out(session, kick);
}

/* He is taken out of the room as if he had left it. */
static void
tell_left(struct session *session, struct text room)
{
	const struct answer answer = { .kind = ANSWER_LEAVE, .room = room };

	session_tell_moved(session, &answer);
}

struct text
kick_tell(struct session *session, const struct kick *kick)
{
	struct buffer *payload = &session->gateway->payload;
	struct kick told = *kick;

	if (kick->why == KICK_TAKEN_OUT) {
		tell_left(session, kick->room);
		return told.reason;
	}
	if (told.reason.length == 0)
		told.reason = text_of(way_of(kick)->reason);
	if (session->profile->write_kick) {
		buffer_clear(payload, PAYLOAD_KEEP_BYTES);
		session->profile->write_kick(payload, &told);
		session_send(session, buffer_text(payload));
	}
	return told.reason;
}

void
kick_out(struct session *session, const struct kick *kick)
{
	const struct way *way = way_of(kick);
	struct text told = kick_tell(session, kick);
	char reason[REASON_BYTES_MAX + 1];

	session->is_sent_away = way->close == CLOSE_WHY_KICKED;
	snprintf(reason, sizeof(reason), "%.*s",
		(int)MIN_OF(told.length, REASON_BYTES_MAX), told.at);
	lane_close_why(&session->lane, way->close, reason);
}
