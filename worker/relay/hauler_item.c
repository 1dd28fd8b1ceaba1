#include "worker/relay/hauler_item.h"

#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/stream.h"

/* Notes about no stream; the first ledger keeps them for all. */
#define OF_THE_FIRST (MESSAGE_BAN | MESSAGE_SYSTEM | MESSAGE_ENROL)

int
hauler_item_ledger(const struct haul_item *item, unsigned ledgers)
{
	struct unpack in = unpack_of(item->message);
	struct message message;

	if (ledgers == 1)
		return 0; /* which looks at it itself */
	if (!message_unpack(&in, &message) || message.flags & MESSAGE_HAUL)
		return -1;
	if (message.flags & OF_THE_FIRST)
		return 0;
	if ((message.kind != STREAM_ROOM && message.kind != STREAM_INBOX) ||
		message.tenant.length > TENANT_BYTES_MAX ||
		message.stream.length > ROOM_BYTES_MAX)
		return -1;
	return (int)stream_shard((unsigned)message.kind, message.tenant,
		message.stream, ledgers);
}

bool
hauler_item_strip(const struct haul_item *item, struct buffer *out)
{
	struct unpack in = unpack_of(item->message);
	struct haul_item smaller = *item;
	struct buffer packed = { 0 };
	struct message message;

	if (!message_unpack(&in, &message))
		return false;
	message.body = TEXT_LITERAL("");
	if (message.flags & MESSAGE_EDIT)
		message.flags ^= MESSAGE_EDIT | MESSAGE_DELETE;
	else if (!(message.flags & MESSAGE_DELETE))
		message.flags |= MESSAGE_DELETED;
	message_pack(&packed, &message);
	smaller.message = buffer_text(&packed);
	buffer_clear(out, packed.length);
	haul_item_pack(out, &smaller);
	buffer_fini(&packed);
	return true;
}
