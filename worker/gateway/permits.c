#include "worker/gateway/permits.h"

#include "shared/base.h"
#include "shared/config.h"
#include "shared/scoreboard.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/grant.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/* Who comes by a WebSocket is no backend. */
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
		return NULL; /* that has been asked */
	case MAY_API:
		return sentences[what].needs_backend;
	}
	must(!"somebody may");
	return NULL;
}

/* Does its token, if it came with one, allow this room? Who is in it already
 * may stay there, since a backend may have put him in. Where the class wants a
 * token, the room must stand in it. */
static bool
token_allows(const struct session *session, struct text room, enum who_may who,
	bool is_member)
{
	const struct grant *grant = session->grant;

	if (who == MAY_TOKEN)
		return grant && grant->has_rooms && grant_has_room(grant, room);
	return !grant || is_member || grant_has_room(grant, room);
}

static const char *
find_fault(const struct session *session, struct text room, enum who_may who,
	enum permit what, bool is_member)
{
	if (what == PERMIT_SAY && !permits_saying(session))
		return PERMITS_NO_SAYING;
	if (!token_allows(session, room, who, is_member))
		return sentences[what].needs_token;
	return why_not(who, what, is_member);
}

bool
permits_saying(const struct session *session)
{
	return !session->grant || session->grant->may_say;
}

const char *
permits_why_not(const struct session *session, struct text room,
	enum permit what, bool is_member)
{
	const struct gateway *gateway = session->gateway;
	const struct room_class *class =
		config_room_class(gateway->config, room);
	const char *sentence = find_fault(
		session, room, who_may(class, what), what, is_member);

	if (!sentence && bouncer_bars_from(session, room))
		return "you are banned from this room";
	if (sentence)
		row_count(gateway->row, COUNTER_REFUSED_PERMISSION, 1);
	return sentence;
}
