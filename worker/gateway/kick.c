#include "worker/gateway/kick.h"

#include <stdio.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/ledgers.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"

#define PAYLOAD_KEEP_BYTES 65536

/* By enum kick_why. */
static const struct {
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
};

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
	kick_pack(ledgers_letter(gateway, LETTER_KICK), kick);
	gateway->office.send(
		gateway->office.self, slot, letter_end(&gateway->letter));
}

void
kick_take(struct gateway *gateway, const struct kick *kick)
{
	struct index_entry entry;
	struct session *session;

	if (kick->place >= gateway->seated_capacity)
		return;
	session = gateway->seated[kick->place];
	if (!session ||
		!index_read(gateway->arena, gateway->slot,
			(uint32_t)kick->place, &entry) ||
		entry.secret != kick->secret)
		return;
	if (session->is_entering && kick->why < ARRAY_LEN(ways))
		session->kick_why = (uint8_t)kick->why;
	else
		kick_out(session, kick);
}

void
kick_out(struct session *session, const struct kick *kick)
{
	struct buffer *payload = &session->gateway->payload;
	struct kick told = *kick;
	char reason[128];

	if (told.why >= ARRAY_LEN(ways))
		told.why = KICK_BY_OPERATOR;
	if (told.reason.length == 0)
		told.reason = text_of(ways[told.why].reason);
	if (session->profile->write_kick) {
		buffer_clear(payload, PAYLOAD_KEEP_BYTES);
		session->profile->write_kick(payload, &told);
		session_send(session, buffer_text(payload));
	}
	snprintf(reason, sizeof(reason), "%.*s", TEXT_ARGS(told.reason));
	lane_close_why(&session->lane, ways[told.why].close, reason);
}
