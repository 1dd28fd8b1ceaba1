#include "worker/gateway/asking.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/permits.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

struct membership *
asking_membership(struct session *session, struct text room)
{
	return membership_find(session,
		rooms_find(session->gateway, session_tenant(session), room));
}

unsigned
asking_ledger(const struct session *session, struct text room)
{
	return ledgers_of_room(
		&session->gateway->edge, session_tenant(session), room);
}

struct membership *
asking_active(struct session *session, struct text tag, struct text room,
	enum answer_code code)
{
	struct membership *membership = asking_membership(session, room);

	if (!membership) {
		session_refuse(session, tag, code, TALK_NOT_A_MEMBER);
		return NULL;
	}
	if (membership->state == MEMBERSHIP_JOINING) {
		session_keep(session, &membership->kept);
		return NULL;
	}
	return membership;
}

bool
asking_may(struct session *session, struct text tag,
	const struct conversation *of, enum permit what)
{
	struct membership *membership;
	const char *why_not;

	if (of->room.length == 0) {
		if (what != PERMIT_SAY || permits_saying(session))
			return true;
		session_refuse(session, tag, CODE_FORBIDDEN, PERMITS_NO_SAYING);
		return false;
	}
	membership = asking_membership(session, of->room);
	why_not = permits_why_not(session, of->room, what, membership != NULL);
	if (why_not) {
		session_refuse(session, tag, CODE_FORBIDDEN, why_not);
		return false;
	}
	if (membership && membership->state == MEMBERSHIP_JOINING) {
		session_keep(session, &membership->kept);
		return false;
	}
	return true;
}

unsigned
asking_kind(const struct conversation *of)
{
	return of->room.length > 0 ? STREAM_ROOM : STREAM_INBOX;
}

struct text
asking_stream(const struct session *session, const struct conversation *of)
{
	return of->room.length > 0 ? of->room : session_user(session);
}

unsigned
asking_keeper(const struct session *session, const struct conversation *of)
{
	if (of->room.length > 0)
		return asking_ledger(session, of->room);
	return ledgers_of_inbox(&session->gateway->edge,
		session_tenant(session), session_user(session));
}

bool
asking_offer(struct session *session, unsigned ledger, struct pending *pending)
{
	struct gateway *gateway = session->gateway;
	enum offer_result result = ledgers_offer(&gateway->edge, ledger);

	if (result == OFFER_TAKEN)
		return true;
	session_refuse(session, pending_tag(pending),
		result == OFFER_FULL ? CODE_UNAVAILABLE : CODE_TOO_MANY,
		result == OFFER_FULL ? ASKING_NOT_NOW : ASKING_TOO_BIG);
	pending_free(gateway->pendings, &pending);
	return false;
}

void
asking_keep(struct pending *pending, unsigned ledger)
{
	pending->question =
		ledgers_keep(&pending->session->gateway->edge, ledger);
}

void
asking_again(struct gateway *gateway, unsigned ledger)
{
	const struct pending *pending;
	uint32_t place = 0;

	while ((pending = pendings_next(gateway->pendings, &place)))
		if (pending->question)
			ledgers_ask_again(
				&gateway->edge, pending->question, ledger);
}
