#include "worker/gateway/losses.h"

#include "shared/letter.h"
#include "shared/message.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/fanout.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

#define KEEP_BYTES 16384

static void
write_lost(const struct profile *profile, struct buffer *out, const void *lost)
{
	if (profile->write_lost)
		profile->write_lost(out, lost);
}

static bool
is_meant(const struct loss *loss, const struct room *room)
{
	return loss->room.length == 0 ||
	       (text_equal(loss->tenant, room_tenant(room)) &&
		       text_equal(loss->room, room_name(room)));
}

static void
tell_rooms(struct gateway *gateway, unsigned ledger, const struct loss *loss)
{
	struct room *room, *next;

	HASH_ITER(hh, gateway->rooms->table, room, next)
	{
		const struct lost_push lost = {
			.room = room_name(room),
			.epoch = room->epoch,
			.offset = room->offset,
		};

		if (room->knows_offset && is_meant(loss, room) &&
			ledgers_of_room(&gateway->edge, room_tenant(room),
				room_name(room)) == ledger)
			fanout_push(gateway, room,
				&(struct room_push){
					.write = write_lost,
					.what = &lost,
				});
	}
}

static void
tell_inbox(struct session *session)
{
	struct buffer *payload = &session->gateway->payload;
	const struct lost_push lost = {
		.epoch = session->inbox_epoch,
		.offset = session->inbox_offset,
	};

	buffer_clear(payload, KEEP_BYTES);
	write_lost(session->profile, payload, &lost);
	if (payload->length > 0)
		session_send(session, buffer_text(payload));
}

static void
tell_inboxes(struct gateway *gateway, unsigned ledger)
{
	for (uint32_t i = 0; i < gateway->seated_end; i++) {
		struct session *session = gateway->seated[i];

		if (session && !session->is_entering &&
			ledgers_of_inbox(&gateway->edge,
				session_tenant(session),
				session_user(session)) == ledger)
			tell_inbox(session);
	}
}

bool
losses_tell(
	struct gateway *gateway, const struct letter *letter, struct unpack *in)
{
	int ledger = ledgers_of_slot(&gateway->edge, letter->from);
	struct loss loss;

	if (!loss_unpack(in, &loss) || ledger < 0)
		return false;
	tell_rooms(gateway, (unsigned)ledger, &loss);
	if (loss.room.length == 0)
		tell_inboxes(gateway, (unsigned)ledger);
	return true;
}
