#include "worker/gateway/permits.h"

#include "shared/base.h"
#include "shared/config.h"
#include "shared/scoreboard.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/* Nobody has a token yet, and who comes by a WebSocket is no backend. */
static const struct {
	const char *needs_token, *needs_backend;
} sentences[PERMIT_COUNT] = {
	[PERMIT_SAY] = {
		"it takes a token that allows it to say something in this room",
		"only backends may say something in this room",
	},
	[PERMIT_READ] = {
		"it takes a token that allows it to read this room",
		"only backends may read this room",
	},
	[PERMIT_JOIN] = {
		"it takes a token that allows it to join this room",
		"only backends may join this room",
	},
};

static enum who_may
who_may(const struct room_class *class, enum permit what)
{
	const int by_permit[PERMIT_COUNT] = {
		[PERMIT_SAY] = class->say,
		[PERMIT_READ] = class->read,
		[PERMIT_JOIN] = class->join,
	};

	return (enum who_may)by_permit[what];
}

static const char *
why_not(enum who_may who, enum permit what, bool is_member)
{
	switch (who) {
	case MAY_ANYONE:
		return NULL;
	case MAY_MEMBERS:
		return is_member ? NULL : TALK_NOT_A_MEMBER;
	case MAY_TOKEN:
		return sentences[what].needs_token;
	case MAY_API:
		return sentences[what].needs_backend;
	}
	must(!"somebody may");
	return NULL;
}

const char *
permits_why_not(const struct session *session, struct text room,
	enum permit what, bool is_member)
{
	const struct gateway *gateway = session->gateway;
	const struct room_class *class =
		config_room_class(gateway->config, room);
	const char *sentence = why_not(who_may(class, what), what, is_member);

	if (!sentence && bouncer_bars_from(session, room))
		return "you are banned from this room";
	if (sentence)
		row_count(gateway->row, COUNTER_REFUSED_PERMISSION, 1);
	return sentence;
}
