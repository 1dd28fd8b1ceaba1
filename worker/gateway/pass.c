#include "worker/gateway/pass.h"

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/records.h"
#include "worker/gateway/fanout.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/ledgers.h"

static void
send_to(struct gateway *gateway, unsigned slot, const struct message *message)
{
	if (slot == gateway->slot) {
		fanout_message(gateway, message);
		return;
	}
	message_pack(ledgers_letter(gateway, LETTER_DELIVER), message);
	gateway->office.send(
		gateway->office.self, slot, letter_end(&gateway->letter));
}

uint64_t
pass_on(struct gateway *gateway, struct message *message)
{
	unsigned first = arena_role_first(gateway->arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(gateway->arena, ROLE_GATEWAY);
	uint64_t reached = 0;

	gateway->last_id_time =
		message_next_time(gateway->last_id_time, clock_unix_ms());
	message->id_time = gateway->last_id_time;
	message->id_origin = message_origin(
		(unsigned)gateway->config->host_id, gateway->slot);
	for (unsigned slot = first; slot < first + count; slot++) {
		if (!index_has_room(gateway->arena, slot, message->tenant,
			    message->stream))
			continue;
		reached += index_room_connections(
			gateway->arena, slot, message->tenant, message->stream);
		send_to(gateway, slot, message);
	}
	return reached;
}
