#include "worker/gateway/receipts.h"

#include "shared/receipt.h"
#include "shared/records.h"
#include "shared/stream.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

/* Nobody waits for an answer. False: the ledger takes no more now. */
static bool
offer(const struct session *session, unsigned ledger, struct mark *mark)
{
	mark->connection = session_connection(session);
	mark->tenant = session_tenant(session);
	mark->user = session_user(session);
	mark_pack(edge_letter(&session->gateway->edge, LETTER_READ), mark);
	return ledgers_offer(&session->gateway->edge, ledger) == OFFER_TAKEN;
}

static void
note_inbox(struct session *session)
{
	char with[RECEIPT_BYTES_MAX];
	struct mark mark = {
		.kind = STREAM_INBOX,
		.stream = session_user(session),
		.with = receipt_with(with, session->platform),
		.offset = session->inbox_offset,
	};

	if (session->inbox_offset <= session->inbox_delivered)
		return;
	if (offer(session,
		    ledgers_of_inbox(&session->gateway->edge,
			    session_tenant(session), session_user(session)),
		    &mark))
		session->inbox_delivered = mark.offset;
}

void
receipts_note_room(struct session *session, struct text room, uint64_t offset)
{
	struct mark mark = {
		.kind = STREAM_ROOM,
		.stream = room,
		.offset = offset,
	};

	if (offset > 0)
		offer(session, asking_ledger(session, room), &mark);
}

/* What is only gathered yet has not been pushed. */
static void
note_membership(struct session *session, const struct membership *membership)
{
	const struct room *room = membership->room;

	if (membership->state == MEMBERSHIP_ACTIVE && !room->is_dirty &&
		room->knows_offset && room->offset > membership->read)
		receipts_note_room(session, room_name(room), room->offset);
}

void
receipts_note(struct session *session)
{
	const struct membership *membership = session->memberships;

	if (!session->identity || session->is_entering ||
		lane_waiting(&session->lane) > 0)
		return;
	note_inbox(session);
	for (; membership; membership = membership->next)
		note_membership(session, membership);
}
